use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Keeps every cell as text, by the rule that the column's declared type asks for.
#[derive(Default, Debug, Clone, PartialEq)]
struct Kept {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Sink for Kept {
    fn schema(&mut self, columns: &[Column]) -> Result<(), Fault> {
        self.columns = columns.to_vec();
        Ok(())
    }

    fn row(&mut self, row: Row<'_>) -> Result<(), Fault> {
        let show = |(i, column): (usize, &Column)| {
            Ok(match column.data_type.as_str() {
                "String" => format!("{:?}", row.text(i)?),
                "Int64" => format!("{:?}", row.integer(i)?),
                "Json" => "unread".into(),
                _ => format!("{:?}", row.number(i)?),
            })
        };
        self.rows.push(self.columns.iter().enumerate().map(show).collect::<Result<_, _>>()?);
        Ok(())
    }
}

/// The rows of a body that arrives in these pieces, with what there was before a fault.
fn scan<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Vec<String>>, Result<(), Fault>) {
    let (mut scanner, mut kept) = (Scanner::new(), Kept::default());
    for chunk in chunks {
        if let Err(fault) = scanner.feed(chunk, &mut kept) {
            return (kept.rows, Err(fault));
        }
    }
    let end = scanner.finish();
    (kept.rows, end)
}

fn answer(types: &[&str], rows: &str) -> String {
    let columns: Vec<String> =
        types.iter().enumerate().map(|(i, kind)| format!(r#"{{"name":"c{i}","data_type":"{kind}"}}"#)).collect();
    let schema = format!(r#"{{"column_schemas":[{}]}}"#, columns.join(","));
    let total = serde_json::from_str::<Vec<serde_json::Value>>(&format!("[{rows}]")).map_or(1, |rows| rows.len());
    format!(
        r#"{{"output":[{{"records":{{"schema":{schema},"rows":[{rows}],"total_rows":{total}}}}}],"execution_time_ms":7}}"#
    )
}

#[track_caller]
fn cell(data_type: &str, json: &str, expected: &str) {
    let body = answer(&[data_type], &format!("[{json}]"));
    let found = match scan([body.as_bytes()]) {
        (rows, Ok(())) => rows[0][0].clone(),
        (_, Err(Fault::Column(cause))) => cause,
        (_, Err(other)) => format!("{other:?}"),
    };
    assert_eq!(found, expected, "{json}");
}

#[test]
fn cells_are_read_exactly() {
    cell("Int64", "9007199254740993", "Some(9007199254740993)"); // 2^53 + 1 is no f64
    cell("Int64", "-9223372036854775808", "Some(-9223372036854775808)");
    cell("Int64", "null", "None");
    cell("Float64", "66.6", "Some(66.6)");
    cell("Float64", "5e-324", "Some(5e-324)");
    cell("Float64", "51.248178375505404", "Some(51.248178375505404)"); // serde_json is one unit off here by default
    cell("Float64", "9007199254740993", "Some(9007199254740992.0)"); // a tie goes to the even neighbour
    cell("Float64", "1e999", "Some(inf)"); // the builders count it as missing
    cell("Float64", "null", "None");
    cell("Decimal(38, 2)", r#""-12.50""#, "Some(-12.5)");
    cell("String", r#""Łódź 🦀""#, r#"Some("Łódź 🦀")"#);
    cell("String", r#""a\"b\\c\n\u00e9\ud83e\udd80""#, r#"Some("a\"b\\c\né🦀")"#);
    cell("String", r#""""#, r#"Some("")"#);
    cell("Json", r#"{"a":["]",{"b":"}"}]}"#, "unread");
}

#[test]
fn cells_of_another_json_type_name_their_column_and_row() {
    cell("Int64", "1.5", "column c0 holds 1.5 in row 1, expected a whole number");
    cell("Int64", "9223372036854775808", "column c0 holds 9223372036854775808 in row 1, expected a whole number");
    cell("Float64", r#""1.5""#, r#"column c0 holds "1.5" in row 1, expected a number"#);
    cell("Float64", "true", "column c0 holds true in row 1, expected a number");
    for word in ["nan", "-inf", "NaN", "infinity", "+1", "1.", "1_0", "-"] {
        cell("Float64", word, &format!("column c0 holds {word} in row 1, expected a number"));
    }
    cell("Float64", "[1]", "column c0 holds [1] in row 1, expected a number");
    cell("String", "5", "column c0 holds 5 in row 1, expected text");
    cell("String", r#""\ud800""#, r#"column c0 holds "\ud800" in row 1, expected text"#);
    cell("Decimal(3, 1)", r#""many""#, r#"column c0 holds "many" in row 1, expected a decimal number"#);
}

#[track_caller]
fn fault(body: &str, expected: &str) {
    let found = match scan([body.as_bytes()]).1 {
        Ok(()) => "none".to_owned(),
        Err(Fault::Malformed(cause)) => cause,
        Err(other) => format!("{other:?}"),
    };
    assert!(found.starts_with(expected), "{:.300}\n found {found}\n expected {expected}", body);
}

#[test]
fn what_is_no_answer_is_named() {
    fault("", "Truncated");
    fault("<html><body>502 Bad\nGateway", "expected a JSON object, found <html><body>502 Bad Gateway");
    fault("[]", "expected a JSON object, found []");
    fault("{}", "no rows in the answer");
    fault(r#"{"output":[{"affectedrows":3}]}"#, "no rows in the answer");
    fault(r#"{"output":[{"records":{"rows":[[1]]}}]}"#, "rows before their schema");
    fault(r#"{"output":[{"records":{"schema":{}}}]}"#, "unreadable schema: missing field `column_schemas`");
    fault(r#"{"output":{}}"#, "expected a list of outputs, found {}");
    fault(r#"{"output":[],}"#, "expected a string, found }");
    fault(r#"{"a":1 "b":2}"#, "unreadable field: trailing characters");
    fault(&answer(&["Int64"], "[1][2]"), "expected a comma, found [2]");
    fault(&answer(&["Int64"], "[1],"), "expected a row, found ]");
    fault(&answer(&["Int64"], "[1,]"), "expected a value, found ]");
    fault(&answer(&["Int64"], "[1}"), "expected a comma or the end of the row, found }");
    fault(&answer(&["Int64"], "[1,2]"), "row 1 has 2 cells, expected 1");
    fault(&answer(&["Int64", "Int64"], "[1,2],[3]"), "row 2 has 1 cells, expected 2");
    fault(&answer(&["Int64"], "[1],[]"), "row 2 has 0 cells, expected 1");
    fault(&(answer(&["Int64"], "[1]") + "{"), "expected the end of the answer, found {");
    let two = answer(&["Int64"], "[1]").replace(r#""total_rows":1"#, r#""rows":[[2]]"#);
    fault(&two, "more than one list of rows");
    fault(&format!(r#"{{"x":{}"#, "[".repeat(100)), "values nested deeper than 64 levels");
    fault(&format!(r#"{{"x":"{}"#, "a".repeat(VALUE_BYTES_MAX)), "a value of more than 1048576 bytes");
    let long = answer(&["String"], &format!("[\"{}", "a".repeat(2 * VALUE_BYTES_MAX)));
    fault(&long[..VALUE_BYTES_MAX + 200], "a value of more than 1048576 bytes");
}

#[test]
fn fewer_rows_than_the_server_counted_are_no_answer() {
    let whole = answer(&["Int64"], "[1],[2]");
    assert_eq!(scan([whole.as_bytes()]).1, Ok(()));
    fault(&whole.replace(r#""total_rows":2"#, r#""total_rows":24"#), "2 rows in an answer of 24: it is not whole");
}

#[test]
fn answers_of_all_versions_are_read() {
    let new = answer(&["Int64"], "[1]");
    for body in [
        new.clone(),
        new.replacen('{', r#"{"code":0,"#, 1),
        new.replace(r#","total_rows":1"#, ""),
        new.replace(r#""total_rows":1"#, r#""metrics":{"a":{"b":[1,"]"]}},"total_rows":1"#),
        new.replacen('{', r#"{"execution_time_ms":3,"later":[{}],"#, 1),
        new.replace(',', " ,\r\n\t").replace(':', " : ").replace('[', "[ ").replace(']', " ]") + "\n",
    ] {
        assert_eq!(scan([body.as_bytes()]), (vec![vec!["Some(1)".into()]], Ok(())), "{body}");
    }
}

#[test]
fn the_servers_own_error_wins_over_what_else_is_wrong() {
    let server = |code, text: &str| Err(Fault::Server { code, text: text.into() });
    let body = r#"{"code":4001,"error":"Table not found: greptime.public.x","execution_time_ms":0}"#;
    assert_eq!(scan([body.as_bytes()]).1, server(Some(4001), "Table not found: greptime.public.x"));
    assert_eq!(scan([br#"{"error":"no code"}"#.as_slice()]).1, server(None, "no code"));
    assert_eq!(scan([br#"{"code":1003}"#.as_slice()]).1, server(Some(1003), ""));
    let late = answer(&["Int64"], "[1]").replace(r#""execution_time_ms":7"#, r#""error":"late""#);
    assert_eq!(scan([late.as_bytes()]).1, server(None, "late"));
}

fn body() -> impl Strategy<Value = String> {
    let text = prop_oneof![Just("null".to_owned()), ".{0,12}".prop_map(|text| serde_json::to_string(&text).unwrap())];
    let number = prop_oneof![Just("null".to_owned()), any::<f64>().prop_map(|n| serde_json::to_string(&n).unwrap())];
    let json = prop_oneof![Just(r#"[{"a":"]"},[]]"#.to_owned()), Just("false".to_owned())];
    let row = (text, any::<i64>(), number, json).prop_map(|(t, i, n, j)| format!("[{t}, {i},{n} ,{j}]"));
    vec(row, 0..6).prop_map(|rows| answer(&["String", "Int64", "Float64", "Json"], &rows.join(",")))
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(chunks in vec(vec(any::<u8>(), 0..40), 0..8)) {
        let _ = scan(chunks.iter().map(Vec::as_slice));
    }

    #[test]
    fn a_damaged_answer_never_panics(body in body(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = body.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let whole = scan([bytes.as_slice()]);
        let (head, tail) = bytes.split_at(at);
        let halves = scan([head, tail]);
        prop_assert_eq!(whole.0, halves.0);
        prop_assert_eq!(whole.1.is_ok(), halves.1.is_ok());
    }

    #[test]
    fn where_chunks_end_makes_no_difference(body in body(), size in 1_usize..50) {
        let whole = scan([body.as_bytes()]);
        prop_assert_eq!(&whole.1, &Ok(()));
        for cut in 0..=body.len() {
            let (head, tail) = body.as_bytes().split_at(cut);
            prop_assert_eq!(&scan([head, tail]), &whole);
            if cut < body.len() {
                prop_assert_eq!(scan([head]).1, Err(Fault::Truncated));
            }
        }
        prop_assert_eq!(&scan(body.as_bytes().chunks(size)), &whole);
    }
}

#[test]
fn a_long_value_in_small_pieces_is_read_once_it_is_complete() {
    let memo = "x".repeat(VALUE_BYTES_MAX / 2);
    let body = answer(&["String"], &format!("[\"{memo}\"]"));
    assert_eq!(scan(body.as_bytes().chunks(100)), (vec![vec![format!("Some({memo:?})")]], Ok(())));
}

#[test]
fn what_is_held_does_not_grow_with_the_answer() {
    const CHUNK_BYTES: usize = 64 << 10;
    struct Counted(u64);
    impl Sink for Counted {
        fn schema(&mut self, _: &[Column]) -> Result<(), Fault> {
            Ok(())
        }
        fn row(&mut self, _: Row<'_>) -> Result<(), Fault> {
            self.0 += 1;
            Ok(())
        }
    }
    let (mut scanner, mut counted) = (Scanner::new(), Counted(0));
    let body = answer(&["String", "Int64"], r#"["addr1",0]"#);
    let (head, tail) = body.split_at(body.find("],\"total").unwrap());
    let rows = r#",["addr1qxy",1769644800123]"#.repeat(10_000);
    scanner.feed(head.as_bytes(), &mut counted).unwrap();
    for _ in 0..50 {
        for chunk in rows.as_bytes().chunks(CHUNK_BYTES) {
            scanner.feed(chunk, &mut counted).unwrap();
            assert!(scanner.cut_off.capacity() <= 4 * BRIDGE_BYTES);
        }
    }
    scanner.feed(tail.as_bytes(), &mut counted).unwrap();
    assert_eq!((counted.0, scanner.finish()), (1 + 50 * 10_000, Ok(())));
}
