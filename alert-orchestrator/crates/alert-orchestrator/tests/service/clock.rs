//! A clock that is wrong: what is held, and what is not deleted.

use serde_json::json;

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
