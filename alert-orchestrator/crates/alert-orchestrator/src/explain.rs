//! An advice for a person: what may be done and why, in plain sentences, then step by step, to be redone by hand.
//!
//! Start at [`Explanation::text`], or [`Explanation::explained`] for programs. Nothing is computed here: every figure is the one the decision was made with.
//! `summary` has the sentences and `remedy` what would change a decision, `wallets` and `steps` the arithmetic;
//! `layout` has lines and times, `figures` numbers.

mod explanation;
mod figures;
mod layout;
mod remedy;
mod steps;
mod summary;
#[cfg(test)]
mod tests;
mod wallets;

use std::borrow::Cow;

use advisor_core::advice::Advice;
use advisor_core::decision::Decision;

use crate::meant::{Kind, Known, Unclear};
pub(crate) use explanation::{Explained, Explanation, Wallets};
use layout::{GLUE, Sheet, Times};

/// The address of the wallet that is meant, of which somebody may have written the beginning only.
///
/// # Errors
/// A sentence that names the wallets there are, or could be meant.
pub(crate) fn find_wallet(advice: &Advice, written: &str) -> Result<String, String> {
    let known = Known::new(Kind::Wallet, advice.wallets.iter().map(|figures| &*figures.address));
    known.find(written).map_err(|unclear| match unclear {
        Unclear::Several(several) => several,
        Unclear::Unknown => {
            let (written, known) = (legible::quoted(written), known.named());
            format!("wallet {written} has no figures for {}; wallets that have: {known}", advice.asset)
        }
    })
}

impl Explanation<'_> {
    /// The whole of it.
    pub(crate) fn text(&self) -> String {
        let Self { advice, rules, .. } = self;
        let (mut sheet, times) = (Sheet::default(), Times::of(advice, &rules.zone));
        sheet.headline(&headline(advice));
        for paragraph in summary::paragraphs(self, &times) {
            sheet.paragraph(&paragraph);
        }
        sheet.gap();
        steps::reference(&mut sheet, &times, advice);
        wallets::steps(&mut sheet, &times, self);
        steps::rest(&mut sheet, &times, advice);
        sheet.into_text()
    }
}

impl<'a> Explanation<'a> {
    /// The same as figures and sentences, with the wallets that are wanted.
    pub(crate) fn explained(&self) -> Explained<'a> {
        let mut advice = Cow::Borrowed(self.advice);
        if let Wallets::One(address) = self.wallets {
            advice.to_mut().wallets.retain(|figures| *figures.address == *address);
        }
        let paragraphs = summary::paragraphs(self, &Times::of(self.advice, &self.rules.zone));
        let summary = paragraphs.into_iter().map(|paragraph| paragraph.replace(GLUE, " ")).collect();
        Explained { advice, summary }
    }
}

fn headline(advice: &Advice) -> String {
    let asset = &advice.asset;
    let because = advice.decision.reason().map(|reason| reason.message).unwrap_or_default();
    match &advice.decision {
        Decision::Withdraw { limit_usd } => format!("{asset}: WITHDRAW_OK, up to {limit_usd:.2} USD"),
        Decision::Hold(_) => format!("{asset}: HOLD: {because}"),
        Decision::Error(_) => format!("{asset}: ERROR: {because}"),
    }
}
