#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use advisor_core::flow::FlowRow;
use advisor_core::position::{PositionRow, PositionsBuilder};
use advisor_core::store::TableKind;

use super::*;
use crate::{config, plan};

/// A store of which one table cannot be read without a panic.
struct Faulty;

const NOON: i64 = 1_769_688_000_000_000_000; // 2026-01-29T12:00:00Z

impl Store for Faulty {
    async fn tables(&self) -> Result<Vec<String>, StoreError> {
        let kinds = ["supply_positions", "deposits", "withdrawals"];
        Ok(kinds.iter().flat_map(|kind| ["djed", "usdm"].map(|asset| format!("liqwid_{kind}_{asset}"))).collect())
    }

    async fn market(&self, _: &str) -> Result<Market, StoreError> {
        Ok(Market::default())
    }

    async fn check_columns(&self, _: &str, _: TableKind) -> Result<(), StoreError> {
        Ok(())
    }

    async fn positions(&self, table: &str, _: Option<i64>, _: i64) -> Result<Positions, StoreError> {
        assert_ne!(table, "liqwid_supply_positions_djed", "out of luck");
        let mut rows = PositionsBuilder::new();
        for hour in 0..3 {
            let (ts, usd_value) = (Some(NOON - hour * 3_600_000_000_000), Some(100.0));
            let row =
                PositionRow { ts, wallet: Some("addr1"), underlying_units: None, usd_value, price_usd: Some(1.0) };
            rows.push(&row);
        }
        Ok(rows.finish())
    }

    async fn newest_before(&self, _: &str, _: i64) -> Result<Vec<(Arc<str>, i64)>, StoreError> {
        Ok(Vec::new())
    }

    async fn flows(&self, _: &str, _: Option<i64>, _: i64, _: i64) -> Result<Vec<FlowRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn coverage(&self, _: &str) -> Result<Coverage, StoreError> {
        Ok(Coverage::default())
    }

    async fn clock(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }
}

#[tokio::test]
async fn a_panic_is_the_error_of_its_asset_and_the_others_are_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.yaml");
    std::fs::write(&path, "client: {assets: [djed, usdm]}").unwrap();
    let plan = plan::of(&config::load(&path, &|_| None).unwrap());
    let checked = check(&Faulty, &plan, time::timestamp(NOON)).await;
    let failed = checked[0].as_ref().map_or_else(ToString::to_string, |_| "evaluated".to_owned());
    assert!(failed.contains("the evaluation broke off") && checked[1].is_ok(), "{failed}");
    let evaluation = evaluate(
        &Faulty,
        &plan,
        Circumstances {
            now: time::timestamp(NOON),
            prices: std::future::ready(FoundPrices::default()),
            mismatches: &Mismatches::new(),
        },
    )
    .await;
    let answers: Vec<(i8, String)> = evaluation
        .advice
        .iter()
        .map(|advice| {
            (advice.decision.code(), advice.decision.reason().map(|reason| reason.message).unwrap_or_default())
        })
        .collect();
    assert_eq!(answers[0].0, -1);
    assert!(answers[0].1.starts_with("invalid data: the evaluation broke off, please report it: "), "{}", answers[0].1);
    assert!(answers[0].1.contains("out of luck"), "{}", answers[0].1);
    assert_eq!(answers[1].0, 0, "{}", answers[1].1); // three points of an unmoved position: held, but evaluated
}
