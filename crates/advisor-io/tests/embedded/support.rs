//! What the tests of writing into the embedded store share: flows as rows of text, as a CSV file has them.

use advisor_core::flow::FlowRow;
use advisor_core::ledger::NewFlow;
use advisor_core::store::Store;
use advisor_io::embedded::Embedded;

pub(crate) const OUT: &str = "liqwid_withdrawals_djed";
pub(crate) const SECOND: i64 = 1_000_000_000;

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub(crate) fn new_flow(row: &str) -> NewFlow {
    let [ts, wallet, amount, memo, tx_hash] = row.split(',').collect::<Vec<_>>().try_into().unwrap();
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    NewFlow {
        ts: ts.parse::<i64>().unwrap() * SECOND,
        wallet: wallet.into(),
        amount: amount.parse().unwrap(),
        memo: text(memo),
        tx_hash: text(tx_hash),
    }
}

pub(crate) fn flow_row(row: &str) -> FlowRow {
    let NewFlow { ts, wallet, amount, memo, tx_hash } = new_flow(row);
    FlowRow { ts: Some(ts), wallet: Some(wallet), amount: Some(amount), memo, tx_hash }
}

/// All withdrawals as rows, sorted.
pub(crate) fn flows(store: &Embedded) -> Vec<String> {
    let row = |flow: FlowRow| {
        let text = |text: Option<String>| text.unwrap_or_default();
        let (ts, wallet, amount) = (flow.ts.unwrap() / SECOND, flow.wallet.unwrap(), flow.amount.unwrap());
        format!("{ts},{wallet},{amount},{},{}", text(flow.memo), text(flow.tx_hash))
    };
    let mut rows: Vec<String> = run(store.flows(OUT, None, i64::MAX)).unwrap().into_iter().map(row).collect();
    rows.sort_unstable();
    rows
}
