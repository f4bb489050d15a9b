//! Each gate by itself: it fails for its reason, and alone.

use super::*;
use crate::defect::Source;
use crate::evidence::samples::{failing as with_failures, finding, passing};
use crate::evidence::{Coverage, TestOutcome, Violation};

#[track_caller]
fn fails(evidence: &Evidence, expected: &[Gate]) {
    assert_eq!(failing(evidence), expected);
}

#[test]
fn work_without_fault_passes_all() {
    fails(&passing(3), &[]);
    fails(&Evidence { suite: None, needs_proof: false, ..passing(0) }, &[]);
}

#[test]
fn a_suite_that_does_not_build_has_passed_nothing() {
    let broken = SuiteRun { broken: Some("error[E0425]".to_owned()), ..passing(3).suite.expect("a suite") };
    let evidence = Evidence { suite: Some(broken), ..passing(3) };
    fails(&evidence, &[Gate::Builds, Gate::Tests, Gate::Proof, Gate::Defects]);
}

#[test]
fn every_expected_test_has_to_pass_and_one_has_to_have_failed_before() {
    fails(&with_failures(1, 3), &[Gate::Tests]);
    fails(&passing(0), &[Gate::Tests, Gate::Proof]);
    for now in [TestOutcome::Skipped, TestOutcome::Missing] {
        let mut evidence = passing(3);
        evidence.suite.as_mut().expect("a suite").expected[0].now = now;
        fails(&evidence, &[Gate::Tests]);
    }
    let mut old = passing(2);
    let expected = &mut old.suite.as_mut().expect("a suite").expected;
    expected[0].on_base = TestOutcome::Passed;
    expected[1].is_flaky = true;
    fails(&old, &[Gate::Proof]);
    fails(&Evidence { needs_proof: false, ..old }, &[]);
}

#[test]
fn what_alphas_own_tests_say_touches_no_gate() {
    let mut evidence = passing(3);
    evidence.suite.as_mut().expect("a suite").own_failed.push("own".to_owned());
    fails(&evidence, &[]);
}

#[test]
fn each_of_the_others_fails_for_its_reason() {
    let names = || vec!["a".to_owned()];
    let violation = |is_critical| vec![Violation { rule: "A03".to_owned(), path: "a.rs".to_owned(), is_critical }];
    let covered = |covered| Coverage::Lines { covered, executable: 1000 };
    let asked = |coverage| Evidence { coverage, requires_coverage: true, ..passing(3) };
    fails(&Evidence { tampered: names(), ..passing(3) }, &[Gate::Integrity]);
    fails(&Evidence { out_of_scope: names(), ..passing(3) }, &[Gate::Scope]);
    fails(&Evidence { failed_checks: names(), ..passing(3) }, &[Gate::Checks]);
    fails(&asked(Coverage::Unknown), &[Gate::Coverage]);
    fails(&asked(covered(799)), &[Gate::Coverage]);
    fails(&asked(covered(800)), &[]);
    for source in [Source::Review, Source::Scan] {
        let findings = vec![finding(Severity::Critical, source)];
        fails(&Evidence { findings, ..passing(3) }, &[Gate::Defects]);
    }
    fails(&Evidence { dangers: 1, ..passing(3) }, &[Gate::Danger]);
    fails(&Evidence { secrets: 1, ..passing(3) }, &[Gate::Secrets]);
    fails(&Evidence { violations: violation(true), ..passing(3) }, &[Gate::Policy]);
    fails(&Evidence { violations: violation(false), ..passing(3) }, &[]);
    fails(&Evidence { is_reviewed: false, ..passing(3) }, &[Gate::Review]);
}
