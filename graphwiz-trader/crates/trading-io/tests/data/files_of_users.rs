//! Files as venues, archives and spreadsheets write them.

use trading_io::bar_file::{Mapping, ReadOptions, SeriesNames};

use crate::support::{options, said};

const TWO: &str = "binance:BTC/USDT 1h\n2026-08-17T00:00Z 10.5 12 9 11.25 0.5\n2026-08-17T01:00Z 11.25 12 11 11 2";

#[track_caller]
fn reads(text: &str, options: &ReadOptions, expected: &str) {
    assert_eq!(said("binance_BTC-USDT_1h.csv", text, options), expected, "{text}");
}

fn mapped(mappings: &[&str]) -> ReadOptions {
    let mappings = mappings.iter().map(|text| text.parse().unwrap()).collect();
    ReadOptions { mappings, ..options() }
}

fn ordered(order: &str) -> ReadOptions {
    ReadOptions { order: Some(order.split(',').map(str::to_owned).collect()), ..options() }
}

#[test]
fn an_archive_with_the_newest_first_and_a_line_before_the_header() {
    let text = "https://www.CryptoDataDownload.com\n\
                unix,date,symbol,open,high,low,close,Volume BTC,Volume USDT,tradecount\n\
                1786928400,2026-08-17 01:00:00,BTC/USDT,11.25,12.0,11.0,11.0,2.0,22.5,7\n\
                1786924800,2026-08-17 00:00:00,BTC/USDT,10.50,12.0,9.0,11.25,0.5,5.5,3\n";
    reads(text, &options(), TWO);
}

#[test]
fn an_archive_without_header_whose_times_became_finer() {
    let text = "1786924800000,10.50000000,12.00000000,9.00000000,11.25000000,0.50000000,1786928399999,5.5,3,0.1,1,0\n\
                1786928400000000,11.25000000,12.00,11.00,11.00,2.00000000,1786931999999999,22.5,7,1,11,0\n";
    reads(text, &options(), TWO);
}

#[test]
fn the_other_archive_without_header() {
    reads("1786924800,10.5,12,9,11.25,0.5,3\n1786928400,11.25,12,11,11,2,7\n", &options(), TWO);
}

#[test]
fn names_count_in_any_case_with_blanks_for_underscores() {
    for header in [
        "Open Time,Open,High,Low,Close,Volume",
        "TIMESTAMP,O,H,L,C,V",
        "time,o,h,l,c,vol",
        "\"Date\" , \"Open\",\"High\",\"Low\",\"Close\",\"Volume BTC\"",
        "datetime,open,high,low,close,volume_btc",
        "\u{feff}unix,open,high,low,close,volume",
    ] {
        let text = format!("{header}\r\n1786924800,10.5,12,9,11.25,0.5\r\n1786928400,11.25,12,11,11,2\r\n");
        reads(&text, &options(), TWO);
    }
}

#[test]
fn columns_may_stand_in_any_order_among_others() {
    let text = "close,symbol,volume,low,ts,high,open\n\
                11.25,\"BTC,USDT\",0.5,9,2026-08-17T00:00:00Z,12,10.5\n\
                11,x,2,11,2026-08-17T03:00:00+02:00,12,11.25\n";
    reads(text, &options(), TWO);
}

#[test]
fn semicolons_tabs_and_bars_separate_too() {
    for separator in [";", "\t", "|"] {
        let text = "ts,open,high,low,close,volume\n1786924800,10.5,12,9,11.25,0.5\n1786928400,11.25,12,11,11,2\n";
        reads(&text.replace(',', separator), &options(), TWO);
        reads(&format!("sep={separator}\n{}", text.replace(',', separator)), &options(), TWO);
    }
}

#[test]
fn a_decimal_comma_is_told() {
    let text = "1786924800;10,5;12,0;9,0;11,25;0,5\n";
    let expected = |line| {
        format!(
            "its one line is no bar: line {line}: open \"10,5\" has a comma; \
             expected a point before the decimals and nothing between thousands, as in 62831.65"
        )
    };
    reads(&format!("ts;open;high;low;close;volume\n{text}"), &options(), &expected(2));
    reads(text, &ordered("ts,open,high,low,close,volume"), &expected(1));
}

#[test]
fn a_column_is_named_by_hand_in_either_order() {
    let text = "Zeit,Erster,Hoch,Tief,Letzter,Menge\n1786924800,10.5,12,9,11.25,0.5\n1786928400,11.25,12,11,11,2\n";
    let maps = ["Zeit=ts", "open=erster", "hoch=high", "tief=low", "Letzter=close", "Menge=volume"];
    reads(text, &mapped(&maps), TWO);
    let expected = "line 1 names the columns \"zeit, erster, hoch, tief, letzter, menge\", but none for low, close; \
                    --map NAME=low says which it is";
    reads(text, &mapped(&["Zeit=ts", "open=erster", "hoch=high"]), expected);
}

#[test]
fn a_mapping_of_no_column_is_refused_with_the_columns_there_are() {
    let text = "ts,open,high,low,close,volume,volume in quote\n1786924800,10.5,12,9,11.25,0.5,5\n";
    let expected = "--map quote_volume=volume is of no column: line 2 names the columns \
                    \"ts, open, high, low, close, volume, volume_in_quote\"";
    reads(&format!("a,b,c\n{text}"), &mapped(&["Quote Volume=volume"]), expected);
    let text = "1786924800,10.5,12,9,11.25,0.5\n";
    let order = ReadOptions { order: ordered("ts,open,high,low,close,volume").order, ..mapped(&["last=close"]) };
    let columns = "\"ts, open, high, low, close, volume\"";
    reads(text, &order, &format!("--map last=close is of no column: --columns names the columns {columns}"));
    let archive = "1786924800,10.5,12,9,11.25,0.5,3\n";
    let expected = "--map last=close names a column of a header, and no header is before line 1; leave --map out \
                    where the file is of an archive of Binance or Kraken, else --columns says what the columns are, \
                    as in --columns ts,open,high,low,close,volume";
    reads(archive, &mapped(&["last=close"]), expected);
}

#[test]
fn a_mapping_goes_before_the_names_that_are_known() {
    let text = "ts,open,high,low,close,mid,volume,quote\n\
                1786924800,10.5,12,9,1,11.25,9,0.5\n1786928400,11.25,12,11,1,11,9,2\n";
    reads(text, &mapped(&["mid=close", "quote=volume"]), TWO);
}

#[test]
fn what_maps_no_column_is_told() {
    let error = "close".parse::<Mapping>().unwrap_err().to_string();
    let expected = "maps no column, expected NAME=FIELD with ts, open, high, low, close or volume, as in Last=close";
    assert_eq!(error, format!("\"close\" {expected}"));
    assert_eq!("a=b".parse::<Mapping>().unwrap_err().to_string(), format!("\"a=b\" {expected}"));
}

#[test]
fn another_number_of_columns_without_header_must_be_named() {
    let text = "1786924800,10.5,12,9,11.25,0.5\n1786928400,11.25,12,11,11,2\n";
    let expected = "line 1 has 6 columns and no header is before it; --columns says what they are, \
                    as in --columns ts,open,high,low,close,volume";
    reads(text, &options(), expected);
    reads(text, &ordered("ts,open,high,low,close,volume"), TWO);
    reads(text, &ordered("Time,O,H,L,C,V"), TWO);
    reads(&format!("# exported\nold,names,of,a,b,c\n{text}"), &ordered("ts,open,high,low,close,volume"), TWO);
    let expected = "--columns \"ts,open,high,low,x,volume\" names none for close; expected a name for each column, in \
                    the order of the file: ts, open, high, low, close, volume, and any other for what is not needed";
    reads(text, &ordered("ts,open,high,low,x,volume"), expected);
    reads(text, &ordered("ts,open,high,low,close"), "line 1 has 6 columns, but --columns names 5");
    let without = TWO.replace(" 0.5\n", " ?\n").replace(" 11 2", " 11 ?");
    reads(text, &ordered("ts,open,high,low,close,-"), &without);
}

#[test]
fn a_header_that_is_not_understood_is_not_passed_over() {
    // Twelve columns, and none of them where the archive has them.
    let text = "a,b,c,d,e,f,g,h,i,j,k,l\n1,2,3,4,5,6,7,8,9,10,11,12\n";
    // h, l and c are names of fields.
    let expected = "line 1 names the columns \"a, b, c, d, e, f, g, h, i, j, k, l\", but none for ts, open; \
                    --map NAME=ts says which it is";
    reads(text, &options(), expected);
}

#[test]
fn a_name_twice_is_refused() {
    let text = "ts,open,high,low,close,close\n1786924800,10.5,12,9,11.25,0.5\n";
    reads(text, &options(), "line 1 names two columns \"close\"");
}

#[test]
fn without_a_column_of_volumes_they_are_unknown() {
    let text = "ts,open,high,low,close,Volume USDT\n1786924800,10.5,12,9,11.25,0.5\n";
    reads(text, &options(), "binance:BTC/USDT 1h\n2026-08-17T00:00Z 10.5 12 9 11.25 ?");
}

#[test]
fn volumes_are_found_by_the_base_of_the_instrument() {
    let text = "ts,open,high,low,close,Volume ETH,Volume BTC\n1786924800,10.5,12,9,11.25,0.5,7\n";
    let names = SeriesNames { instrument: Some("ETH/BTC".to_owned()), ..SeriesNames::default() };
    let of_eth = ReadOptions { names, ..options() };
    reads(text, &of_eth, "binance:ETH/BTC 1h\n2026-08-17T00:00Z 10.5 12 9 11.25 0.5");
}

#[test]
fn empty_lines_and_a_separator_too_many_are_passed_over() {
    let text = "ts,open,high,low,close,volume\n\n1786924800,10.5,12,9,11.25,0.5,\n  \n1786928400,11.25,12,11,11,2\n\n";
    reads(text, &options(), TWO);
}

#[test]
fn times_in_microseconds_among_milliseconds() {
    let text = "ts,open,high,low,close,volume\n1786924800000000,10.5,12,9,11.25,0.5\n1786928400000,11.25,12,11,11,2\n";
    reads(text, &options(), TWO);
}
