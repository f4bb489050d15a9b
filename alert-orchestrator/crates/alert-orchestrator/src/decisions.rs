//! The decisions as other programs read them: what `--once --json` prints and `/api/decisions` answers.
//!
//! Every figure is copied out of the advice; what could not be computed is `null`.

use std::collections::BTreeMap;

use advisor_core::advice::{Advice, WalletFigures};
use advisor_core::decision::Reason;
use advisor_core::gate::Verdict;
use advisor_core::price_check::PriceFigures;
use advisor_core::reference::RefMode;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::evaluate::Evaluation;

/// The decision on one asset.
#[derive(Debug, Serialize)]
pub(crate) struct DecisionView<'a> {
    decision: i8,
    ref_mode: RefMode,
    wmax_usd: f64,
    wallet_breakdown: Vec<WalletView<'a>>,
    g_usd: Option<f64>,
    withdrawn_since_reference_usd: Option<f64>,
    residual_usd: Option<f64>,
    sigma_usd: Option<f64>,
    k_sigma: Option<f64>,
    residual_trigger: Option<u8>,
    gate_applied: bool,
    off_peg: Option<bool>,
    debug_plot_path: Option<&'a str>,
    t0_ts: Option<Timestamp>,
    t1_ts: Option<Timestamp>,
    prices_by_source: Option<BySource<'a>>,
    price_delta_abs: Option<f64>,
    price_delta_rel: Option<f64>,
    price_mismatch: Option<u8>,
    price_compare_unavailable: Option<u8>,
    reason: Option<Reason>,
}

#[derive(Debug, Serialize)]
struct WalletView<'a> {
    wallet_address: &'a str,
    abbreviated_address: String,
    wmax_usd: f64,
}

/// Every price by its source, in the order of the configuration; `null` for a source that gave none.
#[derive(Debug)]
struct BySource<'a>(&'a PriceFigures);

impl Serialize for BySource<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.all().map(|(source, price_usd)| (source.name(), price_usd)))
    }
}

/// The newest chart of each asset that has one.
pub(crate) type Plots = BTreeMap<String, String>;

/// The decisions of a round, by asset.
pub(crate) fn by_asset<'a>(evaluation: &'a Evaluation, plots: &'a Plots) -> BTreeMap<&'a str, DecisionView<'a>> {
    let plot = |advice: &Advice| plots.get(&advice.asset).map(String::as_str);
    evaluation.advice.iter().map(|advice| (advice.asset.as_str(), view(advice, plot(advice)))).collect()
}

fn view<'a>(advice: &'a Advice, debug_plot_path: Option<&'a str>) -> DecisionView<'a> {
    let (gate, prices) = (advice.gate.as_ref(), advice.prices.as_ref());
    DecisionView {
        decision: advice.decision.code(),
        ref_mode: advice.ref_mode,
        wmax_usd: advice.decision.limit_usd(),
        wallet_breakdown: advice.wallet_breakdown().iter().map(wallet_view).collect(),
        g_usd: advice.totals.map(|totals| totals.gain_usd),
        withdrawn_since_reference_usd: advice.totals.map(|totals| totals.untagged_usd),
        residual_usd: gate.and_then(|gate| gate.residual),
        sigma_usd: gate.and_then(|gate| gate.sigma),
        k_sigma: gate.map(|gate| gate.k_sigma),
        residual_trigger: gate.and_then(|gate| match gate.verdict {
            Verdict::Triggered => Some(1),
            Verdict::Quiet => Some(0),
            Verdict::Insufficient { .. } => None,
        }),
        gate_applied: advice.gate_applied,
        off_peg: advice.peg.map(|peg| peg.off_peg),
        debug_plot_path,
        t0_ts: advice.t0,
        t1_ts: advice.t1,
        prices_by_source: prices.map(BySource),
        price_delta_abs: prices.and_then(|prices| prices.delta_abs),
        price_delta_rel: prices.and_then(|prices| prices.delta_rel),
        price_mismatch: prices.and_then(|prices| prices.mismatch).map(u8::from),
        price_compare_unavailable: prices.map(|prices| prices.unavailable.into()),
        reason: advice.decision.reason(),
    }
}

fn wallet_view(wallet: &WalletFigures) -> WalletView<'_> {
    WalletView {
        wallet_address: &wallet.address,
        abbreviated_address: abbreviate(&wallet.address),
        wmax_usd: wallet.limit_usd,
    }
}

/// First 8 and last 4 characters; short addresses as they are.
pub(crate) fn abbreviate(address: &str) -> String {
    let characters: Vec<char> = address.chars().collect();
    match characters.len() {
        0..=13 => address.to_owned(),
        n => {
            let (head, tail) = (&characters[..8], &characters[n - 4..]);
            head.iter().chain(&['…']).chain(tail).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::abbreviate;

    #[test]
    fn addresses_are_abbreviated_by_characters_and_only_where_that_is_shorter() {
        assert_eq!(abbreviate("addr1q9xyzabcdefgh"), "addr1q9x…efgh");
        assert_eq!(abbreviate("addr1q9xyzabc"), "addr1q9xyzabc"); // 13 characters: nothing to win
        assert_eq!(abbreviate("ääääääääöööööüüüü"), "ääääääää…üüüü");
    }
}
