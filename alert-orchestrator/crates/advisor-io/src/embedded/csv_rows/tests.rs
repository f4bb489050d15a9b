use proptest::prelude::*;

use super::*;

const POSITIONS: &str = "ts,wallet_address,usd_value,underlying_units,price_usd\n";
const FLOWS: &str = "ts,wallet_address,amount,memo,tx_hash\n";

/// What becomes of a file: a line of text for each of its lines.
fn read(content: Content, file: &[u8]) -> Result<Vec<String>, Refusal> {
    let mut lines = Lines::new(file);
    let columns = Columns::find(lines.header()?, content)?;
    let mut read = Vec::new();
    while let Some((line, record)) = lines.next()? {
        let row = match content {
            Content::Positions => columns.position(record).map(|p| {
                format!(
                    "{} {} {:?} {:?} {:?} {:?}",
                    p.ts, p.wallet, p.usd_value, p.price_usd, p.underlying_units, p.market
                )
            }),
            _ => {
                columns.flow(record).map(|f| format!("{} {} {} {:?} {:?}", f.ts, f.wallet, f.amount, f.memo, f.tx_hash))
            }
        };
        read.push(format!("{line}: {}", row.unwrap_or_else(|error| error.to_string())));
    }
    Ok(read)
}

#[track_caller]
fn lines(content: Content, file: &str, expected: &[&str]) {
    assert_eq!(read(content, file.as_bytes()).unwrap(), expected, "{file}");
}

#[track_caller]
fn refused(content: Content, file: &str, expected: &str) {
    assert_eq!(read(content, file.as_bytes()).unwrap_err().to_string(), expected, "{file}");
}

#[test]
fn columns_are_found_in_any_order_case_and_by_any_alias() {
    let row = ["2: 1700000001000000000 w Some(2.0) Some(1.5) Some(3.0) (\"\", \"\")"];
    lines(Content::Positions, &format!("{POSITIONS}1700000001,w,2,3,1.5"), &row);
    lines(
        Content::Positions,
        "\u{feff} TS ,Wallet_Address,value_usd,underlying_units,price_usd\n1700000001,w,2,3,1.5",
        &row,
    );
    lines(
        Content::Positions,
        "price_usd,x,underlying_units,usd_value,wallet_address,ts,price_ada\n1.5,,3,2,w,1700000001,9",
        &row,
    );
    lines(
        Content::Positions,
        &format!("{POSITIONS}1700000001,w,,3,1.5"),
        &["2: 1700000001000000000 w None Some(1.5) Some(3.0) (\"\", \"\")"],
    );
    let named = ["2: 1700000000000000000 w Some(2.0) None None (\"DJED\", \"Djed\")"];
    lines(
        Content::Positions,
        "ts,wallet_address,usd_value,underlying_units,price_usd,market_id,market_name\n1700000000,w,2,,,DJED,Djed",
        &named,
    );
    for memo in ["memo", "notes", "Notes"] {
        let file =
            format!("ts,wallet_address,amount,created_at,{memo}\n1700000000,w,-5,,\" tag, with \"\"comma\"\" \"");
        lines(Content::Withdrawals, &file, &["2: 1700000000000000000 w -5 \"tag, with \\\"comma\\\"\" \"\""]);
    }
}

#[test]
fn a_header_that_lacks_or_repeats_columns_is_refused_with_the_names() {
    refused(Content::Positions, "", "the file is empty; expected a line with the columns' names");
    refused(Content::Positions, "\n \r\n", "the file is empty; expected a line with the columns' names");
    refused(
        Content::Positions,
        "ts,wallet,value\n",
        "without column wallet_address, usd_value or value_usd, underlying_units, price_usd; found ts, wallet, value",
    );
    let commas = "expected commas, and points in decimal numbers";
    for (header, separator) in [
        ("ts;wallet_address;amount", "semicolons"),
        ("ts\twallet_address\tamount", "tabs"),
        ("ts|wallet_address|amount", "vertical bars"),
        ("\u{feff}\"ts\";\"wallet_address\";\"amount\"", "semicolons"),
    ] {
        refused(Content::Deposits, header, &format!("columns are separated by {separator}; {commas}"));
    }
    refused(Content::Deposits, "ts,when;where\n", "without column wallet_address, amount; found ts, when;where");
    refused(
        Content::Deposits,
        "ts,wallet_address,amount,memo,notes\n",
        "columns memo and notes mean the same; expected one of them",
    );
    refused(
        Content::Deposits,
        "ts,ts,wallet_address,amount\n",
        "columns ts and ts mean the same; expected one of them",
    );
    lines(Content::Deposits, "ts,wallet_address,amount", &[]);
}

#[test]
fn every_unusable_line_says_why() {
    let cases = [
        ("1700000001,w,2,3", "4 fields; expected 5"),
        (
            "1700000001,w,2,3,1,1",
            "6 fields; expected 5: is there a decimal comma, or a comma in a text without quotes?",
        ),
        ("1700000001;w;2;3;1", "1 fields; expected 5, and not separated by semicolons"),
        ("1700000001\tw\t2,5\t3\t1", "2 fields; expected 5"),
        (",w,2,3,1", "ts is empty"),
        ("1700000001,,2,3,1", "wallet_address is empty"),
        ("1700000001, ,2,3,1", "wallet_address is empty"),
        (
            "soon,w,2,3,1",
            "ts \"soon\" is not a time; expected RFC 3339 with an offset, such as 2026-11-26T03:26:00Z, \
                       or seconds or milliseconds since 1970",
        ),
        (
            "1700000001,w\u{a0},2,3,1",
            "wallet_address \"w\\u{a0}\" contains '\\u{a0}' (U+00A0); expected letters and digits only",
        ),
        ("1700000001,a w,2,3,1", "wallet_address \"a w\" contains ' ' (U+0020); expected letters and digits only"),
        ("1700000001,w,2 USD,3,1", "usd_value \"2 USD\" is not a finite number"),
        (
            "1700000001,w,\"2,5\",3,1",
            "usd_value \"2,5\" has a decimal comma, or one between thousands; expected a number such as 1234.56",
        ),
        (
            "1700000001,w,2,\"1.234,56\",1",
            "underlying_units \"1.234,56\" has a decimal comma, or one between thousands; \
             expected a number such as 1234.56",
        ),
        ("1700000001,w,\"2,5 USD\",3,1", "usd_value \"2,5 USD\" is not a finite number"),
        ("1700000001,w,NaN,3,1", "usd_value \"NaN\" is not a finite number"),
        ("1700000001,w,1e999,3,1", "usd_value \"1e999\" is not a finite number"),
        ("1700000001,w,2,-inf,1", "underlying_units \"-inf\" is not a finite number"),
        ("1700000001,w,2,3,0x1", "price_usd \"0x1\" is not a finite number"),
        ("1700000001,w,-2,3,1", "usd_value -2 is negative"),
        ("1700000001,w,,-2,1.5", "usd_value -3 is negative"), // -2 units at 1.5 USD
        ("1700000001,w,,3,", "usd_value is empty and cannot be derived from underlying_units and price_usd"),
        ("1700000001,w,,1e300,1e300", "usd_value is empty and cannot be derived from underlying_units and price_usd"),
    ];
    for (line, expected) in cases {
        lines(Content::Positions, &format!("{POSITIONS}{line}\n"), &[&format!("2: {expected}")]);
    }
    lines(
        Content::Deposits,
        &format!("{FLOWS}1700000001,w,-2,,\n1700000001,w,,,\n"),
        &["2: amount -2 is negative", "3: amount is empty"],
    );
    lines(Content::Withdrawals, &format!("{FLOWS}1700000001,w,-0,,\n"), &["2: 1700000001000000000 w 0 \"\" \"\""]);
}

#[test]
fn a_line_that_names_the_separator_is_passed_over_or_said() {
    let row = ["3: 1700000001000000000 w 2 \"\" \"\""];
    for first in ["sep=,\n", "SEP=,\r\n", "\"sep=,\"\n", "\u{feff}sep=,\r"] {
        lines(Content::Deposits, &format!("{first}{FLOWS}1700000001,w,2,,"), &row);
    }
    let says = |line: &str, separator: &str| {
        format!(
            "the first line, {line:?}, says that columns are separated by {separator}; \
             expected commas, and points in decimal numbers"
        )
    };
    refused(Content::Deposits, "sep=;\r\nts;wallet_address;amount", &says("sep=;", "semicolons"));
    refused(Content::Deposits, "sep=\t\nts\twallet_address\tamount", &says("sep=\t", "tabs"));
    refused(Content::Deposits, "sep=^\nts^wallet_address^amount", &says("sep=^", "'^'"));
    refused(Content::Deposits, "sep=,\n", "the file is empty; expected a line with the columns' names");
}

#[test]
fn rows_of_nothing_but_commas_are_passed_over() {
    let file = format!("{FLOWS},,,,\n1700000001,w,2,,\n , ,,\n\"\",,,,\n,,,,,,,\n");
    lines(Content::Deposits, &file, &["3: 1700000001000000000 w 2 \"\" \"\""]);
}

#[test]
fn text_that_is_not_utf_8_spoils_only_its_line() {
    let file = [FLOWS.as_bytes(), b"1700000001,w,2,\xff,\n1700000002,w,2,\xc3\xa4,\n1700000003,\xff,2,,\n"].concat();
    let expected = ["2: memo is not UTF-8", "3: 1700000002000000000 w 2 \"ä\" \"\"", "4: wallet_address is not UTF-8"];
    assert_eq!(read(Content::Deposits, &file).unwrap(), expected);
}

#[test]
fn lines_are_counted_as_an_editor_does() {
    for end in ["\n", "\r\n", "\r"] {
        let file = "ts,wallet_address,amount,memo~~1700000001,w,1,~1700000002,w,2,\"two~lines\"~ ~1700000003,w,3,~bad~\"1700000005\",\"w\",\"5\",\"\""
            .replace('~', end);
        let expected = [
            "3: 1700000001000000000 w 1 \"\" \"\"".to_owned(),
            format!(
                "4: 1700000002000000000 w 2 {:?} \"\"",
                format!("two{}lines", if end == "\n" { end } else { "\r\n" })
            ),
            "7: 1700000003000000000 w 3 \"\" \"\"".into(),
            "8: 1 fields; expected 4".into(),
            "9: 1700000005000000000 w 5 \"\" \"\"".into(),
        ];
        assert_eq!(read(Content::Deposits, file.as_bytes()).unwrap(), expected, "{end:?}");
    }
}

#[test]
fn a_quote_that_is_never_closed_does_not_swallow_the_rest_in_silence() {
    for rest in [
        "1700000001,w,2,\"memo,\n1700000002,w,3,,\n",
        "1700000001,w,2,,\"",
        "1700000001,w,2,,\"hash\n",
        "\"1700000001,w",
        "1700000001,w,2,,\"a\"\"\n",
    ] {
        let file = format!("{FLOWS}1700000000,w,1,,\n{rest}");
        refused(Content::Deposits, &file, "a quote opened in the row that begins in line 3 is never closed");
    }
    // A quote inside a field that does not begin with one is a character like any other.
    lines(
        Content::Deposits,
        &format!("{FLOWS}1700000001,w,2,5\" pipe,"),
        &["2: 1700000001000000000 w 2 \"5\\\" pipe\" \"\""],
    );
}

#[test]
fn a_row_longer_than_any_real_one_ends_the_reading() {
    // Endless, so that only the limit can end it.
    let endless =
        |start: &str| Lines::new(io::Cursor::new(format!("{FLOWS}{start}").into_bytes()).chain(io::repeat(b'x')));
    for start in ["1700000001,w,2,,\n1700000002,w,2,\"", "1700000001,w,2,,\n"] {
        let mut lines = endless(start);
        assert!(lines.next().unwrap().is_some() && lines.next().unwrap().is_some(), "header and first row");
        let cause = lines.next().unwrap_err().to_string();
        let expected =
            "the row that begins in line 3 is longer than 1 MiB; expected a shorter one: is a quote not closed?";
        assert_eq!(cause, expected, "{start}");
    }
    // The limit is each row's own.
    let memo = "m".repeat(ROW_BYTES_MAX / 2);
    let file = format!("{FLOWS}1700000001,w,2,{memo},\n") + &format!("1700000002,w,2,{memo},\n").repeat(4);
    assert_eq!(read(Content::Deposits, file.as_bytes()).unwrap().len(), 5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for (content, header) in [(Content::Positions, POSITIONS), (Content::Deposits, FLOWS)] {
            let _ = read(content, &bytes); // any answer is right that is one
            // Behind a usable header there is no cause to refuse the file but an open quote, and no usable row is lost.
            let file: Vec<u8> = header.bytes().chain(bytes.iter().copied().filter(|byte| *byte != 0)).collect();
            if let Err(error) = read(content, &file) {
                prop_assert!(matches!(error, Refusal::UnclosedQuote { .. }), "{error}");
            }
        }
    }

    #[test]
    fn a_mutated_file_gives_a_row_or_a_cause_for_each_line(
        at in 0_usize..60, byte in prop::sample::select(b",\"\n\r x9-.\xff".to_vec()),
    ) {
        let mut file = format!("{POSITIONS}1769644800,addr1q,12.5,12.4,1.008\n2026-01-30T00:00:00Z,addr1q,12.6,12.4,1.01\n").into_bytes();
        let at = POSITIONS.len() + at;
        file[at] = byte;
        match read(Content::Positions, &file) {
            Ok(read) => {
                let newlines = file.iter().filter(|byte| **byte == b'\n').count();
                prop_assert!(read.len() <= newlines && !read.is_empty(), "{read:?}");
            }
            Err(error) => prop_assert!(matches!(error, Refusal::UnclosedQuote { .. }), "{error}"),
        }
    }
}
