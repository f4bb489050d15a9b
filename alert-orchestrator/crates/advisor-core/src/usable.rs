//! Which rows of deposits and withdrawals can be used, and which of them are one flow?
//!
//! Start at `usable`, for one row, and `without_doubles`, for those of one direction. A flow that is lost, or a withdrawal
//! that counts twice, turns principal into gain; a deposit that counts twice only lowers it.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;

use crate::flow::{Direction, EARLIEST, FlowRow, latest};
use crate::keys;
use crate::position::is_address;
use crate::rules::{Mark, Rules};

const SECOND: i64 = 1_000_000_000;
/// How far apart amounts may be that are one, as a share of the larger.
const ALIKE: f64 = 5e-3;
/// How far apart rows of one transaction may be.
const OF_ONE_TRANSACTION: i64 = 60 * SECOND;
/// How far apart rows may be of which one names no transaction.
const UNNAMED: i64 = 10 * 60 * SECOND;

/// A flow row with everything it needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct UsableFlow<'a> {
    pub(crate) row: &'a FlowRow,
    pub(crate) ts: i64,
    /// In lower case.
    pub(crate) wallet: Cow<'a, str>,
    /// Not negative.
    pub(crate) amount: f64,
    /// In lower case, without `0x`; not empty.
    pub(crate) tx_hash: Option<Cow<'a, str>>,
    /// What a withdrawal was marked as.
    pub(crate) mark: Option<Mark>,
}

/// Why a row cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unusable {
    pub(crate) cause: &'static str,
    /// Whether it is the time, so that the row may belong anywhere.
    pub(crate) is_time: bool,
}

/// What is to be had of a row; `now` is the machine's time.
pub(crate) fn usable<'a>(
    row: &'a FlowRow,
    direction: Direction,
    now: i64,
    rules: &Rules,
) -> Result<UsableFlow<'a>, Unusable> {
    let time = |cause| Unusable { cause, is_time: true };
    let other = |cause| Unusable { cause, is_time: false };
    let ts = row.ts.ok_or(time("has no usable time"))?;
    if ts < EARLIEST {
        return Err(time("lies before 2021: does its time hold seconds in place of milliseconds?"));
    }
    if ts > latest(now) {
        return Err(time(
            "lies more than a day after now: is this machine's clock right, or does its time hold microseconds?",
        ));
    }
    let wallet = row.wallet.as_deref().filter(|wallet| is_address(wallet)).ok_or(other("has no usable wallet"))?;
    let amount = row.amount.filter(|amount| amount.is_finite()).ok_or(other("has no usable amount"))?;
    let mark = match direction {
        Direction::Deposit if amount < 0.0 => return Err(other("has a negative amount")),
        Direction::Deposit if amount == 0.0 => return Err(other("has an amount of 0")),
        Direction::Deposit => None,
        Direction::Withdrawal => rules.keywords.mark(row.memo.as_deref()),
    };
    let tx_hash = row.tx_hash.as_deref().map(|hash| keys::tx_hash(hash.trim())).filter(|hash| !hash.is_empty());
    Ok(UsableFlow { row, ts, wallet: keys::wallet(wallet), amount: amount.abs(), tx_hash, mark })
}

/// Why no sum has this withdrawal, as a clause about it; `None`: the sums can use it. `now` is the machine's time.
#[must_use]
pub fn unusable_withdrawal(row: &FlowRow, now: i64, rules: &Rules) -> Option<&'static str> {
    usable(row, Direction::Withdrawal, now, rules).err().map(|why| why.cause)
}

/// Two rows that may be one flow, in order of time.
pub(crate) type Alike<'a> = [&'a FlowRow; 2];

/// The flows of one direction, each once, and the rows that may be the same as another.
///
/// Rows with the same hash, wallet, second and amount are one. Of two withdrawals that are alike the later is left out; deposits
/// that are alike all stay.
pub(crate) fn without_doubles<'a>(
    mut flows: Vec<UsableFlow<'a>>,
    direction: Direction,
) -> (Vec<UsableFlow<'a>>, Vec<Alike<'a>>) {
    // A total order, so that the order of rows in a store never decides which of two stays.
    flows.sort_by(|a, b| {
        let key = |flow: &UsableFlow<'_>| (flow.ts, flow.tx_hash.is_none(), flow.amount.to_bits());
        a.wallet
            .cmp(&b.wallet)
            .then(key(a).cmp(&key(b)))
            .then_with(|| a.tx_hash.cmp(&b.tx_hash))
            .then_with(|| a.row.memo.cmp(&b.row.memo))
    });
    let mut once: Vec<UsableFlow<'a>> = Vec::with_capacity(flows.len());
    let mut known = HashMap::new();
    for flow in flows {
        let key =
            flow.tx_hash.clone().map(|tx| (tx, flow.wallet.clone(), flow.ts.div_euclid(SECOND), flow.amount.to_bits()));
        match key.as_ref().and_then(|key| known.get(key)) {
            Some(i) => {
                let first: &mut UsableFlow<'_> = &mut once[*i];
                first.mark = first.mark.or(flow.mark);
            }
            None => {
                known.extend(key.map(|key| (key, once.len())));
                once.push(flow);
            }
        }
    }
    pair(once, direction)
}

/// Puts rows that are alike into pairs, in order of time; each is in at most one.
fn pair<'a>(mut flows: Vec<UsableFlow<'a>>, direction: Direction) -> (Vec<UsableFlow<'a>>, Vec<Alike<'a>>) {
    let mut pairs = Vec::new();
    let mut is_second = vec![false; flows.len()];
    for i in 0..flows.len() {
        if is_second[i] {
            continue;
        }
        let first = &flows[i];
        let near = |j: &usize| flows[*j].wallet == first.wallet && flows[*j].ts - first.ts <= UNNAMED;
        let free = |j: &usize| !is_second[*j] && alike(first, &flows[*j]);
        if let Some(j) = (i + 1..flows.len()).take_while(near).find(free) {
            is_second[j] = true;
            pairs.push([first.row, flows[j].row]);
            flows[i].mark = first.mark.or(flows[j].mark);
        }
    }
    if direction == Direction::Withdrawal {
        let mut is_second = is_second.into_iter();
        flows.retain(|_| !is_second.next().unwrap_or_default());
    }
    (flows, pairs)
}

/// Whether two rows of a wallet, the first not later than the second, may be one flow. Markers of 0 move nothing.
fn alike(a: &UsableFlow<'_>, b: &UsableFlow<'_>) -> bool {
    let same_amount = (a.amount - b.amount).abs() <= ALIKE * a.amount.max(b.amount) && a.amount > 0.0;
    let apart = b.ts - a.ts;
    same_amount
        && match (&a.tx_hash, &b.tx_hash) {
            (Some(one), Some(other)) => one == other && apart <= OF_ONE_TRANSACTION,
            _ => apart <= UNNAMED,
        }
}
