//! Which rows are kept, as what, and how the others are counted.

use super::*;

type Cells = (Option<i64>, Option<&'static str>, Option<f64>, Option<f64>, Option<f64>);

fn build(rows: &[Cells]) -> Positions {
    let mut builder = PositionsBuilder::new();
    for &(ts, wallet, underlying_units, usd_value, price_usd) in rows {
        builder.push(&PositionRow { ts, wallet, underlying_units, usd_value, price_usd });
    }
    builder.finish()
}

fn samples(positions: &Positions) -> Vec<(&str, i64, f64, Option<f64>)> {
    let of = |wallet: &WalletSeries| wallet.ts().len();
    let flat = positions.wallets.iter().flat_map(|wallet| (0..of(wallet)).map(move |i| (wallet, i)));
    flat.map(|(wallet, i)| (&**wallet.address(), wallet.ts()[i], wallet.value_usd()[i], wallet.price_usd(i))).collect()
}

/// Rows of wallet "a" at time 1 (units, usd, price), and the value and price that are kept of each.
#[track_caller]
fn row_becomes(units: f64, usd: f64, price: f64, expected: Option<(f64, Option<f64>)>) {
    // NaN stands for a missing cell as well as for itself: both must come out alike.
    let missing = |number: f64| (!number.is_nan()).then_some(number);
    for cells in [(Some(units), Some(usd), Some(price)), (missing(units), missing(usd), missing(price))] {
        let built = build(&[(Some(1), Some("a"), cells.0, cells.1, cells.2)]);
        let kept = samples(&built).first().map(|(_, _, value, price)| (*value, *price));
        assert_eq!(kept, expected, "units {units}, usd {usd}, price {price}");
        assert_eq!(built.skipped.total(), usize::from(expected.is_none()));
    }
}

const NONE: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

#[test]
fn a_value_is_stated_or_units_times_price() {
    row_becomes(200.0, 252.0, 1.25, Some((252.0, Some(1.25)))); // the stated value stands, although 200 · 1.25 = 250
    row_becomes(200.0, NONE, 1.25, Some((250.0, Some(1.25))));
    row_becomes(200.0, INF, 1.25, Some((250.0, Some(1.25)))); // an infinite cell is a missing one
    row_becomes(0.0, NONE, 1.25, Some((0.0, Some(1.25))));
    row_becomes(NONE, NONE, 1.25, None);
    row_becomes(200.0, NONE, NONE, None);
    row_becomes(INF, NONE, 1.25, None);
    row_becomes(1e300, NONE, 1e300, None); // the product is infinite
}

#[test]
fn a_price_is_stated_or_value_per_unit() {
    row_becomes(200.0, 300.0, NONE, Some((300.0, Some(1.5))));
    row_becomes(200.0, 300.0, 0.0, Some((300.0, Some(1.5))));
    row_becomes(200.0, 300.0, -1.0, Some((300.0, Some(1.5))));
    row_becomes(200.0, 300.0, INF, Some((300.0, Some(1.5))));
    row_becomes(200.0, 0.0, NONE, Some((0.0, None))); // 0 / 200 is no price
    row_becomes(0.0, 300.0, NONE, Some((300.0, None)));
    row_becomes(-200.0, 300.0, NONE, Some((300.0, None)));
    row_becomes(NONE, 300.0, NONE, Some((300.0, None)));
    row_becomes(1e-300, 1e300, NONE, Some((1e300, None))); // the quotient is infinite
}

#[test]
fn a_price_of_zero_values_nothing_at_zero() {
    // Kept as 0 USD, the position would gain its principal at the next sample.
    row_becomes(200.0, NONE, 0.0, None);
    row_becomes(200.0, NONE, -1.25, None);
}

#[test]
fn unusable_rows_are_counted_by_cause() {
    let (one, ten) = (Some(1.0), Some(10.0));
    let built = build(&[
        (None, Some("a"), ten, ten, one),
        (None, None, None, None, None), // the first cause counts
        (Some(1), None, ten, ten, one),
        (Some(1), Some(""), ten, ten, one),
        (Some(1), Some("a"), None, Some(f64::NAN), one),
        (Some(1), Some("a"), ten, Some(-0.01), one),
        (Some(1), Some("a"), Some(-10.0), None, one),
        (Some(1), Some("a"), ten, ten, one),
    ]);
    let skipped = SkippedRows { without_ts: 2, without_wallet: 2, without_value: 1, negative: 2 };
    assert_eq!((built.skipped, built.skipped.total()), (skipped, 7));
    assert_eq!(samples(&built), [("a", 1, 10.0, Some(1.0))]);
}

/// Rows (time, wallet, value) with a price of 1.
fn valued(rows: &[(i64, &'static str, f64)]) -> Positions {
    let cells = |&(ts, wallet, usd): &(i64, &'static str, f64)| (Some(ts), Some(wallet), None, Some(usd), Some(1.0));
    build(&rows.iter().map(cells).collect::<Vec<Cells>>())
}

#[test]
fn wallets_and_times_come_out_in_order() {
    let expected =
        [("a", 1, 10.0, Some(1.0)), ("a", 2, 20.0, Some(1.0)), ("b", 1, 30.0, Some(1.0)), ("b", 3, 40.0, Some(1.0))];
    for rows in [
        [(1, "a", 10.0), (2, "a", 20.0), (1, "b", 30.0), (3, "b", 40.0)],
        [(1, "b", 30.0), (1, "a", 10.0), (3, "b", 40.0), (2, "a", 20.0)], // interleaved
        [(2, "a", 20.0), (3, "b", 40.0), (1, "a", 10.0), (1, "b", 30.0)], // backwards
    ] {
        assert_eq!(samples(&valued(&rows)), expected, "{rows:?}");
    }
    assert_eq!(valued(&[]), Positions::default());
}

#[test]
fn samples_after_an_instant_are_cut_off_and_the_newest_of_them_is_remembered() {
    let rows = || valued(&[(1, "a", 10.0), (2, "a", 20.0), (4, "a", 40.0), (3, "b", 30.0), (5, "c", 50.0)]);
    let cut = rows().cut_after(2);
    assert_eq!(samples(&cut), [("a", 1, 10.0, Some(1.0)), ("a", 2, 20.0, Some(1.0))], "b and c have no sample left");
    assert_eq!(cut.newest_cut, Some(5));
    assert_eq!(rows().cut_after(5), rows(), "nothing is later");
    let nothing = rows().cut_after(0);
    assert_eq!((samples(&nothing), nothing.newest_cut), (vec![], Some(5)));
}

#[test]
fn of_rows_at_one_instant_the_last_stands_and_disagreement_is_named() {
    let built = valued(&[(1, "a", 10.0), (1, "a", 10.0), (2, "a", 20.0), (2, "a", 21.0), (1, "b", 5.0)]);
    assert_eq!(samples(&built)[..2], [("a", 1, 10.0, Some(1.0)), ("a", 2, 21.0, Some(1.0))]);
    assert_eq!(built.conflicts, Conflicts { count: 1, examples: vec![("a".into(), 2)] });

    let apart = valued(&[(2, "a", 20.0), (1, "a", 10.0), (1, "b", 5.0), (2, "a", 21.0), (1, "a", 10.0)]);
    assert_eq!(apart, built, "as when they come side by side");
}

#[test]
fn prices_that_disagree_are_named_too_and_only_the_first_few() {
    let row = |ts: i64, price: f64| (Some(ts), Some("a"), None, Some(10.0), Some(price));
    let rows: Vec<Cells> = (0..5).flat_map(|ts| [row(ts, 1.0), row(ts, 1.5)]).collect();
    let built = build(&rows);
    assert_eq!(built.conflicts.count, 5);
    assert_eq!(built.conflicts.examples, [("a".into(), 0), ("a".into(), 1), ("a".into(), 2)]);
    assert_eq!(built.wallets[0].price_usd(4), Some(1.5));
}

#[test]
fn interleaved_rows_do_not_copy_their_columns_at_every_turn() {
    let mut builder = PositionsBuilder::new();
    let push = |builder: &mut PositionsBuilder, ts: i64| {
        for wallet in ["a", "b"] {
            let (usd_value, price_usd) = (Some(1.0), Some(1.0));
            builder.push(&PositionRow {
                ts: Some(ts),
                wallet: Some(wallet),
                underlying_units: None,
                usd_value,
                price_usd,
            });
        }
    };
    (0..1000).for_each(|ts| push(&mut builder, ts));
    let room = builder.series[0].ts.capacity();
    assert!(room > 1000, "columns grow by doubling, found room for {room}");
    push(&mut builder, 1000);
    assert_eq!(builder.series[0].ts.capacity(), room, "a turn neither shrinks nor grows them");
    assert_eq!(builder.finish().wallets[0].ts.capacity(), 1001, "in the end nothing is left over");
}

#[test]
fn a_wallet_that_is_complete_gives_its_room_back_at_once() {
    let mut builder = PositionsBuilder::new();
    for (wallet, ts) in (0..1000).map(|ts| ("a", ts)).chain([("b", 0)]) {
        let (usd_value, price_usd) = (Some(1.0), Some(1.0));
        builder.push(&PositionRow { ts: Some(ts), wallet: Some(wallet), underlying_units: None, usd_value, price_usd });
    }
    assert_eq!(builder.series[0].ts.capacity(), 1000);
}

#[test]
fn an_address_that_would_garble_a_screen_is_none() {
    let long = "a".repeat(257);
    for wallet in ["", "a\u{1b}[31mred", "a\u{202e}b", "a\nb", &long] {
        let mut builder = PositionsBuilder::new();
        builder.push(&PositionRow {
            ts: Some(1),
            wallet: Some(wallet),
            underlying_units: None,
            usd_value: Some(1.0),
            price_usd: None,
        });
        let built = builder.finish();
        assert_eq!((built.wallets.len(), built.skipped.without_wallet), (0, 1), "{wallet:?}");
    }
    assert!(is_address(&long[1..]) && is_address("Geldbörse 7"));
}
