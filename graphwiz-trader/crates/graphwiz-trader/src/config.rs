//! What shall be traded, and how? The configuration: one definition of every key, checked as a whole before anything
//! runs.
//!
//! Start at [`load`]. The structs below are the definition: their fields are the keys, their documentation and ranges
//! become the JSON Schema ([`schema`]), by which the file is checked. What concerns several keys is checked in `cross`,
//! what only a kind of strategies or a rule file can say in `code`; what the engine needs of it is made in `effective`.
//! Over the file lie its environment, then a [`profile`], then what is set on the command line ([`setting`]).

pub mod backtesting;
mod code;
mod cross;
mod effective;
mod exits;
pub mod later;
pub mod number;
pub mod profile;
pub mod setting;
pub mod strategies;
pub mod trading;

use std::collections::BTreeMap;
use std::path::Path;

use platform::config::{Document, Entry, Fault, Faults, Format, Node, typed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trading_core::instrument::InstrumentId;

pub(crate) use cross::{PORTFOLIO, file_name, unfit_name};
pub(crate) use exits::target_within_stop;

pub use code::RuleFiles;

use backtesting::{Backtesting, Data, Gates};
use later::Later;
use setting::Setting;
use strategies::{Filters, Strategy};
use trading::{Risk, Trading};

use crate::kinds::Registry;

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What decides; left out, the strategies of the first run.
    #[serde(default = "strategies_of_first_run")]
    #[schemars(length(min = 1))]
    pub strategies: Vec<Strategy>,
    /// What fills cost, how much may be lost.
    #[serde(default)]
    pub trading: Trading,
    /// How large positions are, and how they end.
    #[serde(default)]
    pub risk: Risk,
    /// Steps and minima of instruments, by venue:BASE/QUOTE.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Filters>")]
    pub instruments: BTreeMap<InstrumentId, Filters>,
    /// How strategies are tried.
    #[serde(default)]
    pub backtesting: Backtesting,
    /// Where market data are kept.
    #[serde(default)]
    pub data: Data,
    /// What must be shown before money is at stake.
    #[serde(default)]
    pub gates: Gates,
    /// A version of the file's form: accepted, and without effect.
    #[serde(default, skip_serializing_if = "Later::is_unshown")]
    pub version: Later,
    /// A name for where the file is used: accepted, and without effect.
    #[serde(default, skip_serializing_if = "Later::is_unshown")]
    pub environment: Later,
    /// A switch of old files: accepted, and without effect.
    #[serde(default, skip_serializing_if = "Later::is_unshown")]
    pub debug: Later,
    /// A section of old files: accepted, and without effect.
    #[serde(default, skip_serializing_if = "Later::is_unshown")]
    pub development: Later,
    /// What the program has to say to its user about keys of later versions; no key.
    #[serde(skip)]
    pub answers: Vec<String>,
}

/// The formats of this configuration beside those of every service.
const FORMATS: &[Format] = &[Format {
    name: "instrument",
    expected: "an instrument as venue:BASE/QUOTE, for example binance:BTC/USDT",
    accepts: |text| text.parse::<InstrumentId>().is_ok(),
}];

/// The configuration of the first run, which also stands for strategies that a file leaves out.
const FIRST_RUN: &str = include_str!("../../../../config/graphwiz.yaml");

fn first_run() -> Result<Document, Faults> {
    Document::parse_named("the first run's configuration", FIRST_RUN, &|_| None)
}

fn strategies_of_first_run() -> Vec<Strategy> {
    first_run().ok().and_then(|document| document.root().at("strategies")?.read()).unwrap_or_default()
}

/// Where a configuration is, and what lies over it.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The file; rule files and profiles are relative to its folder.
    pub path: &'a Path,
    /// The name of a profile.
    pub profile: Option<&'a str>,
    /// Keys that are set on the command line.
    pub set: &'a [Setting],
}

impl<'a> Origin<'a> {
    /// The folder that rule files are relative to.
    pub(crate) fn folder(&self) -> &'a Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

/// The section of environments.
const ENVIRONMENTS: &str = "environments";

/// The variable that names an environment of the configuration.
pub(crate) const ENVIRONMENT: &str = "GRAPHWIZ_ENV";

/// The environment that is laid over the file, where one is named.
pub(crate) fn environment(env: Env<'_>) -> Option<String> {
    env(ENVIRONMENT).filter(|name| !name.is_empty())
}

/// Answers variables.
type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads and checks a configuration whose strategies are of these kinds, or in these rule files; `env` answers the
/// variables in its strings, `GRAPHWIZ_ENV` among them.
///
/// # Errors
/// Everything that is wrong with it, one line per fault: `file:line: key.path: what was found, expected what`.
pub fn load(origin: &Origin<'_>, code: (&Registry, RuleFiles<'_>), env: Env<'_>) -> Result<Config, Faults> {
    complete(Document::read(origin.path, env)?, origin, code, env)
}

/// As [`load`], with the text of the file given.
///
/// # Errors
/// As [`load`].
pub fn load_text(
    origin: &Origin<'_>,
    text: &str,
    code: (&Registry, RuleFiles<'_>),
    env: Env<'_>,
) -> Result<Config, Faults> {
    complete(Document::parse(origin.path, text, env)?, origin, code, env)
}

fn complete(
    mut file: Document,
    origin: &Origin<'_>,
    (registry, rule_files): (&Registry, RuleFiles<'_>),
    env: Env<'_>,
) -> Result<Config, Faults> {
    let is_advisors = ["client", "orchestrator"].iter().all(|section| file.root().at(section).is_some());
    if is_advisors {
        let text = "this is a configuration of the Alert Orchestrator, expected one of GraphWiz Trader";
        file.report([Fault::new(1, "", text)]);
        return typed(origin.path, file.finish()?);
    }
    if file.root().at("strategies").is_none() {
        file.lay_under(first_run()?);
    }
    let layers = layers(origin, env)?;
    let with = |environment: Option<&str>| {
        let mut document = file.clone();
        document.lay_over(ENVIRONMENTS, environment);
        layers.iter().for_each(|layer| document.lay_document_over(layer.clone()));
        document
    };
    let chosen = environment(env);
    let mut document = with(chosen.as_deref());
    let answers = later::answers(document.root());
    check(&mut document, origin, (registry, rule_files));

    // What is wrong with the other environments, too: else it would be found on the day that one of them is chosen.
    let names = file.root().at(ENVIRONMENTS).map_or(&[][..], Node::entries).iter().map(Entry::key);
    let of_other = |name: &str| {
        let mut other = with(Some(name));
        // Rule files may lie where the environment is used, and variables be set there.
        check(&mut other, origin, (registry, RuleFiles::Of(&[])));
        let is_told = |fault: &&Fault| fault.is_of_variable() || document.faults().contains(fault);
        let own = other.faults().iter().filter(|fault| !is_told(fault)).cloned();
        own.map(|fault| fault.within(&format!("environment {name}"))).collect::<Vec<_>>()
    };
    let faults: Vec<_> = names.filter(|name| Some(*name) != chosen.as_deref()).flat_map(of_other).collect();
    document.report(faults);
    let config: Config = typed(origin.path, document.finish()?)?;
    Ok(Config { answers, ..config })
}

/// What lies over a file and its environment, the lowest first.
fn layers(origin: &Origin<'_>, env: Env<'_>) -> Result<Vec<Document>, Faults> {
    let profile = origin.profile.map(|name| profile::read(name, origin.folder(), env));
    profile.into_iter().chain(origin.set.iter().map(|setting| setting.document(env))).collect()
}

/// Checks all of a document that everything was laid over.
fn check(document: &mut Document, origin: &Origin<'_>, code: (&Registry, RuleFiles<'_>)) {
    document.take_out(later::SECTIONS);
    document.check(&schema(), FORMATS);
    let misfits = [cross::faults(document.root()), code::faults(document.root(), code, origin.folder())].concat();
    document.report(misfits);
}

/// The JSON Schema of the configuration file.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Config).to_value()
}
