//! Distances from a peg by hand, and whose price it is that counts.

use super::*;

fn priced(source: PriceSource, price_usd: f64) -> SourcePrice {
    SourcePrice { source, price_usd, price_ada: None }
}

#[track_caller]
fn peg(price_usd: f64, target_usd: f64, deviation_bps: f64, off_peg: bool) {
    let peg = Peg { target_usd, max_deviation_bps: 100.0 };
    let found = check([priced(PriceSource::StoredLiqwid, price_usd)], peg).expect("there is a price");
    assert!((found.deviation_bps - deviation_bps).abs() < 1e-9, "{found:?}");
    assert_eq!(found.off_peg, off_peg, "{found:?}");
}

#[test]
fn a_peg_is_left_beyond_its_tolerance_on_either_side() {
    peg(1.0, 1.0, 0.0, false);
    peg(0.9672, 1.0, 328.0, true);
    peg(0.99, 1.0, 100.0, false);
    peg(1.01, 1.0, 100.0, false);
    peg(0.9899, 1.0, 101.0, true);
    peg(1.0101, 1.0, 101.0, true);
    peg(1.98, 2.0, 100.0, false); // of the target, not of a dollar
}

/// Whose price counts, of the positions, Liqwid and Minswap in this order.
#[track_caller]
fn furthest(prices: [f64; 3], expected: Option<(PriceSource, bool)>) {
    let sources = [PriceSource::StoredLiqwid, PriceSource::LiqwidGraphql, PriceSource::MinswapAggregator];
    let prices = sources.into_iter().zip(prices).map(|(source, price_usd)| priced(source, price_usd));
    let found = check(prices, Peg { target_usd: 1.0, max_deviation_bps: 100.0 });
    assert_eq!(found.map(|found| (found.source, found.off_peg)), expected);
}

#[test]
fn the_price_that_is_furthest_away_counts_whoever_says_it() {
    furthest([1.0, 0.9672, 0.99], Some((PriceSource::LiqwidGraphql, true)));
    furthest([1.0, 1.001, 1.02], Some((PriceSource::MinswapAggregator, true)));
    furthest([0.98, 1.0, 1.0], Some((PriceSource::StoredLiqwid, true)));
    furthest([1.002, 1.002, 0.999], Some((PriceSource::StoredLiqwid, false))); // as far: the first
    furthest([f64::NAN, 0.0, 0.995], Some((PriceSource::MinswapAggregator, false)));
    furthest([f64::INFINITY, -1.0, f64::NAN], None);
}
