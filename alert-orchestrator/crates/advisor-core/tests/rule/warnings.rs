//! Warnings of many wallets: is there one for all of them, and does it stand while figures move on?

use advisor_core::advice::Advice;
use advisor_core::rules::{Peg, Rules};
use advisor_core::test_support;
use advisor_core::warning::Warning;

use crate::history::{History, ungated};

/// So many wallets of 1000 units from hour 0 to hour `last`.
fn wallets(history: History, name: &str, count: usize, last: i32) -> History {
    let values = vec![1000.0; usize::try_from(last).unwrap() + 1];
    (0..count).fold(history, |history, n| history.hourly(&format!("{name}{n:03}"), 0, &values))
}

#[track_caller]
fn only(advice: &Advice, part: &str) -> Warning {
    let mut found = advice.warnings.iter().filter(|warning| warning.contains(part));
    let first = found.next().unwrap_or_else(|| panic!("{part:?} is missing in {:?}", advice.warnings));
    assert_eq!(found.next(), None, "one sentence for all of them");
    first.clone()
}

#[test]
fn stale_wallets_are_one_sentence_with_the_oldest_sample() {
    let history = wallets(History::default(), "all", 199, 1).hourly("oldest", 0, &[1000.0]);
    let advice = history.advise(&ungated(), 30.5);
    assert_eq!(&only(&advice, "stale"), "200 of 200 wallets are stale, oldest 30.5 h");

    let fresh = wallets(history, "fresh", 2, 30);
    let warning = only(&fresh.advise(&ungated(), 30.5), "stale");
    assert_eq!(&warning, "200 of 202 wallets are stale, oldest 30.5 h: oldest");
    let later = only(&fresh.advise(&ungated(), 31.0), "stale");
    assert_eq!((warning.standing(), later.standing()), (later.standing(), "200 of 202 wallets are stale"));
    assert_ne!(warning, later);
}

#[test]
fn wallets_without_a_baseline_are_one_sentence() {
    let history = wallets(History::default(), "lost", 3, 1).hourly("kept", 0, &[1000.0; 6]).tag("kept", 2.5, 0.0);
    let warning = only(&history.advise(&ungated(), 5.0), "no sample since");
    let expected = "3 wallets have no sample since the reference 2026-01-01T02:30:00Z, lost000 among them: left out";
    assert_eq!(&warning, expected);
    assert_eq!(warning.standing(), expected, "nothing of it moves");
}

/// What the documented rule says of growth, with a gate that only shows.
fn judged() -> Rules {
    let mut rules = test_support::rules();
    rules.gate.holds = false;
    rules
}

#[test]
fn wallets_that_have_less_than_they_should_are_one_sentence_with_the_largest_loss() {
    let falling = |loss: f64| [vec![1000.0; 20], vec![1000.0 - loss; 20]].concat();
    let one = History::default().hourly("a", 0, &falling(100.0));
    let warning = only(&one.advise(&judged(), 39.0), "flows explain");
    let expected = "wallet a has 100.00 units less than its flows explain: a withdrawal may be missing, or a deposit be \
                    there twice or in the wrong unit, which only lowers the gain";
    assert_eq!(&warning, expected);
    let three = one.hourly("b", 0, &falling(300.0)).hourly("c", 0, &falling(200.0));
    let warning = only(&three.advise(&judged(), 39.0), "flows explain");
    let expected = "3 wallets have fewer units than their flows explain, b most (300.00): withdrawals may be missing, or \
                    deposits be there twice or in the wrong unit, which only lowers the gain";
    assert_eq!(&warning, expected);
    assert_eq!(warning.standing(), "3 wallets have fewer units than their flows explain");
}

#[test]
fn stale_wallets_that_grew_are_one_sentence() {
    let rising = [vec![1000.0; 10], vec![2000.0; 10]].concat();
    let fresh = History::default().hourly("fresh", 0, &[1000.0; 50]);
    let one = fresh.hourly("a", 0, &rising);
    let expected = "stale wallet a has more than interest explains";
    assert_eq!(&only(&one.advise(&judged(), 49.0), "interest explains"), expected);
    let expected = "2 stale wallets have more than interest explains, a among them";
    let two = one.hourly("b", 0, &rising);
    assert_eq!(&only(&two.advise(&judged(), 49.0), "interest explains"), expected);
}

#[test]
fn a_gain_that_rests_on_prices_off_the_peg_is_one_sentence_with_the_worst() {
    let mut pegged = judged();
    pegged.gate.peg = Some(Peg { target_usd: 1.0, max_deviation_bps: 100.0 });
    // At a price of 0.9 the baseline is worth 9 000: 1 000 of the gain is this price.
    let history = (0..20).fold(History::default(), |history, hour| {
        let price = if hour == 0 { 0.9 } else { 1.0 };
        history.sample("a", f64::from(hour), 10_000.0 * price, price)
    });
    let expected = "the gain rests on a price off the peg, 0.9000 USD at 2026-01-01T00:00:00Z, 1000 bps from 1.0, of wallet a: is \
                    it right? A wrong one makes principal look like gain";
    assert_eq!(&only(&history.advise(&pegged, 19.0), "off the peg"), expected);
    // A flow at a wrong price as well.
    let history = history.sample("a", 10.0, 20_000.0, 2.0).deposit("a", 10.0, 5.0);
    let warning = only(&history.advise(&pegged, 19.0), "off the peg");
    assert!(
        warning.contains("2.0000 USD at 2026-01-01T10:00:00Z, 10000 bps from 1.0, of wallet a and 1 more: "),
        "{warning:?}"
    );
    // One wallet's own row is wrong, and the median of the instant is not.
    let level = vec![10_000.0; 20];
    let three = ["b", "c"].into_iter().fold(History::default(), |history, name| history.hourly(name, 0, &level));
    let three = three.sample("a", 0.0, 9000.0, 0.9).hourly("a", 1, &level[1..]);
    assert_eq!(&only(&three.advise(&pegged, 19.0), "off the peg"), expected);
    pegged.gate.peg = None;
    assert!(!history.advise(&pegged, 19.0).warnings.iter().any(|warning| warning.contains("off the peg")));
}

#[test]
fn a_yield_is_said_once_it_is_over_a_day() {
    let warning = |hours: usize| {
        // 0.10 an hour of 1 000 are 88 % a year.
        let values: Vec<f64> = (0..=hours).map(|hour| 1000.0 + 0.1 * hour as f64).collect();
        let advice = History::default().hourly("a", 0, &values).advise(&judged(), hours as f64);
        advice.warnings.iter().find(|warning| warning.starts_with("the wallets grew by")).map(ToString::to_string)
    };
    assert_eq!(warning(1), None);
    assert_eq!(warning(23), None);
    assert!(warning(24).is_some_and(|said| said.starts_with("the wallets grew by 88 % a year")), "{:?}", warning(24));
}
