//! Which withdrawals of an asset are marked, since its reference? Whoever sets or takes off a mark changes the answer.
//!
//! Start at [`Marks::of`]: where it is not what an evaluation went by, the evaluation is out of date.

use std::sync::Arc;

use crate::flow::FlowRow;
use crate::rules::{Mark, Rules};

/// The newest reference and every mark since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    reference: Option<i64>,
    /// In order, each once: a row that is there twice marks nothing more.
    since: Vec<Marked>,
}

/// A marked withdrawal: its time, what tells it from others, and how it is marked. What else its memo says is nobody's
/// concern.
type Marked = (i64, Option<Arc<str>>, Option<u64>, Option<String>, bool);

impl Marks {
    /// The marks at or before `to` (nanoseconds since the epoch).
    #[must_use]
    pub fn of(withdrawals: &[FlowRow], rules: &Rules, to: i64) -> Self {
        let marked = |row: &FlowRow| {
            let ts = row.ts.filter(|ts| *ts <= to)?;
            let is_reference = rules.keywords.mark(row.memo.as_deref())? == Mark::Reference;
            Some((ts, row.wallet.clone(), row.amount.map(f64::to_bits), row.tx_hash.clone(), is_reference))
        };
        let mut since: Vec<Marked> = withdrawals.iter().filter_map(marked).collect();
        let reference = since.iter().filter(|(.., is_reference)| *is_reference).map(|(ts, ..)| *ts).max();
        since.retain(|(ts, ..)| reference.is_none_or(|reference| reference <= *ts));
        since.sort_unstable();
        since.dedup();
        Self { reference, since }
    }

    /// From when on withdrawals have to be read to see whether the marks are still these; `None`: all.
    #[must_use]
    pub fn from(&self) -> Option<i64> {
        self.reference
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{KEYWORD, PRINCIPAL, rules};

    fn row(ts: i64, memo: &str) -> FlowRow {
        FlowRow {
            ts: Some(ts),
            wallet: Some("a".into()),
            amount: Some(3.0),
            memo: Some(memo.to_owned()),
            tx_hash: None,
        }
    }

    fn marks(rows: &[FlowRow]) -> Marks {
        Marks::of(rows, &rules(), 9)
    }

    #[test]
    fn only_marks_since_the_newest_reference_and_up_to_now_tell() {
        let known = marks(&[row(1, KEYWORD), row(4, KEYWORD), row(5, "payroll"), row(6, PRINCIPAL)]);
        assert_eq!(known.from(), Some(4));
        let same = [row(6, &format!("rent, {PRINCIPAL}")), row(2, PRINCIPAL), row(4, KEYWORD), row(10, KEYWORD)];
        assert_eq!(marks(&same), known, "an older mark, other words, other payments and tomorrow's change nothing");
        assert_eq!(marks(&[same.as_slice(), &same].concat()), known, "nor does a row that is there twice");
        for other in [
            vec![row(4, KEYWORD), row(5, KEYWORD), row(6, PRINCIPAL)],
            vec![row(4, KEYWORD), row(5, PRINCIPAL), row(6, PRINCIPAL)],
            vec![row(4, KEYWORD)],
            vec![row(1, KEYWORD), row(6, PRINCIPAL)],
            vec![FlowRow { wallet: Some("b".into()), ..row(4, KEYWORD) }, row(6, PRINCIPAL)],
            vec![],
        ] {
            assert_ne!(marks(&other), known, "{other:?}");
        }
    }

    #[test]
    fn what_is_read_from_the_reference_on_tells_the_same() {
        let rows = [row(1, PRINCIPAL), row(2, KEYWORD), row(4, KEYWORD), row(6, PRINCIPAL), row(7, "")];
        let known = marks(&rows);
        let read: Vec<FlowRow> = rows.iter().filter(|row| row.ts >= known.from()).cloned().collect();
        assert_eq!(marks(&read), known);
        assert_eq!(marks(&[row(1, PRINCIPAL)]).from(), None, "without a reference any mark counts");
    }
}
