//! The contract's table of scores, and what holds of all of them.

use proptest::prelude::*;

use super::*;
use crate::defect::Defect;
use crate::evidence::samples::{failing, finding, passing};
use crate::evidence::{Coverage, SuiteRun, Violation};

fn scanned(severities: &[Severity]) -> Vec<Defect> {
    severities.iter().map(|severity| finding(*severity, Source::Scan)).collect()
}

fn covered(percent_times_10: u32) -> Coverage {
    Coverage::Lines { covered: percent_times_10, executable: 1000 }
}

fn violations(count: usize) -> Vec<Violation> {
    let one = |number| Violation { rule: format!("rule-{number}"), path: "a.rs".to_owned(), is_critical: false };
    (0..count).map(one).collect()
}

#[track_caller]
fn scores(evidence: &Evidence, raw: f64, points: u8) {
    let score = Score::of(evidence).expect("nothing is quarantined");
    assert!((score.raw - raw).abs() < 1e-9 && score.points == points, "{score:?}, expected {raw} and {points}");
}

#[test]
fn each_row_of_the_table_holds() {
    use Severity::{Critical, Info, Major, Minor};
    scores(&passing(9), 100.0, 100);
    for (severity, points) in [(Critical, 75), (Major, 90), (Minor, 97), (Info, 99)] {
        scores(&Evidence { findings: scanned(&[severity]), ..passing(9) }, points.into(), points);
    }
    scores(&Evidence { violations: violations(1), ..passing(9) }, 95.0, 95);
    for (coverage, raw, points) in [(600, 96.0, 96), (1000, 102.0, 100), (775, 99.5, 100), (800, 100.0, 100)] {
        scores(&Evidence { coverage: covered(coverage), ..passing(9) }, raw, points);
    }
    scores(&Evidence { coverage: Coverage::Nothing, ..passing(9) }, 84.0, 84);
    scores(&failing(3, 9), 70.0, 70);
    scores(&Evidence { findings: scanned(&[Critical; 5]), ..passing(9) }, -25.0, 0);
    let several = Evidence {
        findings: scanned(&[Critical, Minor]),
        violations: violations(1),
        coverage: covered(700),
        ..passing(9)
    };
    scores(&several, 65.0, 65); // 100 - 25 - 3 - 5 - 2
    scores(&Evidence { findings: scanned(&[Minor]), coverage: covered(775), ..passing(9) }, 96.5, 97);
    scores(&Evidence { coverage: Coverage::Nothing, ..failing(9, 9) }, -6.0, 0);
    let broken = SuiteRun { broken: Some("error[E0425]".to_owned()), ..passing(9).suite.expect("a suite") };
    scores(&Evidence { suite: Some(broken), coverage: Coverage::Nothing, ..passing(9) }, -31.0, 0);
}

#[test]
fn what_one_tool_and_what_beta_takes_is_bounded() {
    let of = |source: Source, severity, count| vec![finding(severity, source); count];
    let ruff = || Source::Analyser("ruff".to_owned());
    scores(&Evidence { findings: of(ruff(), Severity::Minor, 50), ..passing(9) }, 90.0, 90);
    scores(&Evidence { findings: of(ruff(), Severity::Major, 2), ..passing(9) }, 80.0, 80);
    scores(&Evidence { findings: of(Source::Review, Severity::Critical, 2), ..passing(9) }, 85.0, 85);
    let two = [of(ruff(), Severity::Minor, 50), of(Source::Analyser("bandit".to_owned()), Severity::Info, 50)].concat();
    scores(&Evidence { findings: two, ..passing(9) }, 80.0, 80);
}

#[test]
fn quarantined_work_has_no_score() {
    assert_eq!(Score::of(&Evidence { dangers: 1, ..passing(9) }), None);
    assert_eq!(Score::of(&Evidence { secrets: 1, ..passing(9) }), None);
}

fn severity() -> impl Strategy<Value = Severity> {
    prop_oneof![Just(Severity::Info), Just(Severity::Minor), Just(Severity::Major), Just(Severity::Critical)]
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![Just(Source::Scan), Just(Source::Review), "[ab]".prop_map(Source::Analyser)]
}

proptest! {
    #[test]
    fn more_defects_never_score_higher_and_their_order_does_not_matter(
        found in proptest::collection::vec((severity(), source()), 1..20),
        percent in 0..=1000_u32,
        cut in 0..20_usize,
    ) {
        let of = |found: &[(Severity, Source)]| {
            let findings = found.iter().map(|(severity, source)| finding(*severity, source.clone())).collect();
            let evidence = Evidence { findings, coverage: covered(percent), ..passing(3) };
            Score::of(&evidence).expect("nothing is quarantined")
        };
        let all = of(&found);
        let backwards: Vec<_> = found.iter().rev().cloned().collect();
        prop_assert_eq!(all, of(&backwards));
        prop_assert!(of(&found[..cut.min(found.len())]).raw >= all.raw);
    }
}
