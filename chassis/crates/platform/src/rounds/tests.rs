//! Rounds on paused time, and the thread that makes them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::runner::Runner;
use super::{Rounds, Work, spawn};

/// What one round does.
#[derive(Clone, Copy)]
enum Does {
    /// Takes so many seconds.
    Takes(u64),
    /// The same, and asks for another round meanwhile.
    Wants(u64),
    Panics,
}

/// A script of rounds that are due every ten seconds; after the last the service is told to stop.
struct Script {
    rounds: Arc<Rounds>,
    stop: watch::Sender<bool>,
    started_at: Instant,
    next: usize,
    script: Vec<Does>,
    intervals: Arc<Mutex<Vec<u64>>>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Script {
    fn note(&self, what: &str) {
        self.log.lock().unwrap().push(format!("{} {what}", self.started_at.elapsed().as_secs()));
    }
}

impl Work for Script {
    type Outcome = usize;

    fn interval(&self) -> Duration {
        let mut intervals = self.intervals.lock().unwrap();
        Duration::from_secs(if intervals.len() > 1 { intervals.remove(0) } else { intervals[0] })
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(30)
    }

    async fn before_first(&mut self) {
        self.note("before");
    }

    async fn work(&mut self) -> usize {
        self.note("round");
        let does = self.script.get(self.next).copied();
        self.next += 1;
        match does {
            Some(Does::Takes(seconds)) => sleep(Duration::from_secs(seconds)).await,
            Some(Does::Wants(seconds)) => {
                self.rounds.soon();
                self.rounds.soon();
                sleep(Duration::from_secs(seconds)).await;
            }
            Some(Does::Panics) => panic!("on purpose"),
            None => {
                self.stop.send_replace(true);
                std::future::pending().await
            }
        }
        self.next
    }

    async fn finish(&mut self, outcome: Option<usize>) {
        match outcome {
            Some(number) => self.note(&format!("finished {number}")),
            None => self.note("broke off"),
        }
    }

    async fn after_last(self) {
        self.note("after");
    }
}

/// What happened in which second, where rounds go by `script` and the interval is asked for so.
async fn happened(script: &[Does], intervals: &[u64]) -> Vec<String> {
    let (stop, stopping) = watch::channel(false);
    let (rounds, log) = (Arc::new(Rounds::default()), Arc::<Mutex<Vec<String>>>::default());
    let work = Script {
        rounds: Arc::clone(&rounds),
        stop,
        started_at: Instant::now(),
        next: 0,
        script: script.to_vec(),
        intervals: Arc::new(Mutex::new(intervals.to_vec())),
        log: Arc::clone(&log),
    };
    Runner::new(&rounds, work, stopping).run().await;
    log.lock().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn rounds_are_made_at_once_and_then_every_interval() {
    let log = happened(&[Does::Takes(1), Does::Takes(9)], &[10]).await;
    // The third is told to stop, and dropped.
    let expected = ["0 before", "0 round", "1 finished 1", "10 round", "19 finished 2", "20 round", "20 after"];
    assert_eq!(log, expected);
}

#[tokio::test(start_paused = true)]
async fn a_long_round_leaves_those_out_that_fell_due_and_the_schedule_does_not_drift() {
    let log = happened(&[Does::Takes(10), Does::Takes(25), Does::Takes(3)], &[10]).await;
    let rounds: Vec<&str> = log.iter().filter_map(|line| line.strip_suffix(" round")).collect();
    assert_eq!(rounds, ["0", "20", "50", "60"]);
}

#[tokio::test(start_paused = true)]
async fn a_round_before_its_time_follows_at_once_and_moves_no_other() {
    let log = happened(&[Does::Wants(3), Does::Takes(1), Does::Takes(1)], &[10]).await;
    let rounds: Vec<&str> = log.iter().filter_map(|line| line.strip_suffix(" round")).collect();
    assert_eq!(rounds, ["0", "3", "10", "20"]);
}

#[tokio::test(start_paused = true)]
async fn another_interval_counts_from_the_round_that_finds_it() {
    // Asked for at the start and before every round.
    let log = happened(&[Does::Takes(1); 4], &[10, 10, 4, 4, 10]).await;
    let rounds: Vec<&str> = log.iter().filter_map(|line| line.strip_suffix(" round")).collect();
    assert_eq!(rounds, ["0", "10", "14", "18", "28"]);
}

#[tokio::test(start_paused = true)]
async fn a_round_that_panics_ends_no_other() {
    let log = happened(&[Does::Panics, Does::Takes(1)], &[10]).await;
    let expected = ["0 before", "0 round", "0 broke off", "10 round", "11 finished 2", "20 round", "20 after"];
    assert_eq!(log, expected);
}

/// Says in its first round when the next is due, and waits for ever.
struct Announced(Arc<Rounds>, Option<watch::Sender<bool>>, Arc<Mutex<Option<Timestamp>>>);

impl Work for Announced {
    type Outcome = ();

    fn interval(&self) -> Duration {
        Duration::from_secs(3600)
    }

    fn limit(&self) -> Duration {
        Duration::from_millis(5)
    }

    async fn before_first(&mut self) {
        assert_eq!(self.0.next_at(), None);
    }

    async fn work(&mut self) {
        *self.2.lock().unwrap() = self.0.next_at();
        assert!(self.0.is_alive());
        sleep(Duration::from_millis(6)).await;
        assert!(!self.0.is_alive(), "the round has taken longer than it may");
        self.1.take().unwrap().send_replace(true);
        std::future::pending().await
    }

    async fn finish(&mut self, _: Option<()>) {
        unreachable!("the round was dropped")
    }
}

#[tokio::test(start_paused = true)]
async fn during_a_round_it_is_known_when_the_next_is_due_and_whether_it_hangs() {
    let (stop, stopping) = watch::channel(false);
    let (rounds, next_at) = (Arc::new(Rounds::default()), Arc::default());
    let before = Timestamp::now();
    Runner::new(&rounds, Announced(Arc::clone(&rounds), Some(stop), Arc::clone(&next_at)), stopping).run().await;
    let begun_at = next_at.lock().unwrap().unwrap() - SignedDuration::from_hours(1);
    let (before, after) = (before.as_millisecond(), Timestamp::now().as_millisecond());
    assert!((before..=after).contains(&begun_at.as_millisecond()), "{before} {begun_at} {after}");
}

/// Makes one round of nothing; panics where it should take it up, if so wanted.
struct Once {
    stop: watch::Sender<bool>,
    panics: bool,
}

impl Work for Once {
    type Outcome = ();

    fn interval(&self) -> Duration {
        Duration::from_secs(3600)
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(3600)
    }

    async fn work(&mut self) {}

    async fn finish(&mut self, _: Option<()>) {
        assert!(!self.panics, "on purpose");
        self.stop.send_replace(true);
    }
}

#[tokio::test]
async fn the_thread_ends_where_it_is_told_to_or_its_loop_breaks_off() {
    for panics in [false, true] {
        let (stop, stopping) = watch::channel(false);
        let rounds = Arc::new(Rounds::default());
        let handle = spawn(Arc::clone(&rounds), Once { stop, panics }, Duration::ZERO, stopping).unwrap();
        handle.finished().await;
        assert!(!rounds.is_alive(), "panics: {panics}");
    }
}
