//! The rule by hand. A wallet of 1 000 units, an interest of 150 % a year at most, and flows up to six hours off:
//! an hour's limit is 1000 · 1.5 / 8766 + 0.0005 · 1000 = 0.1711 + 0.5 = 0.67 units.

use super::*;

const HOUR: i64 = time::NANOS_PER_HOUR;
const RULES: GrowthRules = GrowthRules { max_supply_apy: 1.5, flow_lag_hours: 6.0 };

/// A history of one wallet: units hour by hour, and flows.
#[derive(Default)]
struct History {
    ts: Vec<i64>,
    units: Vec<f64>,
    moves: Vec<Move>,
    in_usd: bool,
}

impl History {
    /// Hourly samples of 1 000 units.
    fn flat(hours: usize) -> Self {
        Self::of(&vec![1000.0; hours])
    }

    fn of(units: &[f64]) -> Self {
        Self { ts: (0..).map(|hour| hour * HOUR).take(units.len()).collect(), units: units.to_vec(), ..Self::default() }
    }

    /// From a sample on it has so many units more.
    fn step(mut self, from: usize, units: f64) -> Self {
        self.units[from..].iter_mut().for_each(|held| *held += units);
        self
    }

    /// So many units more at a few samples only.
    fn wrong(mut self, samples: std::ops::Range<usize>, units: f64) -> Self {
        self.units[samples].iter_mut().for_each(|held| *held += units);
        self
    }

    fn flow(mut self, hour: f64, units: f64) -> Self {
        self.moves.push(Move { ts: time::hours(hour), units });
        self.moves.sort_by_key(|flow| flow.ts);
        self
    }

    fn growth(&self) -> Growth {
        let level = Level { ts: &self.ts, units: &self.units, moves: &self.moves, in_usd: self.in_usd };
        walk(level, RULES).unwrap()
    }
}

#[track_caller]
fn quiet(history: History) {
    let growth = history.growth();
    assert_eq!(growth.unexplained, [], "{growth:?}");
}

/// One rise is found, of so many units, at this sample.
#[track_caller]
fn found(history: History, at: usize, amount: f64) {
    let growth = history.growth();
    assert_eq!(growth.unexplained.len(), 1, "{growth:?}");
    let rise = growth.unexplained[0];
    assert_eq!(rise.at, at, "{rise:?}");
    assert!((rise.amount - amount).abs() < 1e-9, "{rise:?}");
}

#[test]
fn interest_up_to_the_limit_is_quiet_and_a_little_more_is_not() {
    let limit = 1000.0 * 1.5 / 8766.0 + 0.0005 * 1000.67; // 5 bps of the larger of base and u_i
    quiet(History::flat(3).step(1, limit));
    let above = limit + 1e-3;
    found(History::flat(3).step(1, above), 1, above);
}

#[test]
fn a_missing_deposit_is_found_also_at_the_newest_sample_and_a_recorded_one_is_not() {
    found(History::flat(48).step(20, 500.0), 20, 500.0);
    found(History::flat(48).step(47, 500.0), 47, 500.0);
    quiet(History::flat(48).step(20, 500.0).flow(19.5, 500.0));
    quiet(History::flat(48).step(20, 500.0).flow(20.0, 500.0));
    quiet(History::flat(48).step(47, 500.0).flow(46.5, 500.0));
}

#[test]
fn a_flow_that_is_recorded_early_or_late_is_taken_back() {
    for late in [6.0, 7.0, 24.0, 72.0] {
        quiet(History::flat(150).step(20, 500.0).flow(19.5 + late, 500.0));
        quiet(History::flat(150).step(60 + 20, -500.0).flow(79.5 - late, -500.0)); // before it shows
        quiet(History::flat(150).step(20, -1000.0).flow(19.5 + late, -1000.0));
        quiet(History::flat(150).step(20, -999.99).flow(19.5 + late, -1000.0)); // a rounded amount
    }
    let late = History::flat(150).step(20, 500.0).flow(43.5, 500.0).growth();
    assert_eq!(late.taken_back, [TakenBack { at: 20, by: 44 }]);
}

#[test]
fn a_wrong_sample_that_comes_right_again_is_taken_back() {
    quiet(History::flat(60).wrong(20..21, 500.0));
    quiet(History::flat(60).wrong(20..21, -500.0));
    quiet(History::flat(60).wrong(20..23, 500.0));
    found(History::flat(60).wrong(59..60, 500.0), 59, 500.0); // nobody knows yet
}

#[test]
fn what_hides_a_missing_deposit_does_not() {
    let empty = || History::of(&vec![0.0; 300]);
    found(empty().step(290, 500.0), 290, 500.0);
    found(History::of(&vec![1e-4; 300]).step(290, 500.0), 290, 500.0);
    found(History::flat(720).step(719, 500.0), 719, 500.0);
    found(History::flat(90).step(20, -300.0).step(60, 500.0), 60, 200.0); // after a missing withdrawal
    found(History::flat(90).wrong(20..21, 500.0).step(60, 500.0), 60, 500.0);
    // Beside a later deposit of 80 that is recorded 5 h late.
    found(History::flat(90).step(20, 500.0).step(30, 80.0).flow(34.5, 80.0), 20, 500.0);
}

#[test]
fn withdrawals_that_never_were_are_found() {
    found(History::flat(60).step(20, -100.0).flow(19.5, -200.0), 20, 100.0); // twice in the table
    found(History::flat(60).step(20, -100.0).flow(19.5, -1e8), 20, 1e8 - 100.0); // in base units
}

#[test]
fn flows_in_usd_may_be_off_by_their_price() {
    // Interest on 1000 and what was paid in just now, for 20 h: 5975 · 1.5 · 20 / 8766 = 20.4, and 5 bps of 6000: 3.
    let history = |in_usd| History { in_usd, ..History::flat(60).step(20, 5000.0).flow(19.5, 4975.0) };
    quiet(history(true));
    found(history(false), 20, 25.0);
}

#[test]
fn a_fall_that_stays_is_worth_a_word() {
    assert_eq!(History::flat(60).step(40, -10.0).growth().fallen, Some(10.0));
    assert_eq!(History::flat(60).step(40, -0.4).growth().fallen, None);
    assert_eq!(History::flat(60).step(59, -10.0).growth().fallen, None); // only just
    assert_eq!(History::flat(60).step(40, -10.0).flow(39.5, -10.0).growth().fallen, None);
}

#[test]
fn growth_is_told_with_what_it_grew_on() {
    let growth = History::flat(25).step(24, 0.5).growth();
    assert_eq!(growth.grown, 0.5);
    assert!((growth.unit_years - 1000.0 * 24.0 / 8766.0).abs() < 1e-3, "{}", growth.unit_years);
    assert_eq!(growth.largest.map(|largest| (largest.from, largest.at, largest.rise)), Some((0, 24, 0.5)));
}

#[test]
fn a_wallet_that_rises_at_every_sample_is_told_of_ten_times() {
    let units: Vec<f64> = (0..40).map(|hour| 1000.0 + 50.0 * f64::from(hour)).collect();
    assert_eq!(History::of(&units).growth().unexplained.len(), 10);
}
