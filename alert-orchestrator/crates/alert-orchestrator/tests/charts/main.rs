//! Charts as pictures and as files.
//!
//! The committed pictures in `tests/charts/pictures/` are half as large as the real ones. After a change that is meant to
//! show, `UPDATE_PICTURES=1 cargo test -p alert-orchestrator --test charts` writes them again: look at them before you commit.
#![expect(clippy::unwrap_used, reason = "a helper that cannot read its case must fail the test")]

mod picture;

use std::fs;
use std::path::Path;

use advisor_core::rules::Baseline;
use advisor_testkit::scenarios::{self, Story};
use alert_orchestrator::charts;
use jiff::tz::TimeZone;

use picture::Picture;

fn madrid() -> TimeZone {
    TimeZone::get("Europe/Madrid").unwrap()
}

fn draw(story: &Story) -> Picture {
    Picture::decode(&charts::png(&story.drawing(), &madrid()).unwrap())
}

/// Compares what is drawn of a story with the committed picture.
#[track_caller]
fn looks_like(story: &Story, name: &str) {
    let drawn = draw(story).halved();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/charts/pictures").join(name);
    if std::env::var_os("UPDATE_PICTURES").is_some() {
        fs::write(&path, drawn.encode()).unwrap();
    }
    let committed = Picture::decode(&fs::read(&path).unwrap());
    let different = drawn.share_that_differs(&committed);
    assert!(different < 1e-3, "{} of the pixels differ from {}", different, path.display());
}

#[test]
fn a_withdrawal_looks_as_it_did() {
    looks_like(&scenarios::withdraw(), "withdraw.png");
}

#[test]
fn a_gate_that_holds_looks_as_it_did() {
    looks_like(&scenarios::held_by_the_gate(), "held_by_the_gate.png");
}

#[test]
fn eight_points_look_as_they_did() {
    looks_like(&scenarios::daily(8), "eight_points.png");
}

#[test]
fn residuals_of_nothing_but_rounding_look_as_they_did() {
    let mut story = scenarios::flat();
    story.rules.gate.baseline = Baseline::Polynomial(1); // interest alone is a line
    looks_like(&story, "rounding.png");
}

#[test]
fn a_trigger_far_beyond_the_residuals_looks_as_it_did() {
    let mut story = scenarios::withdraw();
    story.rules.gate.min_residual_bps = 100.0; // 1 % of 22 800 USD, beside residuals of 24
    story.options.lookback_hours = Some(500.0); // t0 is before
    looks_like(&story, "trigger_far_away.png");
}

#[test]
fn the_comparison_notices_a_change_of_one_line() {
    let story = scenarios::daily(8);
    let mut changed = scenarios::daily(8);
    changed.options.sigma_band = false;
    let different = draw(&story).halved().share_that_differs(&draw(&changed).halved());
    assert!(different > 2e-3, "only {different} of the pixels differ without a band");
}

/// Under 200 kB and of the right size, whatever there is to draw.
#[track_caller]
fn is_small(drawing: &advisor_core::drawing::Drawing) {
    let png = charts::png(drawing, &TimeZone::UTC).unwrap();
    assert!(png.len() < 200_000, "{} bytes", png.len());
    let picture = Picture::decode(&png);
    assert_eq!((picture.width, picture.height), charts::SIZE);
    // Something is drawn, and most of it is paper.
    let paper = picture.share_of([255, 255, 255]);
    assert!((0.5..0.99).contains(&paper), "{paper} of the picture is white");
}

#[test]
fn months_of_samples_make_a_small_picture() {
    is_small(&scenarios::sixty_days().drawing());
    is_small(&scenarios::five_thousand_points().drawing());
}

#[test]
fn every_order_of_magnitude_makes_a_small_picture() {
    is_small(&scenarios::steady_prices().drawing());
    is_small(&scenarios::huge().drawing());
    is_small(&scenarios::tiny().drawing());
}

#[test]
fn what_is_missing_makes_a_small_picture() {
    is_small(&scenarios::flat().drawing());
    is_small(&scenarios::no_reference().drawing());
    is_small(&scenarios::daily(1).drawing());
    is_small(&scenarios::daily(2).drawing());
    is_small(&scenarios::error());
}

#[test]
fn the_same_drawing_gives_the_same_bytes_on_any_thread() {
    let drawing = scenarios::fallback().drawing();
    let here = charts::png(&drawing, &madrid()).unwrap();
    let there = std::thread::spawn(move || charts::png(&drawing, &madrid()).unwrap()).join().unwrap();
    assert_eq!(here, there);
}

#[test]
fn a_file_is_named_by_asset_and_local_time() {
    let name = |at: &str, zone| charts::file_name("djed", at.parse().unwrap(), &TimeZone::get(zone).unwrap());
    assert_eq!(name("2026-01-31T23:05:07Z", "UTC"), "djed_20260131_230507_residual_composite.png");
    assert_eq!(name("2026-01-31T23:05:07Z", "Europe/Madrid"), "djed_20260201_000507_residual_composite.png");
}

#[test]
fn a_file_appears_complete_and_alone_and_replaces_its_namesake() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("made/on/demand");
    let drawing = scenarios::daily(8).drawing();
    let path = charts::write(&dir, &drawing, &TimeZone::UTC).unwrap();
    assert_eq!(path, dir.join("wanusdc_20260108_000500_residual_composite.png"));
    fs::write(&path, "not a picture").unwrap();
    assert_eq!(charts::write(&dir, &drawing, &TimeZone::UTC).unwrap(), path);
    assert_eq!(fs::read(&path).unwrap(), charts::png(&drawing, &TimeZone::UTC).unwrap());
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "no other file is left behind");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o444, 0o444, "a web server may read it");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    fs::write(&blocked, "").unwrap();
    let error = charts::write(&blocked, &scenarios::error(), &TimeZone::UTC).unwrap_err();
    let expected =
        format!("writing the chart {}/djed_20260101_000000_residual_composite.png failed", blocked.display());
    assert_eq!(error.to_string(), expected);
    assert!(std::error::Error::source(&error).is_some(), "the system's reason is kept");
}
