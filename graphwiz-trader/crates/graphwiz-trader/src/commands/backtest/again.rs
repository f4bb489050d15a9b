//! Which command line gives a report again?
//!
//! Start at [`command`]. What changes no report is left out: where it goes, and what is logged.

use trading_core::time::shown;

use crate::cli::BacktestArgs;
use crate::commands::Call;
use crate::commands::line::Line;
use crate::trial::Trial;

/// The command line, for a POSIX shell, that gives the report of this trial again: with its environment, and with its
/// configuration where that is not in the default place.
pub(super) fn command(call: &Call<'_>, args: &BacktestArgs, trial: &Trial<'_>) -> String {
    let mut line = Line::begin(call, &["backtest"]);
    match (&args.strategy_file, args.portfolio) {
        (_, true) => {
            line.word("--portfolio");
            line.flags("strategy", &args.strategy);
        }
        (Some(file), false) => line.flag("strategy-file", file.display()),
        (None, false) => line.flag("strategy", trial.name),
    }
    line.flags("data", args.data.iter().map(|path| path.display()));
    line.flags("instrument", &args.instrument);
    line.flags("timeframe", args.timeframe);
    line.flags("from", args.from.map(shown));
    line.flags("to", args.to.map(shown));
    line.flags("set", &args.set);
    line.flags("emergency", args.emergency.map(|_| "continue"));
    line.flags("seed", args.seed.filter(|seed| *seed != trial.config.backtesting.seed));
    line.to_string()
}
