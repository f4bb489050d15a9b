//! The `check` command: is everything in place? One line per thing, and an exit code.

use std::fmt;

use platform::process::Ended;
use serde::Serialize;
use trading_core::counts::counted;
use trading_io::market_store::{SeriesKey, StoreFault};

use super::{Call, Facts};
use crate::config::{Config, RuleFiles};
use crate::data::{self, Importable};
use crate::ready::Ready;

/// One thing that was looked at: what, whether it is in place, which is `None` for what is only to be known, and what
/// is to be said.
#[derive(Debug, Serialize)]
struct Looked {
    about: &'static str,
    is_ok: Option<bool>,
    text: String,
}

impl Looked {
    /// Of something that has to be in place.
    fn of(about: &'static str, text: Result<String, &anyhow::Error>) -> Self {
        Self { about, is_ok: Some(text.is_ok()), text: text.unwrap_or_else(|error| format!("{error:#}")) }
    }
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
    let mut looked = vec![one("configuration", Some(true), legible::full_path(call.origin.path))];
    looked.extend(config.answers.iter().map(|answer| one("configuration", None, answer.clone())));
    for ready in Ready::all(call.registry, &config.strategies, call.origin.folder())? {
        let (strategy, bars) = (ready.strategy, counted(ready.warm_up().defined, "bar"));
        let text = format!("{}, of kind {}, needs {bars} of {}", strategy.name, strategy.kind, strategy.timeframe);
        looked.push(one("strategy", Some(true), text));
    }
    let store = data::open(&config);
    let store_at = store.as_ref().map(|store| legible::full_path(store.path()));
    looked.push(Looked::of("market store", store_at));
    let mut keys = Vec::new();
    for path in &config.data.import {
        let found = Importable::at(path);
        let text = found
            .as_ref()
            .map(|found| format!("{}: {} of bars", legible::full_path(path), counted(found.files.len(), "file")));
        looked.push(Looked::of("data.import", text));
        let Ok(found) = found else { continue };
        looked.extend(found.passed_over(path).map(|text| one("data.import", None, text)));
        keys.extend(found.files.into_iter().map(|(key, _)| key));
    }
    // Without the store nothing is known of bars.
    match store.map(|store| store.keys()) {
        Ok(Ok(stored)) => {
            keys.extend(stored);
            looked.extend(bars(&config, &keys));
        }
        Ok(Err(error)) => looked.push(Looked::of("market store", Err(&error.into()))),
        Err(_) => {}
    }
    Ok(Facts(looked))
}

/// Whether what strategies trade is among `found`: what is stored, and what a run would import.
fn bars(config: &Config, found: &[SeriesKey]) -> Vec<Looked> {
    let mut looked: Vec<Looked> = Vec::new();
    for strategy in &config.strategies {
        for instrument in &strategy.instruments {
            let key = SeriesKey { instrument: instrument.clone(), timeframe: strategy.timeframe };
            let mut of_instrument = found.iter().filter(|found| found.instrument == *instrument);
            // Longer bars are made of shorter ones.
            let is_there = of_instrument.any(|found| found.timeframe <= key.timeframe);
            let text = if is_there {
                key.to_string()
            } else {
                StoreFault::NotStored { key, stored: found.to_vec() }.to_string()
            };
            if looked.iter().all(|other| other.text != text) {
                looked.push(Looked { about: "bars", is_ok: Some(is_there), text });
            }
        }
    }
    looked
}
