//! What is said of young histories, by hand: samples at these hours, of which 11 are enough.

use super::*;
use crate::test_support::EPOCH;

fn at(hour: f64) -> i64 {
    EPOCH + time::hours(hour)
}

/// Hours from `first` on, so many and so far apart.
fn every(step: f64, first: f64, count: u32) -> Vec<f64> {
    (0..count).map(|i| first + f64::from(i) * step).collect()
}

/// Each of the wallets sampled at its hours.
#[track_caller]
fn said_of(wallets: &[Vec<f64>], lookback_hours: f64, now: f64, expected: &str) {
    let times: Vec<Vec<i64>> = wallets.iter().map(|hours| hours.iter().map(|hour| at(*hour)).collect()).collect();
    let times: Vec<&[i64]> = times.iter().map(Vec::as_slice).collect();
    assert_eq!(Outlook::of(11, lookback_hours, &times, at(now)).in_words(&TimeZone::UTC), expected);
}

/// One wallet.
#[track_caller]
fn said(lookback_hours: f64, hours: &[f64], now: f64, expected: &str) {
    said_of(&[hours.to_vec()], lookback_hours, now, expected);
}

fn never(often: &str, hours: u32) -> String {
    format!("at {often} 48 h do not hold enough: raise decision_gate.lookback_hours to {hours}")
}

#[test]
fn a_young_history_is_told_when_it_has_points_enough() {
    said(48.0, &every(1.0, 0.0, 7), 6.5, "at one an hour there are enough at 2026-01-01T10:00:00Z"); // 7 + 4
    said(720.0, &every(24.0, 0.0, 8), 168.0, "at one a day there are enough at 2026-01-11T00:00:00Z"); // day 7 + 3
    // 0.25 h + 9 · 0.25 h
    said(48.0, &[0.0, 0.25], 0.3, "at one every 15 min there are enough at 2026-01-01T02:30:00Z");
    // 10 steps of 4.8 h are 48 h: just so many.
    said(48.0, &[0.0, 4.8], 5.0, "at one every 4.8 h there are enough at 2026-01-03T00:00:00Z");
}

#[test]
fn where_samples_have_stopped_the_next_is_not_due_before_now() {
    let hours = every(1.0, 0.0, 7);
    said(48.0, &hours, 20.0, "at one an hour there are enough at 2026-01-02T00:00:00Z"); // 20 + 4
    // All of them are out of the window by then: 60 + 11.
    said(48.0, &hours, 60.0, "at one an hour there are enough at 2026-01-03T23:00:00Z");
    // Two wallets 0.1 h apart, 3 rounds and 5 points; the sixth to the eleventh come at 20.9, 21, 21.9, 22, 22.9, 23.
    let apart = [every(1.0, 0.0, 3), every(1.0, 1.1, 2)];
    said_of(&apart, 48.0, 20.0, "at one an hour there are enough at 2026-01-01T23:00:00Z");
}

#[test]
fn a_window_that_never_holds_enough_is_to_be_raised() {
    said(48.0, &[0.0, 24.0, 48.0], 50.0, &never("one a day", 264)); // 11 · 24
    said(48.0, &[0.0, 168.0], 170.0, &never("one every 7.0 days", 1848)); // 11 · 168
    said(48.0, &[0.0, 6.0], 6.0, &never("one every 6.0 h", 66));
}

#[test]
fn of_one_sample_or_none_it_is_said_how_often_they_must_come() {
    let expected = "the gate takes 11 points in 48 h: a sample every 4.8 h or more often"; // 48 / 10
    said(48.0, &[0.0], 1.0, expected);
    said(48.0, &[], 1.0, expected);
    said_of(&[], 48.0, 1.0, expected);
    // Nor can it be told from one sample of each wallet.
    said_of(&[vec![0.0], vec![0.002], vec![0.004]], 48.0, 1.0, expected);
}

#[test]
fn wallets_that_are_written_one_after_the_other_are_a_point_each_at_their_own_pace() {
    // Four wallets, 7 s apart: two rounds are 8 points, and the eleventh is the third of the next, 14 s after 02:00.
    let apart = |step: f64, count: u32| (0..4).map(|i| every(step, f64::from(i) * 7.0 / 3600.0, count)).collect();
    let hourly: Vec<_> = apart(1.0, 2);
    said_of(&hourly, 48.0, 1.1, "at one an hour there are enough at 2026-01-01T02:01:00Z");
    // 48 h hold two rounds of 4 and a point: 9. 10 more points at 4 a day are 60 h, and a day for those that are late.
    let daily: Vec<_> = apart(24.0, 2);
    said_of(&daily, 48.0, 25.0, &never("one a day", 84));
}

#[test]
fn wallets_that_are_written_at_one_instant_are_one_point() {
    let alone = "at one an hour there are enough at 2026-01-01T10:00:00Z";
    let hours = every(1.0, 0.0, 7);
    said_of(&[hours.clone(), hours.clone()], 48.0, 6.5, alone);
    // Of rounds that are never on time to the second, a wallet has missed one, and another is in every third.
    let late = [0.0, 1.001, 2.0, 3.002, 4.0, 5.001, 6.0];
    let missed: Vec<f64> = late.iter().copied().filter(|hour| *hour != 4.0).collect();
    let seldom = vec![late[0], late[3], late[6]];
    said_of(&[missed, seldom, late.to_vec()], 48.0, 6.5, alone);
}

#[test]
fn a_change_of_pace_is_followed() {
    let mut hours = every(24.0, 0.0, 8); // 7 d: to hour 168
    said(48.0, &hours, 168.0, &never("one a day", 264));
    // Three of the newest five steps are hourly. Of 48 h there are 144, 168, 169, 170 and 171, and 6 more at 177.
    hours.extend([169.0, 170.0, 171.0]);
    said(48.0, &hours, 171.0, "at one an hour there are enough at 2026-01-08T09:00:00Z");
    // And back: three are daily again.
    hours.extend([195.0, 219.0, 243.0]);
    said(48.0, &hours, 243.0, &never("one a day", 264));
}

#[test]
fn a_sample_that_is_missing_or_one_too_many_is_no_change_of_pace() {
    let enough = |hour: u32| format!("at one an hour there are enough at 2026-01-01T{hour:02}:00:00Z");
    said(48.0, &[0.0, 1.0, 2.0, 4.0], 4.0, &enough(11)); // 4 + 7
    said(48.0, &[0.0, 1.0, 2.0, 2.2, 3.0, 4.0], 4.0, &enough(9)); // 6 + 5
}

#[test]
fn a_wallet_that_is_no_longer_sampled_does_not_count_as_going_on() {
    // Hourly until hour 2, while the other goes on daily: the 3 points of the first are out of the window by the third
    // day.
    said_of(&[every(1.0, 0.0, 3), every(24.0, 0.0, 3)], 48.0, 48.0, &never("one a day", 264));
    // A wallet of one sample goes on, but nobody knows how.
    said_of(
        &[every(1.0, 0.0, 7), vec![6.5]],
        48.0,
        6.5,
        "at one an hour there are enough at 2026-01-01T09:00:00Z", // 8 + 3
    );
}

#[test]
fn wallets_of_different_pace_go_on_at_their_own() {
    // 4 points of the hourly one; the daily one brings one at half past midnight, beside the hourly ones of 4 to 24 h.
    let wallets = [every(1.0, 0.0, 4), every(24.0, -23.5, 2)];
    said_of(&wallets, 48.0, 3.0, "at one an hour there are enough at 2026-01-01T08:00:00Z"); // 4 + 2 + 5
}

#[test]
fn the_window_that_is_named_holds_enough() {
    let apart = |wallets: u32, step: f64| -> Vec<Vec<i64>> {
        let hours = |i: u32| every(step * (1.0 + f64::from(i) / 3.0), f64::from(i) * 0.01, 3);
        (0..wallets).map(|i| hours(i).into_iter().map(at).collect()).collect()
    };
    for (step, enough, wallets) in
        [(24.0, 11, 1), (24.0, 40, 1), (0.27, 200, 1), (1.01, 49, 1), (24.0, 40, 5), (7.0, 55, 3), (1.01, 200, 4)]
    {
        let times = apart(wallets, step);
        let times: Vec<&[i64]> = times.iter().map(Vec::as_slice).collect();
        let now = times.iter().filter_map(|ts| ts.last()).max().copied().unwrap();
        let prospect = |lookback_hours: f64| Outlook::of(enough, lookback_hours, &times, now).prospect;
        let Prospect::Never { lookback_hours_needed, .. } = prospect(48.0) else {
            panic!("{step} h, {enough} points, {wallets} wallets: {:?}", prospect(48.0))
        };
        let then = prospect(lookback_hours_needed);
        assert!(matches!(then, Prospect::At { .. }), "{step} h, {enough} points, {wallets} wallets: {then:?}");
    }
}
