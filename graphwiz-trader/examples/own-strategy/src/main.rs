//! GraphWiz Trader with one more kind of strategies: all its commands are here, and know it like those that come with
//! them.

mod breakout;

use std::process::ExitCode;

use graphwiz_trader::kinds::Registry;
use trading_core::rules::ExitsLayer;

use breakout::Breakout;

fn main() -> ExitCode {
    let mut registry = Registry::built_in();
    registry.register("breakout", &Breakout::PARAMETERS, ExitsLayer::stop_only(), |params| {
        match Breakout::new(params[0]) {
            Ok(strategy) => Ok(Box::new(strategy)),
            Err(error) => Err(error.to_string()),
        }
    });
    graphwiz_trader::run_with(&registry)
}
