//! The zone is that of sentences: no figure goes by it, and every time that a sentence names is in it.

use advisor_core::advice::{Advice, advise};
use advisor_core::rules::Rules;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use proptest::prelude::*;

use crate::random::{ANY, Bounds, Scenario, scenario};

fn half_past_five() -> Offset {
    Offset::from_seconds(5 * 3600 + 1800).expect("an offset of India")
}

/// The advice in a zone; without its sentences, and these.
fn told(case: &Scenario, zone: TimeZone) -> (Advice, Vec<String>) {
    let rules = Rules { zone, ..case.rules.clone() };
    let mut advice = advise(&rules, &case.history.snapshot(&rules, case.to), case.to);
    let reason = advice.decision.reason().map(|reason| reason.message);
    let warnings = std::mem::take(&mut advice.warnings);
    (advice, warnings.iter().map(ToString::to_string).chain(reason).collect())
}

/// The instant that a word is, if it is one.
fn instant(word: &str) -> Option<Timestamp> {
    word.trim_matches(|c: char| !c.is_alphanumeric()).parse().ok()
}

proptest! {
    #[test]
    fn sentences_differ_by_their_times_alone_and_these_are_the_same_instants(
        case in scenario(Bounds { unusable: true, ..ANY })
    ) {
        let (mut utc, in_utc) = told(&case, TimeZone::UTC);
        let (mut india, in_india) = told(&case, TimeZone::fixed(half_past_five()));
        prop_assert_eq!(in_utc.len(), in_india.len());
        for (utc, india) in in_utc.iter().zip(&in_india) {
            let words = utc.split(' ').zip(india.split(' '));
            for (utc, india) in words {
                match instant(utc) {
                    None => prop_assert_eq!(utc, india),
                    Some(at) => {
                        prop_assert_eq!(instant(india), Some(at));
                        prop_assert!(india.contains("+05:30"), "{}", india);
                    }
                }
            }
        }
        // What is left of the two decides alike.
        let decided = [&utc, &india].map(|advice| (advice.decision.code(), advice.decision.limit_usd()));
        prop_assert_eq!(decided[0], decided[1]);
        utc.decision = advisor_core::decision::Decision::Withdraw { limit_usd: 0.0 };
        india.decision = utc.decision.clone();
        prop_assert_eq!(utc, india);
    }
}
