//! Which command line gives a report again?
//!
//! Start at [`command`]. What changes no report is left out: where it goes, and what is logged.

use std::borrow::Cow;
use std::path::Path;

use platform::process;
use trading_core::time::shown;

use crate::cli::{BacktestArgs, CONFIG, CONFIG_VARIABLE, PROGRAM};
use crate::commands::Call;
use crate::config::{self, Config};

/// The command line, for a POSIX shell, that gives the report of this name again: with its environment, and with its
/// configuration where that is not in the default place.
pub(super) fn command(call: &Call<'_>, config: &Config, args: &BacktestArgs, name: &str) -> String {
    let mut line = Line(Vec::new());
    if let Some(environment) = config::environment(&process::environment) {
        line.0.push(format!("{}={}", config::ENVIRONMENT, quoted(&environment)));
    }
    line.0.extend([PROGRAM.name.to_owned(), "backtest".to_owned()]);
    // Where a variable names another configuration, also the default one has to be asked for.
    if call.origin.path != Path::new(CONFIG) || process::environment(CONFIG_VARIABLE).is_some() {
        line.flag("config", call.origin.path.display());
    }
    line.flags("profile", call.origin.profile);
    match (&args.strategy_file, args.portfolio) {
        (_, true) => {
            line.0.push("--portfolio".to_owned());
            line.flags("strategy", &args.strategy);
        }
        (Some(file), false) => line.flag("strategy-file", file.display()),
        (None, false) => line.flag("strategy", name),
    }
    line.flags("data", args.data.iter().map(|path| path.display()));
    line.flags("instrument", &args.instrument);
    line.flags("timeframe", args.timeframe);
    line.flags("from", args.from.map(shown));
    line.flags("to", args.to.map(shown));
    line.flags("set", &args.set);
    line.flags("emergency", args.emergency.map(|_| "continue"));
    line.flags("seed", args.seed.filter(|seed| *seed != config.backtesting.seed));
    line.0.join(" ")
}

/// The words of a command line.
struct Line(Vec<String>);

impl Line {
    fn flag(&mut self, name: &str, value: impl ToString) {
        let value = value.to_string();
        // Apart from its flag, a value that begins as a flag does would be taken for one.
        let between = if value.starts_with('-') { '=' } else { ' ' };
        self.0.push(format!("--{name}{between}{}", quoted(&value)));
    }

    fn flags(&mut self, name: &str, values: impl IntoIterator<Item = impl ToString>) {
        values.into_iter().for_each(|value| self.flag(name, value));
    }
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.into();
    }
    format!("'{}'", word.replace('\'', r"'\''")).into()
}
