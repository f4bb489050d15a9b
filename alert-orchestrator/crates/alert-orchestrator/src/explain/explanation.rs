//! What is explained, and how much of it.

use std::borrow::Cow;

use advisor_core::advice::Advice;
use advisor_core::rules::Rules;
use serde::Serialize;

/// Which wallets are shown step by step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wallets<'a> {
    /// The ten that matter most.
    Most,
    All,
    /// The one with this address.
    One(&'a str),
}

/// An advice, and by which rules it was given.
pub(crate) struct Explanation<'a> {
    pub(crate) advice: &'a Advice,
    pub(crate) rules: &'a Rules,
    /// Whether it is as of a configured time instead of now.
    pub(crate) is_past: bool,
    pub(crate) wallets: Wallets<'a>,
}

/// What programs and the page read: every figure of the advice, and the sentences.
#[derive(Serialize)]
pub(crate) struct Explained<'a> {
    #[serde(flatten)]
    pub(super) advice: Cow<'a, Advice>,
    /// In paragraphs, the first of which says what may be done.
    pub(super) summary: Vec<String>,
}
