//! Withdrawal advisor for stablecoin supply positions on Liqwid.
//!
//! Start at [`app::run`]; the rule itself is `advisor_core`. From the command line down to the stores:
//!
//! * [`cli`], [`app`] and `commands`: what can be asked for, and what is done then, a file per command.
//! * `start`: what commands begin with; how the program ends is in `platform::process`.
//! * `serve`: the service: rounds on schedule, metrics, page and API.
//! * `round`: one evaluation of all assets, whoever asked for it; `sync` pulls transactions before it.
//! * `evaluate`, `prices` and `reference`: the answers of one round, the sources of prices, the marks of withdrawals.
//! * `console`, `decisions` and `explain`: what people and programs read of an evaluation.
//! * `meant`: which wallet or transaction is meant by the beginning of one.
//! * `told`: what the log says of a round, and of what it has said before.
//! * `journal`, [`charts`], `chart_files` and `cleanup`: what is kept of it, drawn, and deleted again; `clock`: by what time.
//! * `store` and `csv_folders`: the configured store, and the files that the embedded one is filled from.
//! * `backup`: what a backup holds, and where it belongs.
//! * [`config`], `plan` and `settings`: what shall be done; as the rule takes it; ready for use.
//! * `version`: which program this is.

mod address;
pub mod app;
mod backup;
mod chart_files;
pub mod charts;
mod cleanup;
pub mod cli;
mod clock;
mod commands;
pub mod config;
mod console;
mod csv_folders;
mod decisions;
mod evaluate;
mod explain;
mod found_prices;
mod journal;
mod meant;
mod plan;
mod points;
mod prices;
mod reference;
mod round;
mod serve;
mod settings;
mod start;
mod store;
mod sync;
mod told;
mod version;
