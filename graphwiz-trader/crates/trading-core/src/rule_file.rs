//! What does a rule file say? Strategies as text: parameters, expressions over bars and indicators, exits.
//!
//! Start at [`RuleFile::parse`]: any bytes in; a file, or at most 20 faults with their places, out. A file and the
//! values of its parameters make an [`Instance`], which tells warm-up and exits and makes [`Program`]s: one for each
//! instrument, and a new one after each gap.
//!
//! Method: YAML → words → trees → one list of nodes, equal ones once, in the order in which they are computed. Nothing
//! nests deeper than 64; a file has at most 64 KiB, 1000 nodes and 100 indicators, and looks back only. A bar costs
//! O(nodes).
//!
//! Elsewhere: what the indicators are is in [`crate::indicators`]; whether a strategy keeps its word, in
//! [`crate::strategy::checks`].
//! ```
//! use std::collections::BTreeMap;
//! use trading_core::{rule_file::RuleFile, time::Timeframe};
//! let text = "name: dip\nparams: { n: { default: 14, min: 5, max: 30, step: 1 } }\nenter: rsi($n) < 30\n";
//! let dip = RuleFile::parse("dip.yaml", text.as_bytes())?;
//! let instance = dip.instance(&BTreeMap::from([("n".to_owned(), 10.into())]), Timeframe::H1).unwrap();
//! assert_eq!(instance.warm_up().defined, 11);
//!
//! let faults = RuleFile::parse("dip.yaml", b"name: dip\nenter: rsi14 < 30\n").unwrap_err();
//! assert_eq!(faults.to_string(), "dip.yaml:2:8: unknown name rsi14; did you mean rsi(14)?");
//! # Ok::<(), trading_core::rule_file::Faults>(())
//! ```

mod compile;
mod computation;
mod exits;
mod fault;
mod frame;
mod graph;
mod lexer;
mod names;
mod parameters;
mod program;
mod reader;
mod sections;
pub mod shipped;
mod step;
mod syntax;
#[cfg(test)]
mod tests;
mod warm_up;
mod yaml;

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use fault::Found;
pub use fault::{Fault, Faults};
use graph::Op;
use names::Meaning;
pub use names::is_name;
pub use parameters::{Parameter, ParameterError, ParameterRange};
pub use program::Program;
pub use reader::has_leading_zero;
use sections::Draft;

use crate::rules::ExitsLayer;
use crate::strategy::WarmUp;
use crate::time::Timeframe;

/// The largest file, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// A rule file without a fault.
#[derive(Debug, Clone)]
pub struct RuleFile {
    /// Its name in faults.
    file: String,
    draft: Arc<Draft>,
}

/// A rule file with the values of its parameters, for bars of one timeframe.
#[derive(Debug, Clone)]
pub struct Instance {
    draft: Arc<Draft>,
    values: Vec<Decimal>,
    warm_up: WarmUp,
}

impl RuleFile {
    /// Reads a file; `file` is its name in faults.
    ///
    /// # Errors
    /// What is wrong with it, at most 20 things. Time and memory are linear in the text.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, Faults> {
        let one = |line, column, text| Faults { file: file.to_owned(), faults: vec![Fault { line, column, text }] };
        if bytes.len() > MAX_BYTES {
            return Err(one(1, 1, format!("the file has {} bytes, expected at most {MAX_BYTES}", bytes.len())));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let mut found = Found::new(std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default());
            found.add(error.valid_up_to(), || "not UTF-8".to_owned());
            found.into_faults(file)
        })?;
        let root = yaml::parse(text).map_err(|not_yaml| one(not_yaml.line, not_yaml.column, not_yaml.text))?;
        let draft = sections::read(text, &root).map_err(|found| found.into_faults(file))?;
        let read = Self { file: file.to_owned(), draft: Arc::new(draft) };
        let defaults: Vec<_> = read.draft.parameters.iter().map(|parameter| parameter.default).collect();
        let mut found = Found::new(text);
        for (requirement, error) in read.broken(&defaults) {
            found.add(requirement.at, || format!("the defaults break it: {error}"));
        }
        if found.is_empty() { Ok(read) } else { Err(found.into_faults(file)) }
    }

    /// `name`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.draft.name
    }

    /// `description`; empty where there is none.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.draft.description
    }

    /// `params`, in the order of the file: what a search may vary.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.draft.parameters
    }

    /// With the values of its parameters: what is `given`, else the defaults.
    ///
    /// # Errors
    /// A name that the file does not have, a value out of range, a combination that `require` forbids, or a frame that
    /// cannot be made of bars of `timeframe`.
    pub fn instance(
        &self,
        given: &BTreeMap<String, Decimal>,
        timeframe: Timeframe,
    ) -> Result<Instance, Vec<ParameterError>> {
        let values = parameters::values(&self.draft.parameters, given)?;
        let mut errors: Vec<_> = self.broken(&values).into_iter().map(|(_, error)| error).collect();
        errors.extend(self.too_fine(timeframe));
        if !errors.is_empty() {
            return Err(errors);
        }
        let draft = &self.draft;
        let roots: Vec<_> = [Some(draft.enter), draft.exit, draft.size, draft.limit].into_iter().flatten().collect();
        let numbers: Vec<_> = values.iter().copied().map(parameters::nearest).collect();
        let warm_up = warm_up::warm_up(&draft.graph, &roots, &numbers, &draft.frames, timeframe);
        Ok(Instance { draft: Arc::clone(draft), values, warm_up })
    }

    /// The frames that cannot be made of bars of `timeframe`.
    fn too_fine(&self, timeframe: Timeframe) -> impl Iterator<Item = ParameterError> {
        let frames = self.draft.frames.iter().zip(&self.draft.frame_places);
        let too_fine = frames.filter(move |(frame, _)| frame.micros() % timeframe.micros() != 0);
        too_fine.map(move |(&frame, &(line, column))| ParameterError::FrameTooFine {
            file: self.file.clone(),
            line,
            column,
            frame,
            timeframe,
        })
    }

    /// The rules of `require` that are not true of `values`.
    fn broken(&self, values: &[Decimal]) -> Vec<(&sections::Requirement, ParameterError)> {
        let numbers: Vec<_> = values.iter().copied().map(parameters::nearest).collect();
        let slots = program::constants(&self.draft.graph, &numbers);
        let is_broken = |requirement: &&sections::Requirement| slots.bool(requirement.rule) != Some(true);
        let error = |requirement| {
            let named = self.draft.parameters.iter().zip(values);
            let values: Vec<_> = named.map(|(parameter, value)| format!("{} {value}", parameter.name)).collect();
            let rule = sections::Requirement::clone(requirement).written;
            (requirement, ParameterError::Excluded { rule, values: values.join(", ") })
        };
        self.draft.require.iter().filter(is_broken).map(error).collect()
    }
}

impl Instance {
    /// The bars that its programs need.
    #[must_use]
    pub fn warm_up(&self) -> WarmUp {
        self.warm_up
    }

    /// The name and the value of each parameter, in the order of the file.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, Decimal)> {
        let names = self.draft.parameters.iter().map(|parameter| parameter.name.as_str());
        names.zip(self.values.iter().copied())
    }

    /// The names by which `exit` asks for what is held: where there are some, nobody knows it but a run.
    #[must_use]
    pub fn exit_asks(&self) -> Vec<&'static str> {
        let graph = &self.draft.graph;
        let is_needed = graph.needed(self.draft.exit.into_iter());
        let is_asked = |held| graph.ids().any(|id| is_needed[id.index()] && graph.node(id).op == Op::Held(held));
        let names = names::OTHERS.into_iter();
        names
            .filter(|(_, meaning)| matches!(*meaning, Meaning::Held(held) if is_asked(held)))
            .map(|(name, _)| name)
            .collect()
    }

    /// What the file says about exits.
    #[must_use]
    pub fn exits(&self) -> ExitsLayer {
        self.draft.exits.layer(&self.values)
    }

    /// A program before its first bar.
    #[must_use]
    pub fn program(&self) -> Program {
        Program::new(&self.draft, &self.values, self.warm_up)
    }
}
