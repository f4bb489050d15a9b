//! What does a check without the histories notice?

use super::*;
use crate::examples::folder::file_names;

const DEPOSITS: &str = "liqwid_deposits_usdc.csv";
const POSITIONS: &str = "liqwid_supply_positions_usdc.csv";
const WITHDRAWALS: &str = "liqwid_withdrawals_usdc.csv";

/// A copy of the folder with one file written anew, or removed.
fn changed(name: &str, contents: Option<&str>) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for name in file_names(&examples()).unwrap() {
        fs::copy(examples().join(&name), folder.path().join(&name)).unwrap();
    }
    let path = folder.path().join(name);
    match contents {
        Some(contents) => fs::write(path, contents).unwrap(),
        None => fs::remove_file(path).unwrap(),
    }
    [checksums::faults(folder.path()).unwrap(), accounts::faults(&committed(folder.path()).unwrap())].concat()
}

/// The same where somebody wrote the list of checksums anew, too: what the accounts alone notice.
#[track_caller]
fn unexplained(name: &str, from: &str, to: &str) -> Vec<String> {
    let mut tables = shipped();
    let table = tables.get_mut(name).unwrap();
    assert_eq!(table.matches(from).count(), 1, "{from} in {name}");
    *table = table.replace(from, to);
    accounts::faults(&tables)
}

/// The line of a table that begins like this, with its end.
fn line(name: &str, start: &str) -> String {
    let table = &shipped()[name];
    let found: Vec<&str> = table.split_inclusive('\n').filter(|line| line.starts_with(start)).collect();
    assert_eq!(found.len(), 1, "{start} in {name}");
    found[0].to_owned()
}

fn sample(day: &str, wallet: &str) -> String {
    line(POSITIONS, &format!("{day}T00:00:00Z,{wallet},"))
}

#[test]
fn the_committed_tables_have_their_checksums_and_add_up() {
    assert_eq!(checksums::faults(&examples()).unwrap(), [""; 0]);
    assert_eq!(accounts::faults(&shipped()), [""; 0]);
    run(crate::project_root(), &Options { check: true, history: None }).unwrap();
}

#[test]
fn without_histories_nothing_is_written_and_the_error_says_what_to_pass() {
    let error = run(crate::project_root(), &Options { check: false, history: None }).unwrap_err().to_string();
    assert!(error.contains("--history FOLDER") && error.contains("--check"), "{error}");
}

#[test]
fn a_changed_byte_is_named_by_its_file_and_by_its_day() {
    let table = shipped()[POSITIONS].replacen("12005.286974", "12005.286978", 1); // 4 millionths of a unit
    let found = changed(POSITIONS, Some(&table));
    assert_eq!(found[0], format!("{POSITIONS}: its SHA-256 is not the one in SHA256SUMS"));
    assert!(
        found[1].starts_with(&format!("{POSITIONS}: {OPERATIONS}: value 11999.84401699 on 2024-09-11")),
        "{found:#?}"
    );
}

#[test]
fn a_missing_table_an_unlisted_file_and_a_list_that_is_cut_off_are_named() {
    let missing = [format!("{DEPOSITS}: listed in SHA256SUMS, but missing"), format!("{DEPOSITS}: missing")];
    assert_eq!(changed(DEPOSITS, None), missing);
    assert_eq!(changed("liqwid_deposits_eurx.csv", Some("")), ["liqwid_deposits_eurx.csv: not listed in SHA256SUMS"]);
    assert_eq!(changed("notes.txt", Some("")), ["notes.txt: not listed in SHA256SUMS"]);
    assert_eq!(changed("SHA256SUMS", Some("")).len(), 15); // three tables of five assets
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("SHA256SUMS"), "abc liqwid.csv\n").unwrap();
    let error = checksums::faults(folder.path()).unwrap_err().to_string();
    assert!(error.ends_with(r#"SHA256SUMS:1: "abc liqwid.csv", expected a SHA-256, two spaces and a name"#), "{error}");
}

#[test]
fn a_removed_deposit_is_a_rise_that_nothing_explains() {
    let deposit = line(DEPOSITS, "2025-03-03");
    let found = unexplained(DEPOSITS, &deposit, "");
    assert_eq!(found[0], format!("{DEPOSITS}: not the flows of the plan from line 2 on"));
    assert!(found[1].contains(OPERATIONS) && found[1].contains("on 2025-03-03, flows of that day aside"), "{found:#?}");
    assert_eq!(found.len(), 2, "{found:#?}");
}

#[test]
fn a_doubled_withdrawal_and_a_withdrawal_that_stands_twice_are_named() {
    for (from, to) in [
        ("USDC,350.000000,payroll".to_owned(), "USDC,700.000000,payroll".to_owned()),
        (line(WITHDRAWALS, "2026-01-05"), line(WITHDRAWALS, "2026-01-05").repeat(2)),
    ] {
        let found = unexplained(WITHDRAWALS, &from, &to);
        assert!(found[0].starts_with(&format!("{WITHDRAWALS}: not the flows of the plan from line ")), "{found:#?}");
        assert!(found[1].contains(GROWTH) && found[1].contains("on 2026-01-05"), "{found:#?}");
        assert_eq!(found.len(), 2, "{found:#?}");
    }
}

#[test]
fn a_reference_without_its_tag_is_named() {
    let found = unexplained(WITHDRAWALS, "gain taken out (alert_driven_withdrawal)", "gain taken out");
    assert_eq!(found, [format!("{WITHDRAWALS}: not the flows of the plan from line 3 on")]);
}

#[test]
fn a_flow_needs_a_sample_of_its_wallet_and_its_day() {
    let late = line(DEPOSITS, "2025-03-03").replace("2025-03-03", "2027-03-03");
    let found = unexplained(DEPOSITS, &line(DEPOSITS, "2025-03-03"), &late);
    assert_eq!(found[1], format!("{POSITIONS}: {OPERATIONS}: no sample on 2027-03-03, the day of a flow"));
}

#[test]
fn a_sample_must_be_there_once_on_each_day() {
    let row = sample("2025-03-05", RESERVE);
    let gap = format!("{POSITIONS}: {RESERVE}: no sample on 2025-03-05, a day on which other wallets have one");
    assert_eq!(unexplained(POSITIONS, &row, ""), std::slice::from_ref(&gap));
    let found = unexplained(POSITIONS, &row, &row.repeat(2));
    assert!(
        found[0].ends_with("the sample of 2025-03-05 follows that of 2025-03-05, expected a later day"),
        "{found:#?}"
    );
    let found = unexplained(POSITIONS, &row, &row.replace(RESERVE, "addr1x"));
    assert_eq!(found, [gap, format!("{POSITIONS}: addr1x: not a wallet of the plan")]);
    let early = sample("2025-02-01", GROWTH).replace("2025-02-01", "2025-01-31");
    let found = unexplained(POSITIONS, &row, &format!("{row}{early}"));
    assert!(found[0].ends_with("a sample on 2025-01-31, expected none before 2025-02-01, the first day of the plan"));
    let found = unexplained(POSITIONS, &row, &row.replace("T00:00:00Z", "T00:00:01Z"));
    assert_eq!(found, [format!("{POSITIONS}: time 2025-03-05T00:00:01Z, expected midnight UTC")]);
}

/// A wallet's sample of a day with other units, price or market; its value fits.
fn resampled(day: &str, wallet: &str, change: impl Fn(&mut [String])) -> Vec<String> {
    let row = sample(day, wallet);
    let mut fields: Vec<String> = row.trim_end().split(',').map(str::to_owned).collect();
    change(&mut fields);
    let product = fields[3].parse::<f64>().unwrap() * fields[5].parse::<f64>().unwrap();
    fields[4] = format!("{product:.8}");
    unexplained(POSITIONS, &row, &format!("{}\n", fields.join(",")))
}

#[test]
fn units_grow_within_the_bound_and_never_shrink() {
    // 12 000 · 2^(1/365.25) = 12 000 · 1.001899535 = 12 022.794
    let found = resampled("2024-09-11", OPERATIONS, |fields| fields[3] = "12022.795".to_owned());
    assert!(found[0].contains("12000 units became 12022.795 on 2024-09-11"), "{found:#?}");
    assert!(found[0].ends_with("expected 12000 to 12022.794425"), "{found:#?}");
    let found = resampled("2024-09-11", OPERATIONS, |fields| fields[3] = "11999.999990".to_owned());
    assert!(found[0].contains("12000 units became 11999.99999 on 2024-09-11"), "{found:#?}");
    let found = resampled("2024-09-10", OPERATIONS, |fields| fields[3] = "12000.000010".to_owned());
    assert!(found[0].contains("starts on 2024-09-10 with 12000.00001 units, expected 12000 by the plan"), "{found:#?}");
}

#[test]
fn wallets_of_one_market_grow_alike() {
    // Of 4 200 units, a thousandth more is a growth of its own, although far below the bound.
    let grown: f64 = sample("2024-09-11", RESERVE).split(',').nth(3).unwrap().parse().unwrap();
    let found = resampled("2024-09-11", RESERVE, |fields| fields[3] = format!("{:.6}", grown + 0.001));
    assert!(found[0].starts_with(&format!("{POSITIONS}: {RESERVE}: grew by 1.00044")), "{found:#?}");
    assert!(found[0].contains("on 2024-09-11, another wallet by 1.00044"), "{found:#?}");
}

#[test]
fn wallets_of_one_market_have_its_price_and_its_name() {
    let found = resampled("2024-09-11", RESERVE, |fields| fields[5] = "0.99954663".to_owned());
    assert!(found[0].ends_with("price 0.99954663 on 2024-09-11, another wallet has 0.99954662"), "{found:#?}");
    let found = resampled("2024-09-11", RESERVE, |fields| fields[2] = "USDT".to_owned());
    assert!(found[0].ends_with("market USDT on 2024-09-11, expected USDC"), "{found:#?}");
}
