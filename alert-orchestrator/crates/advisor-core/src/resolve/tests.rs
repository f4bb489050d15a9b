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
    let names = ["pos_", "pos_b", "pos_a; drop table x", "pos_Ü", "pos_UPPER", "pos_a\"b", "pos_a_1"];
    assert_eq!(tables(&names).suffixes(), ["a_1", "b"]);
    means(&names, "upper", None);
    means(&names, "a; drop table x", None);
}

#[test]
fn flow_tables_follow_the_suffix_and_may_be_missing() {
    let tables = tables(&["pos_wanusdc", "in_wanusdc", "in_usdc"]);
    assert_eq!(tables.positions("wanusdc"), "pos_wanusdc");
    assert_eq!(tables.deposits("wanusdc"), ("in_wanusdc".to_owned(), true));
    assert_eq!(tables.withdrawals("wanusdc"), ("out_wanusdc".to_owned(), false));
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
