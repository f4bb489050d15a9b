//! What did a wallet supply and withdraw, and when?
//!
//! Start at [`Liqwid::transactions`]. The API gives at most a hundred transactions of a range of time and says how many
//! there are: a range that holds more is halved until each part is complete. Neighbouring parts share an instant, so
//! that nothing falls between them whether or not the API counts the end of a range to it; an action at such an instant
//! may come twice, and [`advisor_core::sync`] tells.

use std::collections::BTreeSet;
use std::sync::Arc;

use advisor_core::flow::Direction;
use advisor_core::sync::Transaction;
use advisor_core::time::nanos;
use client::{ApiError, Decimal, shorten};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::graph::{Liqwid, ROWS_MAX};

const QUERY: &str = "query ($input: HistoricalTransactionInput) { historical { transactions(input: $input) { totalCount \
                     results { id type displayName time amount } } } }";

/// Digits of a transaction's hash: fewer would not tell it apart, more are no hash.
const ID_DIGITS: std::ops::RangeInclusive<usize> = 16..=128;

/// The first two are what is pulled; the others belong to loans, and move no supply position.
const KNOWN_TYPES: [&str; 5] = ["SUPPLY", "WITHDRAW", "BORROW", "REPAY", "LIQUIDATION"];

/// What could be had of a wallet's transactions.
#[derive(Debug, Clone, PartialEq)]
pub struct Pulled {
    /// The actions of the parts of the range that are complete, all those of a transaction or none.
    pub transactions: Vec<Transaction>,
    /// The types of other transactions, but for those that are known to move no supply position.
    pub unknown_types: BTreeSet<String>,
    /// Whether that is all of the range, or why it is not.
    pub outcome: Result<(), ApiError>,
}

#[derive(Deserialize)]
struct Root {
    historical: Historical,
}

#[derive(Deserialize)]
struct Historical {
    transactions: Page,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    total_count: Option<usize>,
    results: Vec<Row>,
}

impl Page {
    fn is_complete(&self) -> bool {
        self.total_count.map_or(self.results.len() < ROWS_MAX, |total| total <= self.results.len())
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    display_name: Option<String>,
    time: Option<String>,
    amount: Option<Decimal>,
}

impl Liqwid {
    /// The wallet's deposits and withdrawals from `from` to `to`, both included, of all assets, oldest parts first.
    ///
    /// Other kinds of transactions are left out. One that is a deposit or withdrawal and lacks what makes it one ends the
    /// pull: without it the others would add up to something else.
    pub async fn transactions(&self, wallet: &Arc<str>, from: Timestamp, to: Timestamp) -> Pulled {
        let mut pulled = Pulled { transactions: Vec::new(), unknown_types: BTreeSet::new(), outcome: Ok(()) };
        pulled.outcome = self.pull(wallet, from, to, &mut pulled).await;
        let within = nanos(from)..=nanos(to);
        pulled.transactions.retain(|transaction| within.contains(&transaction.ts));
        pulled
    }

    async fn pull(
        &self,
        wallet: &Arc<str>,
        from: Timestamp,
        to: Timestamp,
        pulled: &mut Pulled,
    ) -> Result<(), ApiError> {
        // Whole seconds around the range, oldest part last.
        let mut parts = vec![(from.as_second() - 1, to.as_second() + 1)];
        if from > to {
            parts.clear();
        }
        let until = self.api.deadline();
        while let Some((start, end)) = parts.pop() {
            let page = self.part(wallet, start, end, until).await?;
            if page.is_complete() {
                let rows = page.results.iter().enumerate();
                let read = rows.filter_map(|(i, row)| transaction(wallet, row).map_err(|fault| (i, fault)).transpose());
                let part: Vec<Transaction> = read.collect::<Result<_, _>>().map_err(|(i, fault)| {
                    let (start, end) = (second(start), second(end));
                    self.api.unusable(format!("transaction {i} of {wallet} from {start} to {end}: {fault}"))
                })?;
                pulled.transactions.extend(part);
                pulled.unknown_types.extend(page.results.iter().filter_map(unknown_type));
            } else if end - start > 1 {
                let middle = start + (end - start) / 2;
                parts.extend([(middle, end), (start, middle)]);
            } else {
                let (shown, start, end) = (page.results.len(), second(start), second(end));
                let total = page.total_count.map_or_else(|| "an unknown number".to_owned(), |total| total.to_string());
                return Err(self.api.unusable(format!(
                    "{shown} of {total} transactions of {wallet} from {start} to {end}: the range cannot be split any further"
                )));
            }
        }
        Ok(())
    }

    async fn part(&self, wallet: &str, start: i64, end: i64, until: Instant) -> Result<Page, ApiError> {
        let date = json!({"startTime": second(start).to_string(), "endTime": second(end).to_string()});
        let variables = json!({"input": {"addresses": [wallet], "date": date}});
        let root: Root = self.ask(QUERY, variables, until).await?;
        Ok(root.historical.transactions)
    }
}

/// A whole second as an instant; what lies outside the calendar becomes its nearest end.
fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(if second < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// The type of a row that is neither a deposit nor a withdrawal, nor known to be none.
fn unknown_type(row: &Row) -> Option<String> {
    let kind = row.kind.as_deref()?;
    let is_known = KNOWN_TYPES.contains(&kind);
    (!is_known).then(|| shorten(kind))
}

/// The deposit or withdrawal that a row is; `None` for another kind.
fn transaction(wallet: &Arc<str>, row: &Row) -> Result<Option<Transaction>, String> {
    let Some(kind) = &row.kind else { return Err("type is null".to_owned()) };
    let direction = match kind.as_str() {
        "SUPPLY" => Direction::Deposit,
        "WITHDRAW" => Direction::Withdrawal,
        _ => return Ok(None),
    };
    let id = row.id.as_ref().ok_or("id is null")?;
    // It becomes part of a memo, and a memo can make a withdrawal a reference.
    if !ID_DIGITS.contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(format!("id is {:?}, expected the hex digits of a transaction's hash", shorten(id)));
    }
    let display_name = row.display_name.clone().ok_or("displayName is null")?;
    let time = row.time.as_ref().ok_or("time is null")?;
    let at = instant(time).ok_or_else(|| format!("time is {:?}, expected an ISO 8601 instant", shorten(time)))?;
    let Decimal(amount) = row.amount.ok_or("amount is null")?;
    if amount < 0.0 {
        return Err(format!("amount is {amount}, expected 0 or more"));
    }
    Ok(Some(Transaction { wallet: Arc::clone(wallet), id: id.clone(), direction, display_name, ts: nanos(at), amount }))
}

/// An instant in ISO 8601, in UTC where it says no zone.
fn instant(text: &str) -> Option<Timestamp> {
    let in_utc = |text: &str| text.parse::<civil::DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    text.parse().ok().or_else(|| in_utc(text).map(|zoned| zoned.timestamp()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::graph::read_data;
    use super::*;

    #[test]
    fn instants_are_utc_with_or_without_a_zone_and_a_fraction() {
        let seconds = |text: &str| instant(text).map(|at| at.to_string());
        let same = Some("2025-07-01T12:30:00Z".to_owned());
        for text in [
            "2025-07-01T12:30:00Z",
            "2025-07-01T12:30:00",
            "2025-07-01 12:30:00",
            "2025-07-01T14:30:00+02:00",
            "2025-07-01T12:30:00.000",
        ] {
            assert_eq!(seconds(text), same, "{text}");
        }
        assert_eq!(seconds("2025-07-01T12:30:00.250"), Some("2025-07-01T12:30:00.25Z".to_owned()));
        for text in ["", "yesterday", "2025-13-01T00:00:00Z", "1751328000"] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn seconds_outside_the_calendar_are_its_ends() {
        assert_eq!((second(i64::MIN), second(i64::MAX)), (Timestamp::MIN, Timestamp::MAX));
    }

    const PAGE: &str = r#"{"data": {"historical": {"transactions": {"totalCount": 2, "results": [
        {"id": "0123456789abcdef", "type": "SUPPLY", "displayName": "DJED", "time": "2025-07-01T12:30:00Z", "amount": "1.5"},
        {"id": null, "type": "BORROW", "displayName": null, "time": null, "amount": null}]}}}, "errors": null}"#;

    /// Reads a page and each of its rows.
    fn flows(body: &[u8]) -> Result<Vec<Transaction>, String> {
        let root: Root = read_data(body).map_err(|unread| format!("{unread:?}"))?;
        let rows = root.historical.transactions.results;
        rows.iter().filter_map(|row| transaction(&"addr1".into(), row).transpose()).collect()
    }

    proptest! {
        #[test]
        fn a_page_with_bytes_changed_is_refused_or_has_usable_flows(changes in prop::collection::vec((0..PAGE.len(), any::<u8>()), 0..4)) {
            let mut body = PAGE.as_bytes().to_vec();
            let unchanged = changes.is_empty();
            changes.into_iter().for_each(|(at, byte)| body[at] = byte);
            match flows(&body) {
                Ok(flows) => {
                    let is_usable = |flow: &Transaction| flow.amount.is_finite() && flow.amount >= 0.0 && flow.id.len() >= 16;
                    prop_assert!(flows.len() <= 2 && flows.iter().all(is_usable), "{:?}", flows);
                    prop_assert!(!unchanged || flows.len() == 1);
                }
                Err(cause) => prop_assert!(!unchanged && !cause.is_empty()),
            }
        }

        #[test]
        fn any_bytes_are_refused_or_have_usable_flows(bytes: Vec<u8>) {
            prop_assert!(flows(&bytes).is_err());
        }
    }
}
