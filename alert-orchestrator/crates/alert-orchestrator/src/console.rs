//! What commands say on standard output: the summary of a round, one line per asset, for people and for `grep`.

use std::io::{self, Write};

use advisor_core::decision::Decision;
use advisor_core::time;
use jiff::tz::TimeZone;

use crate::evaluate::Evaluation;

/// Writes the summary of a round, with its times in `zone`.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_summary(out: &mut impl Write, evaluation: &Evaluation, zone: &TimeZone) -> io::Result<()> {
    if let Some(end) = evaluation.as_of {
        writeln!(out, "as of {}", time::shown(end, zone))?;
    }
    for advice in &evaluation.advice {
        let (asset, decision) = (&advice.asset, &advice.decision);
        write!(out, "{asset}: decision={}, wmax_usd={:.2}", decision.code(), decision.limit_usd())?;
        match (decision, decision.reason()) {
            (Decision::Withdraw { .. }, _) => match advice.wallet_breakdown().len() {
                1 => writeln!(out, " (1 wallet)")?,
                wallets => writeln!(out, " ({wallets} wallets)")?,
            },
            (_, reason) => writeln!(out, " [reason: {}]", reason.map(|reason| reason.message).unwrap_or_default())?,
        }
    }
    Ok(())
}
