//! A clock that is wrong: what is held, and what is not deleted.

use std::fs;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde_json::json;

use crate::remembered::remember;
use crate::world::{NEWEST, POSITIONS, World};

/// The newest sample of the world was a minute ago.
const DAY_AHEAD: i64 = NEWEST + 26;

#[test]
fn samples_newer_than_now_hold_in_either_store_until_the_configuration_lets_them_through() {
    for world in World::both() {
        assert_eq!(world.decision()["wmax_usd"], 24.0);
        world.sample(DAY_AHEAD, 10_060.0);
        let doubtful = world.decision();
        assert_eq!((&doubtful["decision"], &doubtful["reason"]["code"]), (&json!(0), &json!("clock_doubt")));
        let message = doubtful["reason"]["message"].as_str().unwrap();
        let begins = "samples newer than now (by more than 5 min): clock or time zone? The newest is of ";
        assert!(message.starts_with(begins) && message.contains(&world.hour(DAY_AHEAD)), "{message}");
        assert!(message.contains(", 26.0 h after this machine's time ") && !message.contains("stale"), "{message}");
        assert_eq!((&doubtful["g_usd"], &doubtful["wmax_usd"]), (&json!(48.0), &json!(0.0)), "as if it were not there");

        let check = world.run(&["check"]).stdout;
        assert!(check.contains(&format!("{}, 26.0 h after this machine's time", world.hour(DAY_AHEAD))), "{check}");

        let let_through = |client: &str| {
            world.configure_client(client, "");
            world.decision()["wmax_usd"].clone()
        };
        assert_eq!(let_through("  max_clock_skew_minutes: 1600\n"), 24.0);
        assert_eq!(let_through("  max_clock_skew_minutes: null\n"), 24.0);
        let as_of = format!("  date_range: {{end: {}}}\n", world.hour(NEWEST));
        assert_eq!(let_through(&as_of), 24.0);
        assert_eq!(let_through("  max_clock_skew_minutes: 1500\n"), 0.0, "26 h are 1560 min");
    }
}

#[test]
fn a_position_table_is_read_once_whatever_the_clock_says() {
    let world = World::greptime();
    world.sample(DAY_AHEAD, 10_060.0);
    let greptime = world.greptime.as_ref().unwrap();
    greptime.forget_queries();
    assert_eq!(world.decision()["reason"]["code"], "clock_doubt");
    let asked: Vec<String> = greptime.queries().into_iter().map(|query| query.sql).collect();
    let reads = asked.iter().filter(|sql| sql.starts_with("SELECT") && sql.contains(POSITIONS));
    assert_eq!(reads.count(), 1, "{asked:?}");
}

/// Keeps a day of decisions and an hour of charts.
const KEEPS_A_DAY: &str = "  journal: {keep_days: 1}\n  diagnostics: {dir: charts}\n  output_cleanup: {enabled: true, \
                           expire_before_relative: 1h, paths: [charts]}\n";

/// Adds a decision and a chart of this hour.
fn keep(world: &World, hour: i64) {
    let at: Timestamp = world.hour(hour).parse().unwrap();
    remember(world, std::iter::once(at));
    fs::create_dir_all(world.clone.path("charts")).unwrap();
    let chart = fs::File::create(world.clone.path(&format!("charts/{hour}.png"))).unwrap();
    chart.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(at.as_second().try_into().unwrap())).unwrap();
}

/// Evaluates once, and says which of the hours' decisions and charts are left.
fn left(world: &World, hours: &[i64]) -> [Vec<i64>; 2] {
    world.decision();
    let count = |hour: i64| -> i64 {
        let at = world.hour(hour).parse::<Timestamp>().unwrap().as_second() * 1_000_000_000;
        let sql = "select count(*) from decisions where replica = 'test' and ts = ?1";
        world.file().query_row(sql, [at], |row| row.get(0)).unwrap()
    };
    let is_drawn = |hour: i64| world.clone.path(&format!("charts/{hour}.png")).exists();
    let of = |is_there: &dyn Fn(i64) -> bool| hours.iter().copied().filter(|hour| is_there(*hour)).collect();
    [of(&|hour| count(hour) > 0), of(&is_drawn)]
}

#[test]
fn a_clock_that_is_800_days_ahead_deletes_nothing_that_is_to_be_kept() {
    let world = World::days_ago(800);
    assert_eq!(world.decision()["reason"]["code"], "stale_data");
    world.configure(KEEPS_A_DAY);
    let hours = [NEWEST - 40, NEWEST - 20, NEWEST];
    hours.iter().for_each(|hour| keep(&world, *hour));
    // Decisions are kept for 24 h and charts for 1 h, counted from one interval after the newest sample.
    assert_eq!(left(&world, &hours), [hours[1..].to_vec(), hours[2..].to_vec()]);
    // What has been written by the wrong clock meanwhile confirms it in nothing.
    assert_eq!(left(&world, &hours), [hours[1..].to_vec(), hours[2..].to_vec()]);
}

#[test]
fn while_the_clock_is_in_doubt_nothing_is_deleted() {
    let world = World::embedded();
    assert_eq!(world.decision()["decision"], 1);
    world.configure(KEEPS_A_DAY);
    world.sample(DAY_AHEAD, 10_060.0);
    let hours = [NEWEST - 90, NEWEST - 40, NEWEST];
    hours.iter().for_each(|hour| keep(&world, *hour));
    assert_eq!(left(&world, &hours), [hours.to_vec(), hours.to_vec()]);
    world.configure_client("  max_clock_skew_minutes: 1600\n", KEEPS_A_DAY);
    // At once what was kept and one interval: 25 h from the oldest on; then the rest.
    assert_eq!(left(&world, &hours), [hours[1..].to_vec(), hours[2..].to_vec()]);
    assert_eq!(left(&world, &hours), [hours[2..].to_vec(), hours[2..].to_vec()]);
}
