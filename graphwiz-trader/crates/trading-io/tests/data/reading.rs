//! One file: columns, times, faults, and what is refused.

use proptest::prelude::*;
use trading_core::time::{SECOND, Timeframe};
use trading_io::bar_file::{ReadOptions, SeriesNames, Stamp};

use crate::support::{Files, NOW, in_words, options, packed, read, said};

const NAME: &str = "bitstamp_BTC-USD_1m.csv";
const HEADER: &str = "ts,open,high,low,close,volume\n";
const TWO: &str = "bitstamp:BTC/USD 1m\n2026-08-17T00:00Z 10.5 12 9 11.25 0.5\n2026-08-17T00:01Z 11.25 11.25 11 11 0";

/// Expects a file of these lines, behind the usual header, to be taken or refused in these words.
#[track_caller]
fn lines(lines: &str, options: &ReadOptions, expected: &str) {
    assert_eq!(said(NAME, format!("{HEADER}{lines}"), options), expected, "{lines}");
}

#[test]
fn prices_and_volumes_are_exact_and_the_finest_digit_is_the_scale() {
    let files = Files::new();
    let text = "1786924800,10.50,12.00,9,11.25,0.5000\n1786924860,11.25,11.25,11,11,0\n";
    let file = read(&files.write(NAME, format!("{HEADER}{text}")), &options()).unwrap();
    assert_eq!(in_words(&file), TWO);
    assert_eq!((file.series.price_digits, file.series.volume_digits), (2, 1));
    assert_eq!((file.lines, file.has_volume), (2, true));
    let prices: Vec<[i64; 2]> = file.series.records.iter().map(|bar| [bar.open, bar.volume]).collect();
    assert_eq!(prices, [[1050, 5], [1125, 0]]);
}

#[test]
fn a_compressed_file_is_the_same_whatever_it_is_called() {
    let text = format!("{HEADER}1786924800,10.5,12,9,11.25,0.5\n1786924860,11.25,11.25,11,11,0\n");
    for name in [NAME, "bitstamp_BTC-USD_1m.csv.gz"] {
        assert_eq!(said(name, packed(&text), &options()), TWO);
        assert_eq!(said(name, &text, &options()), TWO);
    }
    // As `cat a.gz b.gz` makes it.
    let (first, second) = text.split_at(40);
    assert_eq!(said(NAME, [packed(first), packed(second)].concat(), &options()), TWO);
}

#[test]
fn each_line_that_is_no_bar_is_rejected_with_its_cause() {
    let options = ReadOptions { allow_rejects: true, ..options() };
    let not_a_time = |text: &str| {
        format!(
            "the time {text:?} is not a time; expected RFC 3339 with an offset, such as 2026-08-17T00:00:00Z, \
             or a number since 1970"
        )
    };
    let (x, header) = (not_a_time("x"), not_a_time("ts"));
    let long = "open \"12345678901234567890\" has more digits than a 64-bit count holds (18)";
    for (line, cause) in [
        ("x,10,12,9,11,1", &*x),
        ("1786924860,ten,12,9,11,1", "open \"ten\" is not a number; expected one such as 62831.65"),
        ("1786924860,10,nan,9,11,1", "high \"nan\" is not finite"),
        ("1786924860,10,12,-inf,11,1", "low \"-inf\" is not finite"),
        ("1786924860,10,12,9,,1", "close \"\" is empty"),
        ("1786924860,10,12,9,11,", "volume \"\" is empty"),
        ("1786924860,0,12,9,11,1", "open 0 is not above 0"),
        ("1786924860,10,12,-9,11,1", "low -9 is not above 0"),
        ("1786924860,10,10.9,9,11,1", "high 10.9 is below close 11"),
        ("1786924860,10,12,10.1,11,1", "low 10.1 is above open 10"),
        ("1786924860,10,12,9,11,-1", "volume -1 is below 0"),
        ("1786924860,10,12,9,11,-0.5", "volume -0.5 is below 0"),
        ("1786924861,10,12,9,11,1", "2026-08-17T00:01:01Z is no time at which a bar of 1m opens"),
        ("1788220800,10,12,9,11,1", "the bar of 2026-09-01T00:00Z is not closed before 2026-09-01T00:01Z"),
        ("1786924860", "it has 1 field, expected 6"),
        ("1786924860,10,12,9,11", "it has 5 fields, expected 6"),
        ("1786924860,10,12,9,11,1,7", "it has 7 fields, expected 6"),
        ("1786924860,12345678901234567890,12,9,11,1", long),
        ("ts,open,high,low,close,volume", &header),
    ] {
        let text = format!("1786924800,10,12,9,11,1\n{line}\n");
        let expected = format!("bitstamp:BTC/USD 1m\n2026-08-17T00:00Z 10 12 9 11 1\nrejected: line 3: {cause}");
        lines(&text, &options, &expected);
    }
}

#[test]
fn the_last_bar_that_is_closed_is_taken() {
    lines(
        "1788220740,10,12,9,11,1\n", // closes at the very time that it is
        &options(),
        "bitstamp:BTC/USD 1m\n2026-08-31T23:59Z 10 12 9 11 1",
    );
}

/// So many good minutes, and among them so many lines that are none.
fn with_bad(good: usize, bad: usize) -> String {
    let good = (0..good).map(|minute| format!("{},10,12,9,11,1\n", 1_786_924_800 + 60 * minute));
    good.chain((0..bad).map(|_| "1786924800,0,0,0,0,0\n".to_owned())).collect()
}

#[test]
fn one_line_in_a_hundred_may_be_rejected_and_not_more() {
    let files = Files::new();
    let one = read(&files.write(NAME, format!("{HEADER}{}", with_bad(99, 1))), &options()).unwrap();
    assert_eq!((one.series.records.len(), one.rejected.count, one.lines), (99, 1, 100));
    let refused = read(&files.write(NAME, format!("{HEADER}{}", with_bad(98, 1))), &options()).unwrap_err();
    assert_eq!(refused.to_string(), format!("nothing of {} was taken", files.path(NAME).display()));
    let cause = "1 of its 99 lines are rejected, more than 1 %: line 100: open 0 is not above 0; \
                 --allow-rejects takes the others";
    assert_eq!(refused.cause.to_string(), cause);
    let allowed = ReadOptions { allow_rejects: true, ..options() };
    assert_eq!(read(&files.path(NAME), &allowed).unwrap().series.records.len(), 98);
}

#[test]
fn of_many_rejected_lines_the_first_are_listed() {
    let said = said(NAME, format!("{HEADER}{}", with_bad(10, 30)), &options());
    let expected = "30 of its 40 lines are rejected, more than 1 %: line 12: open 0 is not above 0; \
                    line 13: open 0 is not above 0; line 14: open 0 is not above 0; and 27 more; \
                    --allow-rejects takes the others";
    assert_eq!(said, expected);
    let options = ReadOptions { allow_rejects: true, ..options() };
    let files = Files::new();
    let told =
        read(&files.write(NAME, format!("{HEADER}{}", with_bad(10, 30))), &options).unwrap().rejected.to_string();
    assert!(told.ends_with("line 31: open 0 is not above 0; and 10 more"), "{told}");
}

#[test]
fn a_file_without_a_bar_is_refused() {
    let allowed = ReadOptions { allow_rejects: true, ..options() };
    lines("", &options(), "none of its 0 lines is a bar");
    lines("1786924800,0,0,0,0,0\n", &allowed, "its one line is no bar: line 2: open 0 is not above 0");
    let nothing = "it has no line of numbers and no header with ts, open, high, low and close";
    for text in ["", "\n\n", "# nothing\n"] {
        assert_eq!(said(NAME, text, &options()), nothing);
    }
}

#[test]
fn equal_lines_collapse_and_of_differing_ones_the_later_counts() {
    let text =
        "1786924860,10,12,9,11,1\n1786924800,10,12,9,11,1\n1786924860,10.0,12,9,11,1.0\n1786924800,10,12,9,11,2\n";
    let expected = "bitstamp:BTC/USD 1m\n2026-08-17T00:00Z 10 12 9 11 2\n2026-08-17T00:01Z 10 12 9 11 1\n\
                    differing: lines 3 and 5 differ for 2026-08-17T00:00Z, line 5 counts\nrepeated: 1";
    lines(text, &options(), expected);
}

#[test]
fn a_number_that_leaves_no_room_for_the_others_refuses_the_file() {
    let price = "1786924800,98213.5,98213.5,98213.5,98213.5,1\n1786924860,0.12345678901234567,1,0.1,1,1\n";
    let expected = "line 3: the price \"1\" is too fine: prices with 17 and volumes with 0 digits after the point \
                    do not fit in 64 bits beside the bar of 2026-08-17T00:00Z";
    lines(price, &options(), expected);
    let volume = "1786924800,1,1,1,1,0.30000000000000004\n1786924860,1,1,1,1,51000.5\n";
    let expected = "line 3: volume \"51000.5\" is too fine: with 17 digits after the point, as the file has them, \
                    it does not fit in 64 bits; --volume-digits 8 rounds volumes";
    lines(volume, &options(), expected);
    let rounded = ReadOptions { volume_digits: Some(8), ..options() };
    let expected = "bitstamp:BTC/USD 1m\n2026-08-17T00:00Z 1 1 1 1 0.3\n2026-08-17T00:01Z 1 1 1 1 51000.5";
    lines(volume, &rounded, expected);
}

#[test]
fn a_time_of_the_close_is_moved_to_the_open() {
    let close = ReadOptions { stamp: Stamp::Close, ..options() };
    lines("1786924860,10,12,9,11,1\n", &close, "bitstamp:BTC/USD 1m\n2026-08-17T00:00Z 10 12 9 11 1");
}

#[test]
fn a_time_without_offset_refuses_the_file_until_its_zone_is_said() {
    let text = "2026-08-17 02:00:00,10,12,9,11,1\n";
    let expected = "line 2: the time \"2026-08-17 02:00:00\" has no offset; --tz says what it means, such as --tz UTC";
    lines(text, &options(), expected);
    let berlin = jiff::tz::TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    let zone = ReadOptions { zone: Some(berlin), ..options() };
    lines(text, &zone, "bitstamp:BTC/USD 1m\n2026-08-17T00:00Z 10 12 9 11 1");
}

#[test]
fn a_file_still_being_written_is_not_taken() {
    let files = Files::new();
    let written =
        "still being written: it changed less than 60 s ago and does not end in a line end; try again when it is whole";
    let (whole, half) = (format!("{HEADER}1786924800,10,12,9,11,1\n"), format!("{HEADER}1786924800,10,12,9,1"));
    let takes = |content: &[u8], age: i64| {
        let outcome = read(&files.write_at(NAME, content, NOW - age), &options());
        outcome.map_or_else(|refused| refused.cause.to_string(), |file| file.series.records.len().to_string())
    };
    assert_eq!(takes(half.as_bytes(), 59 * SECOND), written);
    assert_eq!(takes(HEADER.trim_end().as_bytes(), 0), written);
    assert_eq!(takes(whole.as_bytes(), 0), "1");
    let last = format!("{whole}1786924860,10,12,9,11,1");
    assert_eq!(takes(last.as_bytes(), 59 * SECOND), written);
    assert_eq!(takes(last.as_bytes(), 60 * SECOND), "2", "a minute later the last line counts without its end");
    let gzip = packed(&whole);
    let half = &gzip[..gzip.len() / 2];
    assert_eq!(takes(half, 59 * SECOND), written);
    let cut_off = "it is cut off: its compression ends in the middle; fetch or copy it again";
    assert_eq!(takes(half, 60 * SECOND), cut_off);
    assert_eq!(takes(&packed(&last), 59 * SECOND), written);
}

#[test]
fn what_is_no_csv_is_told_by_its_kind() {
    for (bytes, expected) in [
        (&b"PAR1\x15\x04"[..], "it is Parquet, which this version does not read; convert it to CSV"),
        (b"PK\x03\x04..", "it is a zip archive; unpack the CSV in it"),
        (b"\xff\xfet\0s\0", "it is in UTF-16; save it in UTF-8"),
        (b"t\0s\0,\0\n\0", "line 1 has a byte 0; expected text in UTF-8"),
    ] {
        assert_eq!(said(NAME, bytes, &options()), expected);
    }
    let long = vec![b'1'; 3 << 20];
    assert_eq!(said(NAME, long, &options()), "line 1 is longer than 1 MB; expected a line per bar");
    let files = Files::new();
    let missing = read(&files.path(NAME), &options()).unwrap_err();
    assert_eq!(missing.cause.to_string(), "it cannot be read");
    let source = std::error::Error::source(&missing.cause).unwrap().to_string();
    assert!(source.contains("No such file"), "{source}");
}

#[test]
fn damaged_compression_is_told() {
    let mut gzip = packed(format!("{HEADER}{}", with_bad(2000, 0)));
    let middle = gzip.len() / 2;
    for byte in &mut gzip[middle..middle + 16] {
        *byte ^= 0x5a;
    }
    assert_eq!(said(NAME, gzip, &options()), "it cannot be read");
}

#[test]
fn trades_are_not_read_yet() {
    let said = |name| said(name, "ts,price,quantity\n1,2,3\n", &options());
    assert_eq!(said("binance_BTC-USDT_trades.csv.gz"), "this version does not read trades");
    assert_eq!(said("binance_BTC-USDT_tickers.csv"), "this version does not read tickers");
}

#[test]
fn progress_ends_at_the_size_of_the_file() {
    let files = Files::new();
    let path = files.write(NAME, format!("{HEADER}{}", with_bad(20_000, 0)));
    let mut heard = Vec::new();
    trading_io::bar_file::read_file(&path, &options(), &mut |progress| {
        heard.push((progress.bytes_done, progress.bytes_total));
    })
    .unwrap();
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(heard.len() > 2 && heard.is_sorted());
    assert_eq!(*heard.last().unwrap(), (size, size));
}

/// Bytes that bar files, and files that are mistaken for them, consist of.
const LIKELY: &[u8] = b"0123456789.,;\t\n\r\"-+eETZ:tsopenhiglwcv \xff\x00\x1f\x8b";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_are_bars_or_a_refusal(
        text in prop::collection::vec(prop::sample::select(LIKELY.to_vec()), 0..200),
        has_header in any::<bool>(),
    ) {
        let content = [if has_header { HEADER.as_bytes() } else { b"" }, &text].concat();
        let named = SeriesNames { timeframe: Some(Timeframe::M1), ..SeriesNames::default() };
        let lenient = ReadOptions { names: named, allow_rejects: true, ..options() };
        said(NAME, &content, &lenient);
        said(NAME, [&packed(&content)[..], &text].concat(), &lenient);
    }

    #[test]
    fn what_is_written_is_read_again_in_any_order(
        bars in prop::collection::btree_map(0..20_000_i64, (1..1_000_000_i64, 0..500_i64, 0..1_000_000_i64), 1..60),
        shuffled in any::<prop::sample::Index>(),
    ) {
        let mut text: Vec<String> = bars.iter().map(|(minute, (low, span, volume))| {
            let (low, high) = (*low as f64 / 100.0, (*low + *span) as f64 / 100.0);
            format!("{},{low:.2},{high:.2},{low:.2},{high:.2},{volume}e-4\n", 1_786_924_800 + 60 * minute)
        }).collect();
        let count = text.len();
        text.rotate_left(shuffled.index(count));
        text.swap(0, count / 2);
        let files = Files::new();
        let file = read(&files.write(NAME, format!("{HEADER}{}", text.concat())), &options()).unwrap();
        let series = &file.series;
        prop_assert_eq!(series.records.len(), bars.len());
        for (record, (minute, (low, span, volume))) in series.records.iter().zip(&bars) {
            prop_assert_eq!(record.open_time, (1_786_924_800 + 60 * minute) * SECOND);
            let price = 10_i64.pow(2 - series.price_digits);
            prop_assert_eq!((record.open * price, record.close * price), (*low, low + span));
            prop_assert_eq!(record.volume * 10_i64.pow(4 - series.volume_digits), *volume);
        }
    }
}
