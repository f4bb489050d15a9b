//! What did a program cost? Wall time, CPU time and peak memory of a child process.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use wait4::Wait4 as _;

/// What one run cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    pub(super) wall: Duration,
    /// User and system time.
    pub(super) cpu: Duration,
    /// Largest resident set, bytes. A child starts with the one of its parent, so this program stays small.
    pub(super) peak_rss: u64,
}

/// Runs a command, its standard output discarded, and measures it.
pub(super) fn run(command: &mut Command) -> anyhow::Result<Cost> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let started = Instant::now();
    let child = command.spawn().with_context(|| format!("starting {command:?}"))?;
    let used = child.wait4().with_context(|| format!("waiting for {command:?}"))?;
    let wall = started.elapsed();
    if !used.status.success() {
        bail!("{command:?} ended with {}", used.status);
    }
    Ok(Cost { wall, cpu: used.rusage.utime + used.rusage.stime, peak_rss: used.rusage.maxrss })
}

/// Runs a command several times and keeps, of each figure, the least: what else the machine does only adds.
pub(super) fn best_of(runs: usize, mut command: impl FnMut() -> anyhow::Result<Command>) -> anyhow::Result<Cost> {
    let mut best: Option<Cost> = None;
    for _ in 0..runs {
        let cost = run(&mut command()?)?;
        best = Some(best.map_or(cost, |best| Cost {
            wall: best.wall.min(cost.wall),
            cpu: best.cpu.min(cost.cpu),
            peak_rss: best.peak_rss.min(cost.peak_rss),
        }));
    }
    best.context("no runs")
}

/// A process that ends with the value that holds it.
pub(super) struct Server(pub(super) Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
