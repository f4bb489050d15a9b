use proptest::prelude::*;

use super::*;
use crate::time::SECOND;

const MINUTE: Micros = 60 * SECOND;
const LATER: Micros = Micros::MAX;

fn bar(minute: i64, prices: [i64; 4], volume: i64) -> Record {
    let [open, high, low, close] = prices;
    Record { open_time: minute * MINUTE, open, high, low, close, volume }
}

fn minutes(records: Vec<Record>) -> Series {
    Series { timeframe: Timeframe::M1, price_digits: 0, volume_digits: 0, records }
}

fn made(records: Vec<Record>, now: Micros) -> Vec<Record> {
    resample(&minutes(records), Timeframe::M5, now).unwrap().records
}

#[test]
fn five_minutes_are_made_of_those_there_are() {
    let fine = vec![
        bar(-1, [7, 8, 6, 7], 4), // before 1970, of the bar that opens at −5
        bar(1, [10, 12, 9, 11], 1),
        bar(3, [11, 15, 11, 14], 2),
        bar(4, [14, 14, 8, 9], 3),
        bar(15, [9, 9, 9, 9], 0), // those of minutes 5 and 10 are missing
    ];
    let expected = [bar(-5, [7, 8, 6, 7], 4), bar(0, [10, 15, 8, 9], 6), bar(15, [9, 9, 9, 9], 0)];
    assert_eq!(made(fine, LATER), expected);
}

#[test]
fn a_bar_that_is_not_closed_is_not_there_yet() {
    let fine: Vec<Record> = (0..8).map(|minute| bar(minute, [1; 4], 1)).collect();
    assert_eq!(made(fine.clone(), 10 * MINUTE), [bar(0, [1; 4], 5), bar(5, [1; 4], 3)]);
    assert_eq!(made(fine, 10 * MINUTE - 1), [bar(0, [1; 4], 5)]);
}

#[test]
fn a_volume_is_unknown_where_one_of_its_parts_is() {
    let fine = vec![bar(0, [1; 4], 1), bar(1, [1; 4], NO_VOLUME), bar(2, [1; 4], 1)];
    assert_eq!(made(fine, LATER), [bar(0, [1; 4], NO_VOLUME)]);
}

#[test]
fn what_cannot_be_made_is_told() {
    let hours = Series { timeframe: Timeframe::H1, ..minutes(vec![]) };
    let error = resample(&hours, Timeframe::M15, LATER).unwrap_err();
    assert_eq!(error.to_string(), "bars of 15m cannot be made of bars of 1h; expected shorter ones");
    let fine = minutes(vec![bar(0, [1; 4], i64::MAX), bar(1, [1; 4], 1)]);
    let error = resample(&fine, Timeframe::M5, LATER).unwrap_err();
    assert_eq!(error.to_string(), "the volumes of the bar of 1970-01-01T00:00Z add up to more than 64 bits hold");
}

fn any_bars() -> impl Strategy<Value = Vec<Record>> {
    let one = (1..100_i64, 1..100_i64, 1..100_i64, 1..100_i64, 0..100_i64);
    prop::collection::btree_map(-3000..3000_i64, one, 0..80).prop_map(|bars| {
        let bar = |(minute, (a, b, c, d, volume)): (i64, (i64, i64, i64, i64, i64))| {
            bar(minute, [a, a.max(b).max(c).max(d), a.min(b).min(c).min(d), d], volume)
        };
        bars.into_iter().map(bar).collect()
    })
}

proptest! {
    #[test]
    fn in_one_step_or_in_several_the_bars_are_the_same(fine in any_bars()) {
        let fine = minutes(fine);
        let hours = resample(&fine, Timeframe::H1, LATER).unwrap();
        let by_steps = [Timeframe::M5, Timeframe::M15, Timeframe::H1]
            .into_iter()
            .fold(fine.clone(), |series, to| resample(&series, to, LATER).unwrap());
        prop_assert_eq!(&by_steps, &hours);
        prop_assert_eq!(resample(&fine, Timeframe::M1, LATER).unwrap(), fine);
    }

    #[test]
    fn what_was_traded_is_neither_lost_nor_doubled(fine in any_bars()) {
        let days = resample(&minutes(fine.clone()), Timeframe::D1, LATER).unwrap();
        let sum = |records: &[Record]| records.iter().map(|record| record.volume).sum::<i64>();
        prop_assert_eq!(sum(&days.records), sum(&fine));
        prop_assert!(days.records.iter().all(|day| crate::quality::fault(day, Timeframe::D1, LATER).is_none()));
    }
}
