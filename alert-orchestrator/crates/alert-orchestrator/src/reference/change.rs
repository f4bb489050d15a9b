//! What marking or unmarking a withdrawal changes, said before it is done.
//!
//! Marking puts a keyword into the withdrawal's memo, unmarking takes it out; the rest of the memo stays.

use std::fmt;

use advisor_core::flow::FlowRow;
use advisor_core::ledger::Ledger as _;
use advisor_core::rules::{Keywords, Mark};
use advisor_core::store::StoreError;
use advisor_core::{keys, time};
use advisor_io::AnyStore;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

/// Nanoseconds: rows of one transaction within it are one flow.
const SECOND: i64 = 1_000_000_000;

/// What marking or unmarking a withdrawal changes.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    asset: String,
    /// The table that the withdrawal was read from.
    table: String,
    /// The table that its memo is written to; another one only where every write goes beside the real tables.
    written: String,
    flow: FlowRow,
    memo_after: Option<String>,
    marks: [Option<Mark>; 2],
    /// The newest withdrawal that is marked as the reference, before the change and after it.
    references: [Option<i64>; 2],
    /// The memos of all rows that are written to, as they are shown.
    shown: Vec<String>,
    /// The zone in which its sentences name times.
    zone: TimeZone,
    /// What is later no evaluation sees.
    until: Timestamp,
}

impl Change {
    /// The change that makes `flow`, one of the asset's withdrawals `rows`, bear this mark and no other.
    pub(super) fn new(
        asset: &str,
        [table, written]: [String; 2],
        mut rows: Vec<FlowRow>,
        flow: FlowRow,
        wanted: Option<Mark>,
        (keywords, zone, until): (&Keywords, &TimeZone, Timestamp),
    ) -> Self {
        let memo_after = remarked(flow.memo.as_deref(), wanted, keywords);
        let reference = |rows: &[FlowRow]| {
            let marked = rows.iter().filter(|row| keywords.mark(row.memo.as_deref()) == Some(Mark::Reference));
            marked.filter_map(|row| row.ts).filter(|ts| *ts <= time::nanos(until)).max()
        };
        let shown = same_flow(&mut rows, &flow).map(|row| shown_line(row.memo.as_deref())).collect();
        let before = reference(&rows);
        write_memo(&mut rows, &flow, memo_after.as_deref());
        let marks = [flow.memo.as_deref(), memo_after.as_deref()].map(|memo| keywords.mark(memo));
        let references = [before, reference(&rows)];
        let (asset, zone) = (asset.to_owned(), zone.clone());
        Self { asset, table, written, flow, memo_after, marks, references, shown, zone, until }
    }

    /// Refuses where somebody decided by another memo than the withdrawal has by now; `memo` as it was shown.
    ///
    /// # Errors
    /// The same as [`Self::write`] has for what changes after this.
    pub(crate) fn is_of(&self, memo: &str) -> Result<(), StoreError> {
        if self.shown.iter().any(|shown| shown == memo) {
            return Ok(());
        }
        Err(StoreError::Changed { table: self.table.clone(), row: self.withdrawal(), now: self.flow.memo.clone() })
    }

    /// The asset, as configured.
    pub(crate) fn asset(&self) -> &str {
        &self.asset
    }

    /// Whether the withdrawal is of this wallet.
    pub(super) fn is_of_wallet(&self, wallet: &str) -> bool {
        self.flow.wallet.as_deref().is_some_and(|own| keys::wallet(own) == keys::wallet(wallet))
    }

    /// As what the withdrawal is marked then.
    pub(super) fn mark_after(&self) -> Option<Mark> {
        self.marks[1]
    }

    /// Whether an evaluation will see it.
    pub(super) fn is_seen(&self) -> bool {
        !self.is_nothing() && self.written == self.table
    }

    /// Does to rows that were read of `table` what [`Self::write`] does to those that are stored.
    pub(super) fn apply(&self, table: &str, rows: &mut [FlowRow]) {
        if table == self.table {
            write_memo(rows, &self.flow, self.memo_after.as_deref());
        }
    }

    /// Whether the memo is already as it should be.
    pub(crate) fn is_nothing(&self) -> bool {
        self.flow.memo == self.memo_after
    }

    /// Writes the memo, if the withdrawal still has the one that the change began with.
    ///
    /// # Errors
    /// It has another by now, or is not there any more, or the store does not answer.
    pub(crate) async fn write(&self, store: &AnyStore) -> Result<(), StoreError> {
        store.round().set_memo(&self.table, &self.written, &self.flow, self.memo_after.as_deref()).await
    }

    /// The table that [`Self::write`] writes to.
    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    /// The reference time after the change, nanoseconds since the epoch; `None`: the fallback's.
    pub(crate) fn reference(&self) -> Option<i64> {
        self.references[1]
    }

    /// What the page is told.
    pub(crate) fn view(&self) -> ChangeView {
        ChangeView {
            status: "success",
            message: if self.is_nothing() { "nothing to change".to_owned() } else { self.follows() },
            table: self.written.clone(),
            wallet_address: self.wallet(),
            ts: self.flow.ts.map(time::timestamp),
            tx_hash: self.flow.tx_hash.as_deref().map(legible::line),
            memo_before: self.flow.memo.as_deref().map(legible::line),
            memo_after: self.memo_after.as_deref().map(legible::line),
        }
    }

    /// What was done by whom, for log and journal.
    pub(crate) fn record(&self, user: &str) -> String {
        let named = |t0: Option<i64>| t0.map_or("the fallback".to_owned(), |t0| self.shown(t0));
        let [before, after] = self.references.map(named);
        let done = match self.marks[1] {
            Some(Mark::Reference) => "marked as the reference",
            Some(Mark::Principal) => "marked as principal",
            None => "unmarked",
        };
        format!("{user}: {} {done}; t0 before: {before}, after: {after}", self.withdrawal())
    }

    fn shown(&self, ts: i64) -> String {
        time::shown_nanos(ts, &self.zone)
    }

    /// The withdrawal, in words.
    pub(super) fn withdrawal(&self) -> String {
        let at = self.flow.ts.map(|ts| format!(" of {}", self.shown(ts))).unwrap_or_default();
        let tx = self.flow.tx_hash.as_deref().map(|tx| format!(" (tx {})", legible::line(tx))).unwrap_or_default();
        format!("withdrawal of {}{at} by {}{tx}", self.amount(), self.wallet())
    }

    fn wallet(&self) -> String {
        legible::line(self.flow.wallet.as_deref().unwrap_or_default())
    }

    fn amount(&self) -> String {
        self.flow.amount.map_or("none".to_owned(), |amount| amount.abs().to_string())
    }

    /// What follows for the gains.
    fn follows(&self) -> String {
        if self.written != self.table {
            return format!("gains count as before: no evaluation reads {}", self.written);
        }
        if self.flow.ts > Some(time::nanos(self.until)) {
            let end = time::shown(self.until, &self.zone);
            return format!("gains count as before: evaluations end at {end}, and it is later");
        }
        [self.effect_on_reference(), self.effect_on_taken()].into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    fn effect_on_reference(&self) -> Option<String> {
        let [before, after] = self.references;
        match (before, after) {
            (before, Some(after)) if before.is_none_or(|before| before < after) => {
                Some(format!("gains count from {} on, what was gained before is no longer offered", self.shown(after)))
            }
            (Some(before), Some(after)) if after < before => Some(format!(
                "gains count from {} on again, the newest withdrawal that is still marked",
                self.shown(after)
            )),
            (Some(_), None) => Some("gains count from the fallback on: no withdrawal is marked any more".to_owned()),
            (_, Some(newer)) if self.marks[1] == Some(Mark::Reference) => {
                Some(format!("gains still count from {}, a newer withdrawal that is marked", self.shown(newer)))
            }
            _ => None,
        }
    }

    /// Of what lies before the reference nothing counts.
    fn effect_on_taken(&self) -> Option<String> {
        if self.flow.ts <= self.references[1] {
            return (self.references[0] == self.references[1] && self.marks[1] != Some(Mark::Reference))
                .then(|| "gains count as before: it lies before the reference".to_owned());
        }
        let counts = |mark: Option<Mark>| mark.is_none();
        match self.marks.map(counts) {
            [true, false] => Some(format!("its {} no longer count as gain already taken", self.amount())),
            [false, true] => Some(format!("its {} count as gain already taken", self.amount())),
            _ => None,
        }
    }
}

/// Gives the rows that [`set_memo`](advisor_core::ledger::Ledger::set_memo) finds their new memo.
fn write_memo(rows: &mut [FlowRow], flow: &FlowRow, memo: Option<&str>) {
    same_flow(rows, flow).for_each(|row| row.memo = memo.map(str::to_owned));
}

/// The rows that are written to: with a transaction hash all that have it, without one the first that reads as `flow`
/// does.
fn same_flow<'r>(rows: &'r mut [FlowRow], flow: &'r FlowRow) -> impl Iterator<Item = &'r mut FlowRow> {
    let wallet = |row: &FlowRow| row.wallet.as_deref().map(|wallet| keys::wallet(wallet).into_owned());
    let is_found = move |row: &&mut FlowRow| {
        (row.ts, &row.tx_hash, row.amount) == (flow.ts, &flow.tx_hash, flow.amount)
            && wallet(row) == wallet(flow)
            && (row.tx_hash.is_some() || row.memo == flow.memo)
    };
    let most = if flow.tx_hash.is_some() { usize::MAX } else { 1 };
    rows.iter_mut().filter(is_found).take(most)
}

/// A memo as lists show it; empty where there is none.
fn shown_line(memo: Option<&str>) -> String {
    memo.map(legible::line).unwrap_or_default()
}

/// Whether two rows are one flow to the rule.
pub(super) fn is_same_flow(a: &FlowRow, b: &FlowRow) -> bool {
    let key = |row: &FlowRow| {
        let wallet = row.wallet.as_deref().map(|wallet| keys::wallet(wallet).into_owned());
        let hash = row.tx_hash.as_deref().map(|hash| keys::tx_hash(hash).into_owned());
        (row.ts.map(|ts| ts.div_euclid(SECOND)), wallet, hash, row.amount.map(|amount| amount.abs().to_bits()))
    };
    a.tx_hash.is_some() && key(a) == key(b)
}

/// The memo with the keyword of this mark and without the other, which would contradict it.
fn remarked(memo: Option<&str>, wanted: Option<Mark>, keywords: &Keywords) -> Option<String> {
    let Keywords { reference, principal } = keywords;
    let keep = memo.map(str::to_owned);
    match wanted {
        Some(Mark::Reference) => with(reference, without(principal, keep)),
        Some(Mark::Principal) => with(principal, without(reference, keep)),
        None => without(principal, without(reference, keep)),
    }
}

fn with(keyword: &str, memo: Option<String>) -> Option<String> {
    match memo {
        Some(memo) if memo.contains(keyword) => Some(memo),
        Some(memo) if !memo.trim().is_empty() => Some(format!("{} {keyword}", memo.trim())),
        _ => Some(keyword.to_owned()),
    }
}

fn without(keyword: &str, memo: Option<String>) -> Option<String> {
    let memo = memo?;
    if !memo.contains(keyword) {
        return Some(memo);
    }
    let rest: Vec<&str> = memo.split(keyword).map(str::trim).filter(|part| !part.is_empty()).collect();
    (!rest.is_empty()).then(|| rest.join(" "))
}

/// The most characters of a memo that are shown, and how many of them are its end, where a keyword is put.
const MEMO_CHARS: usize = 120;
const MEMO_END_CHARS: usize = 40;

/// A memo in quotes, without its middle where it is long.
fn shown_memo(memo: &str) -> String {
    let start_of = |nth: usize| memo.char_indices().nth(nth).map_or(memo.len(), |(start, _)| start);
    match memo.chars().count().checked_sub(MEMO_CHARS) {
        None | Some(0) => format!("{memo:?}"),
        Some(more) => {
            let beginning = MEMO_CHARS - MEMO_END_CHARS;
            format!("{:?}…{:?}", &memo[..start_of(beginning)], &memo[start_of(beginning + more)..])
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memo = |memo: Option<&str>| memo.map_or("none".to_owned(), shown_memo);
        writeln!(f, "withdrawal  {}", self.flow.ts.map_or("without a time".to_owned(), |ts| self.shown(ts)))?;
        writeln!(f, "wallet      {}", self.wallet())?;
        writeln!(f, "amount      {}", self.amount())?;
        writeln!(f, "tx          {}", legible::line(self.flow.tx_hash.as_deref().unwrap_or("none")))?;
        writeln!(f, "memo        {}", memo(self.flow.memo.as_deref()))?;
        writeln!(f, "becomes     {}", memo(self.memo_after.as_deref()))?;
        write!(f, "effect      {}", self.follows())
    }
}

/// A change as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct ChangeView {
    status: &'static str,
    message: String,
    table: String,
    wallet_address: String,
    ts: Option<Timestamp>,
    tx_hash: Option<String>,
    memo_before: Option<String>,
    memo_after: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ts: i64, wallet: &str, tx_hash: Option<&str>, memo: &str) -> FlowRow {
        let tx_hash = tx_hash.map(str::to_owned);
        FlowRow { ts: Some(ts), wallet: Some(wallet.into()), amount: Some(3.0), memo: Some(memo.to_owned()), tx_hash }
    }

    /// The memos of the rows once that of the first was changed to `new`.
    fn memos(mut rows: Vec<FlowRow>) -> Vec<Option<String>> {
        let flow = rows[0].clone();
        write_memo(&mut rows, &flow, Some("new"));
        rows.into_iter().map(|row| row.memo).collect()
    }

    #[test]
    fn a_memo_is_written_to_all_rows_of_its_transaction_or_to_one_of_those_that_none_names() {
        let of = |tx_hash| {
            memos(vec![
                row(1, "addr", tx_hash, "old"),
                row(1, "ADDR", tx_hash, "old"),
                row(1, "addr", tx_hash, "another"),
                row(1, "other", tx_hash, "old"),
                row(2, "addr", tx_hash, "old"),
                row(1, "addr", Some("ef"), "old"),
            ])
        };
        let expected = |memos: [&str; 6]| memos.map(|memo| Some(memo.to_owned())).to_vec();
        assert_eq!(of(Some("ab")), expected(["new", "new", "new", "old", "old", "old"]));
        assert_eq!(of(None), expected(["new", "old", "another", "old", "old", "old"]));
    }
}
