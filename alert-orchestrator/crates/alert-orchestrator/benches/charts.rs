//! How long does a chart take, next to matplotlib drawing the same three panels from the same data?
//!
//! `cargo bench -p alert-orchestrator --bench charts`; needs python3 with venv, and makes its own environment in target/.
//! Both sides start from the same columns (a month of hourly samples, and five thousand points) and end with the bytes of a
//! PNG of 1200 × 1400 pixels in memory; each figure is the least of several runs. Left out on both sides: loading data,
//! fitting, smoothing and the density, which are columns already. Left out for matplotlib as well: starting Python, imports,
//! and a first picture that fills its font cache.
#![expect(clippy::print_stdout, reason = "a bench answers on the terminal")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use advisor_core::drawing::Drawing;
use advisor_core::drawing::view::View;
use advisor_testkit::scenarios;
use alert_orchestrator::charts;
use anyhow::{Context as _, ensure};
use jiff::tz::TimeZone;

/// Runs of which the fastest counts: the machines this runs on are shared.
const RUNS: usize = 15;
/// What the script needs; the versions that figures in the documentation were measured with.
const REQUIREMENTS: [&str; 2] = ["matplotlib==3.11.2", "numpy==2.4.6"];

fn main() -> anyhow::Result<()> {
    let work = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-charts");
    std::fs::create_dir_all(&work).with_context(|| format!("making {}", work.display()))?;
    let python = environment(&work)?;
    for (name, drawing) in [
        ("a month of hourly samples", scenarios::withdraw().drawing()),
        ("5 000 points", scenarios::five_thousand_points().drawing()),
    ] {
        let ours = fastest_png(&drawing)?;
        let theirs = fastest_matplotlib(&python, &work, &drawing)?;
        let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
        println!("{name}: {ours:.1?} here, {theirs:.1?} by matplotlib: {ratio:.1} times as fast");
    }
    Ok(())
}

fn fastest_png(drawing: &Drawing) -> anyhow::Result<Duration> {
    let mut fastest = Duration::MAX;
    for _ in 0..RUNS {
        let started = Instant::now();
        black_box(charts::png(black_box(drawing), &TimeZone::UTC)?);
        fastest = fastest.min(started.elapsed());
    }
    Ok(fastest)
}

fn fastest_matplotlib(python: &Path, work: &Path, drawing: &Drawing) -> anyhow::Result<Duration> {
    let (data, picture) = (work.join("data.json"), work.join("matplotlib.png"));
    std::fs::write(&data, serde_json::to_vec(&drawing.view(View::Position))?)?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/charts.py");
    let answer = Command::new(python)
        .arg(script)
        .args([&data, &picture])
        .arg(RUNS.to_string())
        .output()
        .context("starting the script that draws with matplotlib")?;
    ensure!(answer.status.success(), "matplotlib failed: {}", String::from_utf8_lossy(&answer.stderr));
    let seconds: f64 = String::from_utf8(answer.stdout)?.trim().parse().context("reading the time matplotlib took")?;
    Ok(Duration::from_secs_f64(seconds))
}

/// A Python with [`REQUIREMENTS`].
fn environment(work: &Path) -> anyhow::Result<PathBuf> {
    let venv = work.join("venv");
    let python = venv.join("bin/python");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    }
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(REQUIREMENTS))?;
    Ok(python)
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("starting {command:?}"))?;
    ensure!(status.success(), "{command:?} failed");
    Ok(())
}
