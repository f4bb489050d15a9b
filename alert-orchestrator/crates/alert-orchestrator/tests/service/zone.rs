//! Sentences name times in the configured zone, wherever they are read.

use std::fs;

use crate::world::World;

/// The instant as it is said where clocks are five and a half hours ahead.
fn in_kolkata(utc: &str) -> String {
    let at: jiff::Timestamp = utc.parse().unwrap();
    at.display_with_offset(jiff::tz::Offset::from_seconds(5 * 3600 + 1800).unwrap()).to_string()
}

#[test]
fn reasons_warnings_and_what_is_as_of_have_one_zone_in_console_log_page_and_api() {
    let world = World::embedded();
    let file = world.clone.path("data/liqwid_withdrawals_djed.csv");
    let rows = fs::read_to_string(&file).unwrap();
    let tagged_at = world.second(96 * 3600 + 30);
    fs::write(&file, rows.replace(&world.hour(72), &tagged_at).replace("payroll", "alert_driven_withdrawal")).unwrap();
    world.configure("  timezone: Asia/Kolkata\n");
    let (reference, newest) = (in_kolkata(&tagged_at), in_kolkata(&world.hour(96)));
    let reason = format!("reference {reference} is newer than the newest sample {newest}");

    let once = world.run(&["--once"]).stdout;
    assert!(once.contains(&reason), "{once}");
    let explained = world.run(&["explain", "djed"]).stdout;
    assert!(explained.split_whitespace().collect::<Vec<_>>().join(" ").contains(&reason), "{explained}");
    assert!(explained.contains("; times in Asia/Kolkata, +05:30; figures"), "{explained}");
    let check = world.run(&["check"]).stdout;
    assert!(check.contains(&format!("djed: newest sample: {newest}, ")), "{check}");

    let server = world.serve();
    server.printed(&reason, 1);
    let decision = server.get("/api/decisions").json()["djed"].clone();
    assert!(decision["reason"]["message"].as_str().unwrap().ends_with(&reason), "{decision}");
    assert_eq!(decision["t1_ts"], world.hour(96), "fields for programs stay as they are");
    drop(server);

    // Without a tag a warning names the first sample.
    fs::write(&file, rows.replace("(alert_driven_withdrawal)", "")).unwrap();
    let warning = format!("gains count from the asset's first sample, {}", in_kolkata(&world.hour(0)));
    let server = world.serve();
    server.logged(&warning);
    assert!(server.get("/api/explain?asset=djed").json()["warnings"].to_string().contains(&warning));
    drop(server);

    let end = world.hour(90);
    world.configure_client(&format!("  date_range: {{end: \"{end}\"}}\n"), "  timezone: Asia/Kolkata\n");
    let once = world.run(&["--once"]);
    assert!(once.stdout.starts_with(&format!("as of {}\n", in_kolkata(&end))), "{}", once.stdout);
    assert!(once.stderr.contains(&format!("as of {} (client.date_range.end)", in_kolkata(&end))), "{}", once.stderr);
}
