//! What is known of an iteration's work: everything that its score, its gates and the decision follow from.
//!
//! It is stored and goes into the archive, so that anybody can compute them again.

use serde::{Deserialize, Serialize};

use crate::defect::{Defect, Severity, Source};

/// What became of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// It ran and passed.
    Passed,
    /// It ran and failed.
    Failed,
    /// The runner left it out.
    Skipped,
    /// The report does not have it.
    Missing,
}

/// A test that must pass: of the frozen suite, or collected later in frozen files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// Its id, as its runner has it.
    pub id: String,
    /// What became of it on the base.
    pub on_base: TestOutcome,
    /// What became of it on the work. Anything but passed is a failure.
    pub now: TestOutcome,
    /// Whether its two runs on the base differed, so that it proves nothing.
    pub is_flaky: bool,
}

/// The run of the tests that decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuiteRun {
    /// Why nothing of the run is believed: it does not build or collect, or report, counts and exit code disagree.
    pub broken: Option<String>,
    /// The tests that must pass. Where the run is broken, none has.
    pub expected: Vec<Expected>,
    /// Ids of Alpha's own tests that failed: they take points, and touch no gate.
    pub own_failed: Vec<String>,
}

impl SuiteRun {
    /// What became of a test in this run, as far as the run is believed.
    fn outcome(&self, test: &Expected) -> TestOutcome {
        if self.broken.is_some() { TestOutcome::Missing } else { test.now }
    }

    /// Tests that must pass and have not.
    pub fn not_passed(&self) -> impl Iterator<Item = &Expected> {
        self.expected.iter().filter(|test| self.outcome(test) != TestOutcome::Passed)
    }

    /// Whether a test shows that the work did something: it failed on the base and passes now.
    #[must_use]
    pub fn has_proof(&self) -> bool {
        let proves = |test: &Expected| {
            !test.is_flaky && test.on_base != TestOutcome::Passed && self.outcome(test) == TestOutcome::Passed
        };
        self.expected.iter().any(proves)
    }

    /// What the run says against the work: a broken run is one critical defect, each test that has not passed a major one.
    pub fn defects(&self) -> impl Iterator<Item = Defect> {
        let broken = self.broken.iter().map(|why| defect(Severity::Critical, "build", why.clone(), Source::Runner));
        let failed = self
            .not_passed()
            .map(|test| &test.id)
            .chain(&self.own_failed)
            .map(|id| defect(Severity::Major, "test", format!("{id} has not passed"), Source::Test(id.clone())));
        broken.chain(failed)
    }
}

fn defect(severity: Severity, category: &str, description: String, source: Source) -> Defect {
    Defect { severity, category: category.to_owned(), description, path: None, line: None, source }
}

/// Per cent of coverage that neither take nor give points, and that a task with `require_coverage` asks for.
pub(crate) const COVERED: f64 = 80.0;

/// How much of what counts was run by the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    /// It cannot be measured, no changed line is executable, or no tests were wanted.
    Unknown,
    /// No test ran though tests were wanted.
    Nothing,
    /// Executable lines that were run, of all of them.
    Lines {
        /// Those that were run.
        covered: u32,
        /// All of them, at least 1.
        executable: u32,
    },
}

impl Coverage {
    /// Per cent; `None` where it is unknown.
    #[must_use]
    pub fn percent(self) -> Option<f64> {
        match self {
            Self::Unknown => None,
            Self::Nothing => Some(0.0),
            Self::Lines { covered, executable } => Some(100.0 * f64::from(covered) / f64::from(executable.max(1))),
        }
    }
}

/// A policy that a file breaks; one per rule and file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The rule's id.
    pub rule: String,
    /// The file.
    pub path: String,
    /// Whether the rule is critical.
    pub is_critical: bool,
}

/// What is known of an iteration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The run of the suite; `None` with `tests: none`.
    pub suite: Option<SuiteRun>,
    /// Whether a test has to show that the work did something; waived for refactorings, strategies and `tests: none`.
    pub needs_proof: bool,
    /// Frozen files and items, and protected paths, that were changed; places that tamper with tests.
    pub tampered: Vec<String>,
    /// Changed paths outside `allowed_paths`.
    pub out_of_scope: Vec<String>,
    /// Names of declared checks that failed, and did not on the base.
    pub failed_checks: Vec<String>,
    /// How much was run by the tests.
    pub coverage: Coverage,
    /// Whether the task asks for coverage.
    pub requires_coverage: bool,
    /// Critical findings of the scan for danger.
    pub dangers: usize,
    /// Secrets that were found.
    pub secrets: usize,
    /// Policies that were broken.
    pub violations: Vec<Violation>,
    /// Whether Beta's answer was had and parsed.
    pub is_reviewed: bool,
    /// What scan, analysers and Beta found; what the suite says comes on top.
    pub findings: Vec<Defect>,
}

impl Evidence {
    /// All defects.
    pub fn defects(&self) -> impl Iterator<Item = Defect> {
        self.suite.iter().flat_map(SuiteRun::defects).chain(self.findings.iter().cloned())
    }

    /// Whether nothing of the work may run or be shown.
    #[must_use]
    pub fn is_quarantined(&self) -> bool {
        self.dangers > 0 || self.secrets > 0
    }
}

/// Evidence to begin tests from.
#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    /// That `failed` of `count` expected tests fail, coverage is unknown, and nothing else is wrong.
    pub(crate) fn failing(failed: usize, count: usize) -> Evidence {
        let expected = |number: usize| Expected {
            id: format!("test_{number}"),
            on_base: TestOutcome::Failed,
            now: if number < failed { TestOutcome::Failed } else { TestOutcome::Passed },
            is_flaky: false,
        };
        Evidence {
            suite: Some(SuiteRun {
                broken: None,
                expected: (0..count).map(expected).collect(),
                own_failed: Vec::new(),
            }),
            needs_proof: true,
            tampered: Vec::new(),
            out_of_scope: Vec::new(),
            failed_checks: Vec::new(),
            coverage: Coverage::Unknown,
            requires_coverage: false,
            dangers: 0,
            secrets: 0,
            violations: Vec::new(),
            is_reviewed: true,
            findings: Vec::new(),
        }
    }

    pub(crate) fn passing(count: usize) -> Evidence {
        failing(0, count)
    }

    /// A finding of an analyser.
    pub(crate) fn finding(severity: Severity, source: Source) -> Defect {
        Defect {
            severity,
            category: "style".to_owned(),
            description: "something".to_owned(),
            path: Some("src/lib.rs".to_owned()),
            line: Some(1),
            source,
        }
    }
}
