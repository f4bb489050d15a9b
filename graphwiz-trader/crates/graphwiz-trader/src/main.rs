//! Command line of the trader.

use std::process::ExitCode;

use graphwiz_trader::kinds::Registry;

fn main() -> ExitCode {
    graphwiz_trader::run_with(&Registry::built_in())
}
