//! What does the log say of a round? Every error, and of the warnings those that are news.
//!
//! Start at [`Told`]. A new one has said nothing yet, so that a command, which makes one round, says all. The service
//! keeps its own: a warning that stands is said when it comes, again every [`AGAIN_EVERY`], and when it goes. Page, API
//! and `explain` show all that stand.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use advisor_core::decision::{Decision, Reason};
use advisor_core::store::StoreError;
use jiff::Timestamp;
use tracing::{error, info, warn};

use crate::evaluate::Evaluation;
use crate::found_prices::NoPrice;
use crate::sync::Pulled;

/// After this the log says again that a warning still stands.
const AGAIN_EVERY: Duration = Duration::from_secs(24 * 3600);

/// Codes of holds beside which not all is seen that there would be to warn of.
const UNSEEING: [&str; 4] = ["clock_doubt", "no_reference", "no_data", "stale_data"];

/// What the log has said of the rounds so far.
#[derive(Debug, Default)]
pub(crate) struct Told {
    assets: BTreeMap<String, Matters>,
    prices: Matters,
    pulls: Matters,
    journal: Matters,
    pruning: Matters,
}

impl Told {
    /// Says what is new in a round, or in what was evaluated anew between two.
    pub(crate) fn round(&mut self, evaluation: &Evaluation) {
        let now = Instant::now();
        let mut news = Vec::new();
        // Where nothing could be evaluated, perhaps nobody was asked for prices.
        if !evaluation.advice.iter().all(|advice| advice.decision.is_error()) {
            news.extend(self.prices.news(now, evaluation.prices.missing.iter().map(no_price), |_| false));
        }
        for advice in &evaluation.advice {
            let asset = Some(advice.asset.as_str());
            let reason = advice.decision.reason();
            let warnings = advice.warnings.iter().map(|warning| Line {
                asset,
                standing: warning.standing().to_owned(),
                text: warning.to_string(),
                magnitude: warning.magnitude(),
            });
            let matters = self.assets.entry(advice.asset.clone()).or_default();
            if let (Decision::Error(_), Some(Reason { code, message })) = (&advice.decision, &reason) {
                error!(asset, code, "{message}");
            }
            // An error may have stopped before what there was to warn of.
            let goes_on = |standing: &str| advice.decision.is_error() || hides(reason.as_ref(), standing);
            news.extend(matters.news(now, warnings, goes_on));
        }
        news.iter().for_each(News::log);
    }

    /// Says how a pull of transactions went that nobody watched.
    pub(crate) fn pull(&mut self, pulled: &Pulled) {
        let line = match pulled {
            Ok(summary) => {
                info!("transactions pulled from Liqwid: {}", summary.message);
                // Every pull begins with another wallet, so that one cause names others every time.
                let text = || format!("pulling transactions from Liqwid: {}", summary.errors.join("; "));
                let standing = format!("{} failed", summary.errors.len());
                (!summary.is_complete()).then(|| Line { asset: None, standing, text: text(), magnitude: 0 })
            }
            Err(cause) => {
                let text = format!("no transactions pulled from Liqwid: {}", legible::line(cause));
                Some(Line { asset: None, standing: "none".to_owned(), text, magnitude: 0 })
            }
        };
        self.pulls.say(line);
    }

    /// Says whether the decisions of a round were written down.
    pub(crate) fn kept(&mut self, kept: &Result<(), StoreError>) {
        let fault = kept.as_ref().err();
        self.journal.say(fault.map(|error| of_journal("the decisions could not be written into the journal", error)));
    }

    /// Says whether old decisions could be removed.
    pub(crate) fn pruned<T>(&mut self, pruned: &Result<T, StoreError>) {
        let fault = pruned.as_ref().err();
        self.pruning.say(fault.map(|error| of_journal("old decisions could not be removed from the journal", error)));
    }
}

/// Whether a warning may still stand although there is none any more: a hold says the same, or not all is seen beside it.
fn hides(reason: Option<&Reason>, standing: &str) -> bool {
    reason.is_some_and(|reason| UNSEEING.contains(&reason.code) || reason.message.contains(standing))
}

/// The cause is another one with every second answer of a server in trouble.
fn no_price(missing: &NoPrice) -> Line<'_> {
    let NoPrice { asset, source, cause } = missing;
    let what = if asset.is_some() { "no price" } else { "no prices" };
    let text = format!("{what} from {}: {}", source.name(), legible::line(cause));
    Line { asset: asset.as_deref(), standing: source.name().to_owned(), text, magnitude: 0 }
}

/// Whatever the cause: a server in trouble has another with every answer.
fn of_journal(what: &'static str, error: &StoreError) -> Line<'static> {
    Line { asset: None, standing: what.to_owned(), text: format!("{what}: {error}"), magnitude: 0 }
}

/// A warning as it is written.
struct Line<'a> {
    asset: Option<&'a str>,
    /// What is the same for as long as it says nothing new.
    standing: String,
    text: String,
    /// Of what it is about, as a power of ten.
    magnitude: i32,
}

/// Warnings that stand, by their asset and what stands of them.
#[derive(Debug, Default)]
struct Matters(BTreeMap<(Option<String>, String), Matter>);

#[derive(Debug)]
struct Matter {
    since: Timestamp,
    told_at: Instant,
    /// How it read the last time.
    text: String,
    /// The largest that was told.
    magnitude: i32,
}

impl Matters {
    /// Says the news of what is one matter or none.
    fn say(&mut self, line: Option<Line<'_>>) {
        self.news(Instant::now(), line.into_iter(), |_| false).iter().for_each(News::log);
    }

    /// Takes all warnings that there are now; returns what is to be said of them and of those that there were. Of these
    /// `goes_on` says which are not over.
    fn news<'a>(
        &mut self,
        now: Instant,
        lines: impl Iterator<Item = Line<'a>>,
        goes_on: impl Fn(&str) -> bool,
    ) -> Vec<News> {
        let mut before = std::mem::take(&mut self.0);
        let mut news = Vec::new();
        for Line { asset, standing, text, magnitude } in lines {
            let key = (asset.map(str::to_owned), standing);
            let asset = key.0.clone();
            let matter = match before.remove(&key) {
                Some(known) if magnitude <= known.magnitude => {
                    let is_due = now.duration_since(known.told_at) >= AGAIN_EVERY;
                    if is_due {
                        news.push(News::Stands { asset, since: known.since, text: text.clone() });
                    }
                    Matter { told_at: if is_due { now } else { known.told_at }, text, ..known }
                }
                known => {
                    news.push(News::Came { asset, text: text.clone() });
                    let since = known.map_or_else(Timestamp::now, |known| known.since);
                    Matter { since, told_at: now, text, magnitude }
                }
            };
            self.0.insert(key, matter);
        }
        for (key, matter) in before {
            if goes_on(&key.1) {
                self.0.insert(key, matter);
            } else {
                news.push(News::Went { asset: key.0, since: matter.since, text: matter.text });
            }
        }
        news
    }
}

/// What the log says of a warning.
#[derive(Debug, PartialEq)]
enum News {
    Came { asset: Option<String>, text: String },
    Stands { asset: Option<String>, since: Timestamp, text: String },
    Went { asset: Option<String>, since: Timestamp, text: String },
}

impl News {
    fn log(&self) {
        match self {
            Self::Came { asset, text } => warn!(asset, "{text}"),
            Self::Stands { asset, since, text } => warn!(asset, %since, "still: {text}"),
            Self::Went { asset, since, text } => info!(asset, %since, "no longer: {text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of the warnings of one asset after so many hours: `+` of one that came, `=` stands, `-` went.
    fn told(matters: &mut Matters, start: Instant, hours: u64, warnings: &[[&'static str; 2]]) -> Vec<String> {
        let line = |[standing, text]: &[&'static str; 2]| Line {
            asset: Some("djed"),
            standing: (*standing).to_owned(),
            text: (*text).to_owned(),
            magnitude: i32::from(text.contains("ten times")),
        };
        let now = start + Duration::from_secs(hours * 3600);
        let news = matters.news(now, warnings.iter().map(line), |standing| standing == "held");
        let short = |news| match news {
            News::Came { text, .. } => format!("+{text}"),
            News::Stands { text, .. } => format!("={text}"),
            News::Went { text, .. } => format!("-{text}"),
        };
        news.into_iter().map(short).collect()
    }

    #[test]
    fn a_hold_hides_the_warnings_that_it_says_or_keeps_from_being_seen() {
        let of = |code, message: &str| Reason { code, message: message.to_owned() };
        let mismatch = of("price_mismatch", "off peg (…); price mismatch (positions …), 2 comparisons in a row");
        let stale = of("stale_data", "stale data (newest sample 30.5 h old)");
        let hidden = |reason| ["price mismatch", "withdrawn 5.00 USD"].map(|standing| hides(reason, standing));
        assert_eq!(
            [hidden(Some(&mismatch)), hidden(Some(&stale)), hidden(None)],
            [[true, false], [true; 2], [false; 2]]
        );
    }

    #[test]
    fn a_warning_is_said_when_it_comes_once_a_day_while_it_stands_and_when_it_goes() {
        let (mut matters, start) = (Matters::default(), Instant::now());
        let mut at = |hours, warnings: &[_]| told(&mut matters, start, hours, warnings);
        assert_eq!(at(0, &[["3 stale", "3 stale, 25 h"]]), ["+3 stale, 25 h"]);
        for hours in 1..24 {
            assert_eq!(at(hours, &[["3 stale", "3 stale, 26 h"]]), [""; 0], "only its age moved");
        }
        assert_eq!(at(24, &[["3 stale", "3 stale, 49 h"]]), ["=3 stale, 49 h"]);
        assert_eq!(at(47, &[["3 stale", "3 stale, 72 h"], ["other", "other"]]), ["+other"]);
        assert_eq!(at(48, &[["4 stale", "4 stale, 73 h"], ["other", "other"]]), ["+4 stale, 73 h", "-3 stale, 72 h"]);
        assert_eq!(at(49, &[]), ["-4 stale, 73 h", "-other"]);
        assert_eq!(at(50, &[["other", "other"]]), ["+other"]);
        assert_eq!(at(51, &[["other", "other, but ten times as much"]]), ["+other, but ten times as much"]);
        assert_eq!(at(52, &[["other", "other"]]), [""; 0], "less is no news");
        assert_eq!(at(53, &[["other", "other, but ten times as much"]]), [""; 0]);
        assert_eq!(at(54, &[["held", "held after 2"]]), ["+held after 2", "-other, but ten times as much"]);
        assert_eq!(at(55, &[]), [""; 0], "a hold says it now");
        assert_eq!(at(56, &[["held", "held after 2"]]), [""; 0]);
    }
}
