//! The code of a strategy in one market: what does it answer, and what becomes of it when it panics?
//!
//! Start at [`Code::answer`]. After a panic nobody knows what state the strategy was left in, so that it is thrown
//! away. A new one is made and fed the bars before that one, as at the start of a run: a position whose strategy had to
//! warm up from nothing would wait that long for its exit. The bar of the panic is left out, as if it were missing: it
//! would most likely do the same again. So it is with each bar that was panicked on before, which also keeps a strategy
//! that panics on every bar from being fed its whole settle length, and panicking on all of it, bar by bar.

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::bars::{Bar, Series};
use crate::quality;
use crate::strategy::{Position, Signal, Strategy};

use super::participant::Participant;

/// A strategy in one market, and what makes it anew.
pub(super) struct Code<'a> {
    participant: &'a Participant<'a>,
    market: usize,
    strategy: Box<dyn Strategy>,
    /// The bars that it panicked on, by their places in the series, as far back as it may be fed.
    left_out: BTreeSet<usize>,
}

impl<'a> Code<'a> {
    pub(super) fn new(participant: &'a Participant<'a>, market: usize) -> Self {
        Self { participant, market, strategy: (participant.make)(market), left_out: BTreeSet::new() }
    }

    /// Bars until where the data begin no longer matters to it.
    pub(super) fn settle(&self) -> usize {
        self.strategy.warm_up().settle
    }

    /// Forgets every bar.
    pub(super) fn begin_anew(&mut self) {
        self.strategy = (self.participant.make)(self.market);
    }

    /// What it says of a bar, the one at `at` of its series.
    ///
    /// # Errors
    /// It has panicked: with this text. It is one of the same kind then, which has seen the bars before.
    pub(super) fn answer(
        &mut self,
        bar: &Bar,
        series: &Series,
        at: usize,
        position: Option<&Position>,
        max_gap_bars: u32,
    ) -> Result<Signal, String> {
        let answer = self.ask(bar, position);
        if answer.is_err() {
            self.left_out.insert(at);
            self.begin_anew();
            self.feed(series, at, max_gap_bars);
        }
        answer
    }

    fn ask(&mut self, bar: &Bar, position: Option<&Position>) -> Result<Signal, String> {
        // What a panic leaves half done is in the strategy, which is not asked again.
        let answer = catch_unwind(AssertUnwindSafe(|| self.strategy.on_bar(bar, position)));
        answer.map_err(|thrown| text_of(thrown.as_ref()))
    }

    /// Feeds it the bars before the one at `end` back to the last long gap, as many as its settle length. Where it
    /// panics on one of these, too, a new one goes on with the bar after that.
    fn feed(&mut self, series: &Series, end: usize, max_gap_bars: u32) {
        let first = end.saturating_sub(self.settle());
        self.left_out = self.left_out.split_off(&first);
        let after_gap = (first + 1..=end).rev().find(|at| quality::is_after_long_gap(series, *at, max_gap_bars));
        for at in after_gap.unwrap_or(first)..end {
            if !self.left_out.contains(&at) && self.ask(&series.bar(at), None).is_err() {
                self.left_out.insert(at);
                self.begin_anew();
            }
        }
    }
}

/// What a panic says.
fn text_of(thrown: &(dyn Any + Send)) -> String {
    let text = thrown.downcast_ref::<&str>().copied();
    text.or_else(|| thrown.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text").to_owned()
}
