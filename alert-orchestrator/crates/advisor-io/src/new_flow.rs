//! What both stores say of a flow that is to be written.

use advisor_core::flow::FlowRow;
use advisor_core::ledger::NewFlow;
use advisor_core::store::StoreError;
use advisor_core::time::timestamp;

/// Refuses flows of which a store would make rows that no evaluation can use.
pub(crate) fn check(table: &str, flows: &[NewFlow]) -> Result<(), StoreError> {
    for NewFlow { ts, wallet, amount, .. } in flows {
        let fault = match () {
            () if wallet.is_empty() => "it has no wallet".to_owned(),
            () if !(amount.is_finite() && *amount >= 0.0) => format!("its amount is {amount}, expected 0 or more"),
            () => continue,
        };
        let cause = format!("a flow of {} cannot be stored: {fault}", timestamp(*ts));
        return Err(StoreError::InvalidData { table: table.to_owned(), cause });
    }
    Ok(())
}

/// The answer where the memo of a stored flow is no longer the one that was read, but `now`.
pub(crate) fn changed(table: &str, flow: &FlowRow, now: Option<&str>) -> StoreError {
    let now = now.filter(|now| !now.is_empty()).map(str::to_owned);
    StoreError::Changed { table: table.to_owned(), row: describe(flow), now }
}

/// A stored flow as messages name it.
pub(crate) fn describe(flow: &FlowRow) -> String {
    let FlowRow { ts, wallet, amount, tx_hash, .. } = flow;
    let wallet = wallet.as_deref().unwrap_or("an unknown wallet");
    let at = ts.map_or_else(|| "an unknown time".to_owned(), |ts| timestamp(ts).to_string());
    match (tx_hash, amount) {
        (Some(hash), _) => format!("flow of {wallet} at {at} with the transaction {hash}"),
        (None, Some(amount)) => format!("flow of {wallet} at {at} over {amount} without a transaction"),
        (None, None) => format!("flow of {wallet} at {at} without an amount"),
    }
}
