//! Which table a name means.

use super::*;

fn tables(names: &[&str]) -> Tables {
    let prefixes =
        TablePrefixes { positions: "pos_".to_owned(), deposits: "in_".to_owned(), withdrawals: "out_".to_owned() };
    Tables::of(names.iter().map(|name| (*name).to_owned()).collect(), prefixes)
}

#[track_caller]
fn means(names: &[&str], asset: &str, expected: Option<&str>) {
    assert_eq!(tables(names).by_name(asset), expected, "{asset} among {names:?}");
}

#[test]
fn a_suffix_is_found_whatever_the_case_of_the_name() {
    means(&["pos_djed", "pos_usdm"], "djed", Some("djed"));
    means(&["pos_djed", "pos_usdm"], "DjEd", Some("djed"));
    means(&["pos_djed"], "dje", None);
    means(&["in_djed", "out_djed", "djed"], "djed", None); // no position table
    means(&[], "djed", None);
}

#[test]
fn bridged_and_plain_stand_for_one_another_where_the_exact_one_is_missing() {
    means(&["pos_wanusdc"], "usdc", Some("wanusdc"));
    means(&["pos_usdc"], "wanUSDC", Some("usdc"));
    means(&["pos_wanusdt"], "USDT", Some("wanusdt"));
    means(&["pos_wanusdc", "pos_usdc"], "usdc", Some("usdc"));
    means(&["pos_wanusdc", "pos_usdc"], "wanusdc", Some("wanusdc"));
    means(&["pos_wanusdc"], "usdt", None);
    means(&["pos_wandjed"], "djed", None); // only these two coins
}

#[test]
fn suffixes_that_could_change_a_query_are_no_assets() {
    // The Kelvin sign is no K, though its lower case is a k.
    let names = ["pos_", "pos_b", "pos_a; drop table x", "pos_Ü", "pos_\u{212a}", "pos_a\"b", "pos_a_1"];
    assert_eq!(tables(&names).suffixes(), ["a_1", "b"]);
    means(&names, "k", None);
    means(&names, "a; drop table x", None);
}

#[test]
fn flow_tables_follow_the_suffix_and_may_be_missing() {
    let found = tables(&["pos_wanusdc", "in_wanusdc", "in_usdc"]).of_asset("wanusdc").unwrap();
    let expected = AssetTables {
        suffix: "wanusdc".to_owned(),
        positions: "pos_wanusdc".to_owned(),
        deposits: ("in_wanusdc".to_owned(), true),
        withdrawals: ("out_wanusdc".to_owned(), false),
    };
    assert_eq!(found, expected);
}

#[test]
fn tables_are_found_whatever_the_case_of_their_names_and_named_as_stored() {
    let names = ["POS_USDC", "In_wanUSDC", "iN_usdc", "Pos_Djed", "in_djed"];
    means(&names, "usdc", Some("usdc"));
    means(&names, "wanusdc", Some("usdc"));
    let found = tables(&names).of_asset("usdc").unwrap();
    assert_eq!((found.positions.as_str(), found.deposits), ("POS_USDC", ("iN_usdc".to_owned(), true)));
    assert_eq!(found.withdrawals, ("out_usdc".to_owned(), false));
    assert_eq!(tables(&names).suffixes(), ["djed", "usdc"]);
    let capitals =
        TablePrefixes { positions: "Pos_".to_owned(), deposits: "IN_".to_owned(), withdrawals: "OUT_".to_owned() };
    let found = Tables::of(vec!["pos_djed".to_owned(), "in_djed".to_owned()], capitals).of_asset("djed").unwrap();
    assert_eq!((found.positions.as_str(), found.deposits), ("pos_djed", ("in_djed".to_owned(), true)));
    assert_eq!(found.withdrawals, ("OUT_djed".to_owned(), false), "as configured, where there is none");
}

#[test]
fn of_tables_that_differ_by_case_alone_the_one_as_configured_is_meant_else_all_are_named() {
    let deposits = |names: &[&str]| tables(names).of_asset("djed").map(|found| found.deposits.0);
    assert_eq!(deposits(&["pos_djed", "IN_DJED", "in_djed", "In_Djed"]), Ok("in_djed".to_owned()));
    let twins = deposits(&["pos_djed", "In_Djed", "IN_DJED"]).unwrap_err().to_string();
    assert_eq!(
        twins,
        "the names of tables IN_DJED and In_Djed differ by case alone, so which is meant cannot be told; \
         rename all but one, or name one in_djed"
    );
    let twins = ["POS_djed", "Pos_djed"];
    means(&twins, "djed", Some("djed")); // the asset is there, and its table cannot be told
    assert!(tables(&twins).of_asset("djed").is_err());
    assert_eq!(tables(&twins).suffixes(), ["djed"]);
}

#[test]
fn a_market_is_named_by_id_or_name() {
    let market =
        |id: Option<&str>, name: Option<&str>| Market { id: id.map(str::to_owned), name: name.map(str::to_owned) };
    assert!(names_market(&market(Some("DJED"), None), "djed"));
    assert!(names_market(&market(Some("x"), Some("Djed")), "DJED"));
    assert!(!names_market(&market(Some("DJED2"), Some("Shen")), "djed"));
    assert!(!names_market(&market(None, None), ""));
}
