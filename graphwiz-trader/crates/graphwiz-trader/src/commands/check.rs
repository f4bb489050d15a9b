//! The `check` command: is everything in place? One line per thing, and an exit code.

use std::fmt;

use platform::process::Ended;
use serde::Serialize;
use trading_core::counts::counted;
use trading_core::time::Micros;
use trading_io::market_store::{MarketStore, SeriesKey, StoreFault};

use super::{Call, Facts};
use crate::config::strategies::Strategy;
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
        looked.extend(config.replaced_stop(strategy, ready.exits()).map(|text| one("strategy", None, text)));
    }
    let store = data::open(&config);
    let store_at = store.as_ref().map(|store| legible::full_path(store.path()));
    looked.push(Looked::of("market store", store_at));
    let mut importable = Vec::new();
    for path in &config.data.import {
        let found = Importable::at(path);
        let text = found
            .as_ref()
            .map(|found| format!("{}: {} of bars", legible::full_path(path), counted(found.files.len(), "file")));
        looked.push(Looked::of("data.import", text));
        let Ok(found) = found else { continue };
        looked.extend(found.passed_over(path).map(|text| one("data.import", None, text)));
        importable.extend(found.files.into_iter().map(|(key, _)| key));
    }
    // Without the store nothing is known of bars.
    if let Ok(store) = store {
        match store.keys() {
            Ok(stored) => looked.extend(bars(&config, &store, &stored, &importable)),
            Err(error) => looked.push(Looked::of("market store", Err(&error.into()))),
        }
    }
    Ok(Facts(looked))
}

/// Whether the bars that strategies trade can be read from the store, or are where a run would import them.
fn bars(config: &Config, store: &MarketStore, stored: &[SeriesKey], importable: &[SeriesKey]) -> Vec<Looked> {
    let now = jiff::Timestamp::now().as_microsecond();
    let mut keys: Vec<SeriesKey> = Vec::new();
    for Strategy { instruments, timeframe, .. } in &config.strategies {
        let wanted =
            instruments.iter().map(|instrument| SeriesKey { instrument: instrument.clone(), timeframe: *timeframe });
        keys.extend(wanted.filter(|key| !keys.contains(key)).collect::<Vec<_>>());
    }
    let look = |key: SeriesKey| {
        // Longer bars are made of shorter ones.
        let makes = |other: &SeriesKey| other.instrument == key.instrument && other.timeframe <= key.timeframe;
        let (text, name) = (key.to_string(), key.instrument.clone());
        let read = if stored.iter().any(makes) {
            store.series(&name, key.timeframe, Micros::MIN..Micros::MAX, now).map(drop).map_err(anyhow::Error::from)
        } else if importable.iter().any(makes) {
            Ok(())
        } else {
            Err(StoreFault::NotStored { key, stored: [importable, stored].concat() }.into())
        };
        Looked::of("bars", read.as_ref().map(|()| text))
    };
    keys.into_iter().map(look).collect()
}
