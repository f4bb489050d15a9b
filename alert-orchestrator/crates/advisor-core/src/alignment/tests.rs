//! Where each method puts a flow, by hand.

use super::*;
use crate::position::{PositionRow, PositionsBuilder};

/// A wallet with these values at times 10, 20, 30, …
fn wallet(values: &[f64]) -> WalletSeries {
    let mut builder = PositionsBuilder::new();
    for (i, value) in (1..).zip(values) {
        builder.push(&PositionRow {
            ts: Some(10 * i),
            wallet: Some("a"),
            underlying_units: None,
            usd_value: Some(*value),
            price_usd: Some(1.0),
        });
    }
    builder.finish().wallets.remove(0)
}

/// Flows at these times, and where they land in a wallet with samples at 10, 20 and 30.
#[track_caller]
fn lands(method: Alignment, cases: &[(i64, i64)]) {
    let wallet = wallet(&[5.0, 5.0, 5.0]);
    for &(ts, expected) in cases {
        for direction in [Direction::Deposit, Direction::Withdrawal] {
            assert_eq!(
                effective_time(method, &wallet, ts, direction, 1.0),
                expected,
                "{method:?}: {direction} at {ts}"
            );
            assert_eq!(possible_times(method, &wallet, ts, direction), [expected], "{method:?}: {direction} at {ts}");
        }
    }
}

#[test]
fn without_alignment_a_flow_keeps_its_own_time() {
    lands(Alignment::None, &[(3, 3), (10, 10), (17, 17), (99, 99)]);
}

#[test]
fn right_open_is_the_first_sample_strictly_after() {
    lands(Alignment::RightOpen, &[(3, 10), (9, 10), (10, 20), (11, 20), (29, 30)]);
    lands(Alignment::RightOpen, &[(30, 30), (99, 99)]); // no sample after: its own time
}

#[test]
fn the_previous_sample_is_the_newest_at_or_before() {
    lands(Alignment::SnapToPrevPos, &[(10, 10), (19, 10), (20, 20), (29, 20), (30, 30), (99, 30)]);
    lands(Alignment::SnapToPrevPos, &[(3, 10)]); // none before: the nearest end
}

#[test]
fn the_next_sample_is_the_first_at_or_after() {
    lands(Alignment::SnapToNextPos, &[(3, 10), (10, 10), (11, 20), (20, 20), (21, 30), (30, 30)]);
    lands(Alignment::SnapToNextPos, &[(31, 30), (99, 30)]); // none after: the nearest end
}

#[test]
fn the_nearest_sample_is_the_later_one_of_two() {
    lands(
        Alignment::SnapToNearestPos,
        &[(3, 10), (14, 10), (15, 20), (16, 20), (20, 20), (25, 30), (24, 20), (99, 30)],
    );
}

#[test]
fn a_wallet_of_one_sample_draws_every_flow_to_it() {
    let wallet = wallet(&[5.0]);
    let at = |method, ts| effective_time(method, &wallet, ts, Direction::Deposit, 1.0);
    for ts in [3, 10, 99] {
        assert_eq!(at(Alignment::SnapToPrevPos, ts), 10);
        assert_eq!(at(Alignment::SnapToNextPos, ts), 10);
        assert_eq!(at(Alignment::SnapToNearestPos, ts), 10);
        assert_eq!(at(Alignment::DetectSpike, ts), ts); // no step at all
    }
    assert_eq!((at(Alignment::RightOpen, 3), at(Alignment::RightOpen, 10)), (10, 10));
}

/// A flow of `usd` (negative: a withdrawal) at `ts` in a wallet of these values at 10, 20, 30, … lands at `expected`.
#[track_caller]
fn detects(values: &[f64], ts: i64, usd: f64, expected: i64) {
    let direction = if usd < 0.0 { Direction::Withdrawal } else { Direction::Deposit };
    let found = effective_time(Alignment::DetectSpike, &wallet(values), ts, direction, usd.abs());
    assert_eq!(found, expected, "{usd} at {ts} in {values:?}");
}

#[test]
fn a_step_of_the_flows_sign_and_size_is_the_flow() {
    // Steps 1, 2, 1, 100, 2, 1, 2: median 2, MAD 1 (|Δ − 2| = 1, 0, 1, 98, 0, 1, 0: median 1), z = 98/1.4826 = 66.1.
    let deposit = [0.0, 1.0, 3.0, 4.0, 104.0, 106.0, 107.0, 109.0];
    detects(&deposit, 42, 100.0, 50);
    detects(&deposit, 67, 100.0, 50); // also when it was booked late
    // −100 has the wrong sign, and no step falls: its own time.
    detects(&deposit, 42, -100.0, 42);
    // The same mirrored: 1000 − value.
    let withdrawal: Vec<f64> = deposit.iter().map(|value| 1000.0 - value).collect();
    detects(&withdrawal, 42, -100.0, 50);
}

#[test]
fn without_any_spread_in_the_middle_the_standard_deviation_decides() {
    // n − 1 steps of 0 and one of 100: MAD 0; mean 100/n, σ = 100·√(n − 1)/n, z = n/√(n − 1). The flow is booked after the
    // step, where the search for a late one cannot find it.
    let with_steps = |n: usize| [vec![50.0; n], vec![150.0]].concat();
    detects(&with_steps(8), 95, 100.0, 90); // z = 8/√7 = 3.02
    detects(&with_steps(7), 85, 100.0, 85); // z = 7/√6 = 2.86
    // Equal steps: σ is 0 too, nothing stands out, and no step rises.
    detects(&[5.0; 10], 42, 100.0, 42);
}

/// Steps 1, 2, 1, 2, … with `spikes` (index of the sample they end on, size) in their places.
fn ragged(samples: usize, spikes: &[(usize, f64)]) -> Vec<f64> {
    let mut value = 1000.0;
    (0..samples)
        .map(|i| {
            if i > 0 {
                let plain = if i % 2 == 0 { 2.0 } else { 1.0 };
                value += spikes.iter().find(|(at, _)| *at == i).map_or(plain, |(_, size)| *size);
            }
            value
        })
        .collect()
}

#[test]
fn the_size_decides_before_the_distance_and_only_within_its_window() {
    // At sample 10 (time 110) 40 USD, at sample 12 (time 130) 100 USD; the flow is booked at 108.
    let values = ragged(25, &[(10, 40.0), (12, 100.0)]);
    detects(&values, 108, 100.0, 110); // 40/100 = 0.4 is within 0.3–1.5: nearest first
    detects(&values, 108, 140.0, 130); // 40/140 = 0.286 is not, 100/140 = 0.71 is
    detects(&values, 108, 40.0 / 0.3, 110); // 0.3 itself is
    detects(&values, 108, 30.0, 110); // 40/30 = 1.33
    detects(&values, 128, 60.0, 110); // 100/60 = 1.67 is too large, 40/60 is not
    detects(&values, 128, 100.0 / 1.5, 130); // 1.5 itself is within, and the nearest
}

#[test]
fn of_two_steps_at_one_distance_the_larger_z_wins() {
    let values = ragged(25, &[(10, 60.0), (12, 90.0)]);
    detects(&values, 120, 100.0, 130); // 110 and 130 are both 10 away
    detects(&ragged(25, &[(10, 90.0), (12, 60.0)]), 120, 100.0, 110);
}

#[test]
fn where_no_size_fits_the_nearest_unusual_step_is_taken() {
    let values = ragged(25, &[(10, 40.0), (12, 100.0)]);
    detects(&values, 108, 1000.0, 110); // 0.04 and 0.1
    detects(&values, 128, 1.0, 130); // 40 and 100
}

#[test]
fn eight_samples_either_side_are_searched() {
    // The flow at 205 lies before sample 20 (time 210): samples 12 to 28 are searched.
    detects(&ragged(60, &[(12, 100.0)]), 205, 100.0, 130);
    detects(&ragged(60, &[(11, 100.0)]), 205, 100.0, 210); // out of reach; the first later step that rises
    detects(&ragged(60, &[(28, 100.0)]), 205, 100.0, 290);
    detects(&ragged(60, &[(29, 100.0)]), 205, 100.0, 210);
}

#[test]
fn a_late_step_counts_within_twenty_four_samples() {
    // Values fall evenly, so that only the spike rises; the flow at 205 lies before sample 20.
    let falling =
        |spike: usize| -> Vec<f64> { ragged(60, &[(spike, -100.0)]).iter().map(|value| 5000.0 - value).collect() };
    detects(&falling(43), 205, 100.0, 440); // samples 20 to 43
    detects(&falling(44), 205, 100.0, 205);
    detects(&falling(43), 210, 100.0, 440); // sample 20 is the one at 210
}

#[test]
fn flows_outside_the_samples_find_the_steps_at_the_ends() {
    let values = ragged(25, &[(2, 100.0), (22, 80.0)]);
    detects(&values, 1, 100.0, 30); // before the first sample
    detects(&values, 999, 80.0, 230); // after the last
    detects(&ragged(25, &[]), 999, 80.0, 999); // nothing unusual, nothing later
}

#[test]
fn a_flow_of_unknown_size_may_be_any_step_that_stands_out() {
    let wallet_of = |spikes: &[(usize, f64)]| wallet(&ragged(25, spikes));
    let two = wallet_of(&[(10, 40.0), (12, 100.0)]);
    assert_eq!(possible_times(Alignment::DetectSpike, &two, 108, Direction::Deposit), [110, 130]);
    assert_eq!(possible_times(Alignment::DetectSpike, &two, 108, Direction::Withdrawal), [108]);
    assert_eq!(possible_times(Alignment::DetectSpike, &wallet_of(&[]), 108, Direction::Deposit), [110]);
}
