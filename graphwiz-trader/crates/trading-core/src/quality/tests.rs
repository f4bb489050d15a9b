use proptest::prelude::*;

use super::*;
use crate::time::SECOND;

const MINUTE: Micros = 60 * SECOND;
const NOW: Micros = 1000 * MINUTE;
const CENTS: Scale = Scale { price_digits: 2, volume_digits: 1 };

fn bar(minute: i64, prices: [i64; 4], volume: i64) -> Record {
    let [open, high, low, close] = prices;
    Record { open_time: minute * MINUTE, open, high, low, close, volume }
}

fn flat(minute: i64, price: i64) -> Record {
    bar(minute, [price; 4], 1)
}

fn series(records: Vec<Record>) -> Series {
    Series { timeframe: Timeframe::M1, price_digits: 2, volume_digits: 1, records }
}

#[track_caller]
fn says(record: Record, expected: &str) {
    let sentence = fault(&record, Timeframe::M1, NOW).map(|fault| fault.sentence(&record, Timeframe::M1, CENTS));
    assert_eq!(sentence.as_deref().unwrap_or("nothing"), expected);
}

#[test]
fn each_fault_is_told_with_its_values() {
    says(bar(5, [100, 120, 90, 110], 3), "nothing");
    says(
        Record { open_time: 90 * SECOND, ..flat(0, 100) },
        "1970-01-01T00:01:30Z is no time at which a bar of 1m opens",
    );
    says(bar(5, [100, 120, 0, 110], 3), "low 0 is not above 0");
    says(bar(5, [-100, 120, -100, 110], 3), "open -1 is not above 0");
    says(bar(5, [100, 109, 90, 110], 3), "high 1.09 is below close 1.1");
    says(bar(5, [110, 109, 90, 100], 3), "high 1.09 is below open 1.1");
    says(bar(5, [100, 120, 101, 110], 3), "low 1.01 is above open 1");
    says(bar(5, [110, 120, 101, 100], 3), "low 1.01 is above close 1");
    says(bar(5, [100, 120, 90, 110], -15), "volume -1.5 is below 0");
    says(bar(5, [100, 120, 90, 110], NO_VOLUME), "nothing");
    says(bar(5, [100, 120, 90, 110], 0), "nothing");
    // A low of a thousandth of the close is a flash crash, and happened.
    says(bar(5, [1000, 1200, 1, 1100], 3), "nothing");
}

#[test]
fn a_bar_is_closed_from_its_close_on() {
    says(flat(999, 100), "nothing"); // closes at minute 1000, which is now
    says(flat(1000, 100), "the bar of 1970-01-01T16:40Z is not closed before 1970-01-01T16:41Z");
}

#[test]
fn more_than_half_up_or_down_is_flagged_and_half_is_not() {
    for (close, expected) in [(150, false), (151, true), (50, false), (49, true), (100, false)] {
        assert_eq!(is_flagged(100, close), expected, "100 to {close}");
    }
    assert!(is_flagged(1, i64::MAX));
    assert!(!is_flagged(i64::MAX, i64::MAX));
}

#[test]
fn an_outage_is_told_with_its_bounds() {
    // Minute 3 is flat without volume, 4 is missing; then 6 to 9 are.
    let records = vec![flat(2, 100), bar(3, [100; 4], 0), flat(5, 100), bar(10, [100, 210, 100, 200], NO_VOLUME)];
    let report = Report::of(&series(records));
    assert_eq!(
        report,
        Report {
            bars: 4,
            first: Some(2 * MINUTE),
            last: Some(10 * MINUTE),
            gaps: vec![
                Gap { from: 4 * MINUTE, to: 5 * MINUTE, bars: 1 },
                Gap { from: 6 * MINUTE, to: 10 * MINUTE, bars: 4 }
            ],
            flagged: vec![10 * MINUTE],
            flat: 3,
            zero_volumes: 1,
            unknown_volumes: 1,
        }
    );
    assert_eq!(report.missing(), 5);
}

#[test]
fn bars_that_all_open_at_times_of_a_longer_timeframe_are_most_likely_of_that() {
    let looks = |minutes: &[i64]| {
        let records = minutes.iter().map(|minute| flat(*minute, 100)).collect();
        Report::of(&series(records)).looks_like(Timeframe::M1)
    };
    assert_eq!(looks(&[0, 5, 10, 20]), Some(Timeframe::M5));
    assert_eq!(looks(&[-60, 0, 120, 180]), Some(Timeframe::H1));
    assert_eq!(looks(&[0, 1, 5, 10]), None, "two follow each other");
    assert_eq!(looks(&[0, 7, 14, 21]), None, "a thin market");
    assert_eq!(looks(&[0, 5]), None, "too few to tell");
}

#[test]
fn a_series_in_which_nothing_is_ever_traded_stands_out() {
    let report = |volumes: &[i64]| {
        let records = (0..).zip(volumes).map(|(minute, volume)| bar(minute, [100; 4], *volume)).collect();
        Report::of(&series(records)).has_only_zero_volumes()
    };
    assert!(report(&[0, 0]));
    assert!(!report(&[0, 1]));
    assert!(!report(&[0, NO_VOLUME]));
    assert!(!report(&[]));
}

proptest! {
    #[test]
    fn bars_and_missing_ones_fill_the_time_between_first_and_last(
        minutes in prop::collection::btree_set(-500..500_i64, 1..60)
    ) {
        let report = Report::of(&series(minutes.iter().map(|minute| flat(*minute, 100)).collect()));
        let (first, last) = (report.first.unwrap(), report.last.unwrap());
        prop_assert_eq!(report.bars as i64 + report.missing(), (last - first) / MINUTE + 1);
        for gap in report.gaps {
            prop_assert!((0..gap.bars).all(|bar| !minutes.contains(&(gap.from / MINUTE + bar))));
        }
    }
}
