//! The `check` command: is everything in place? One line per thing, and an exit code.

use std::fmt;

use platform::process::Ended;
use serde::Serialize;

use super::{Call, Facts};
use crate::config::RuleFiles;
use crate::data;
use crate::ready::Ready;

/// One thing that was looked at: what, whether it is in place, which is `None` for what is only to be known, and what
/// is to be said.
#[derive(Debug, Serialize)]
struct Looked {
    about: &'static str,
    is_ok: Option<bool>,
    text: String,
}

impl fmt::Display for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.is_ok {
            Some(true) => "ok  ",
            Some(false) => "FAIL",
            None => "note",
        };
        writeln!(f, "{word} {}: {}", self.about, self.text)
    }
}

/// Runs `check`; ends with faults where something is not in place.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn run(call: &Call<'_>) -> anyhow::Result<Ended> {
    let looked = looked(call)?;
    call.print(&looked)?;
    let is_sound = looked.0.iter().all(|one| one.is_ok != Some(false));
    Ok(if is_sound { Ended::Done } else { Ended::WithFaults })
}

fn looked(call: &Call<'_>) -> anyhow::Result<Facts<Looked>> {
    let one = |about, is_ok, text| Looked { about, is_ok, text };
    let config = match call.config(RuleFiles::All) {
        Ok(config) => config,
        Err(faults) => {
            let fault = |line: &str| one("configuration", Some(false), line.to_owned());
            return Ok(Facts(faults.to_string().lines().map(fault).collect()));
        }
    };
    let mut looked = vec![one("configuration", Some(true), call.origin.path.display().to_string())];
    looked.extend(config.answers.iter().map(|answer| one("configuration", None, answer.clone())));
    for ready in Ready::all(call.registry, &config.strategies, call.origin.folder())? {
        let (strategy, bars) = (ready.strategy, ready.warm_up().defined);
        let text = format!("{}, of kind {}, needs {bars} bars of {}", strategy.name, strategy.kind, strategy.timeframe);
        looked.push(one("strategy", Some(true), text));
    }
    looked.push(match data::open(&config) {
        Ok(store) => one("market store", Some(true), store.path().display().to_string()),
        Err(error) => one("market store", Some(false), format!("{error:#}")),
    });
    Ok(Facts(looked))
}
