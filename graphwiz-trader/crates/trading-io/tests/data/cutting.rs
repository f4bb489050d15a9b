//! Files without their end, and which files of a folder are meant.

use std::fs;
use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use trading_core::time::{Micros, SECOND};
use trading_io::bar_file::ReadOptions;
use trading_io::cut::{Cut, cut};
use trading_io::folder::bar_files;

use crate::support::{Files, NOW, options, packed};

const AT: Micros = 1_786_924_860 * SECOND;

/// What is left of a file, and of how many lines.
#[track_caller]
fn leaves(text: &str, options: &ReadOptions, expected: &str, [kept, left_out, unreadable]: [u64; 3]) {
    let files = Files::new();
    let counts = Cut { kept, left_out, unreadable };
    for (name, from) in [("a", files.write("plain.csv", text)), ("b", files.write("packed.csv.gz", packed(text)))] {
        let (to, to_gzip) = (files.path(&format!("{name}.csv")), files.path(&format!("{name}.csv.GZ")));
        assert_eq!(cut(&from, &to, AT, options).unwrap(), counts);
        assert_eq!(fs::read_to_string(&to).unwrap(), expected);
        assert_eq!(cut(&from, &to_gzip, AT, options).unwrap(), counts);
        let mut unpacked = String::new();
        MultiGzDecoder::new(fs::File::open(&to_gzip).unwrap()).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, expected, "compressed where the copy's name says so");
    }
}

#[test]
fn all_at_or_after_the_instant_is_left_out_and_the_rest_is_as_it_was() {
    leaves(
        "\u{feff}# by hand\r\nTime,\"Open\",h,l,c\r\n\r\n1786924860,1,1,1,1\r\n1786924859999,x,,,\r\n\
         1786924920,1,1,1,1",
        &options(),
        "\u{feff}# by hand\r\nTime,\"Open\",h,l,c\r\n\r\n1786924859999,x,,,\r\n",
        [1, 2, 0],
    );
}

#[test]
fn a_line_whose_time_cannot_be_read_might_be_of_later() {
    leaves("ts;price\n1786924800;1\nsoon;2\n", &options(), "ts;price\n1786924800;1\n", [1, 0, 1]);
}

#[test]
fn trades_and_files_without_header_are_cut_too() {
    let trades = "ts,price,quantity,side\n1786924859999999,1,2,buy\n1786924860000000,1,2,sell\n";
    leaves(trades, &options(), "ts,price,quantity,side\n1786924859999999,1,2,buy\n", [1, 1, 0]);
    leaves("1786924800,1,1,1,1,1,1\n1786924860,1,1,1,1,1,1\n", &options(), "1786924800,1,1,1,1,1,1\n", [1, 1, 0]);
    let ordered = ReadOptions { order: Some(vec!["id".into(), "ts".into()]), ..options() };
    leaves("7,1786924800\n8,1786924860\n", &ordered, "7,1786924800\n", [1, 1, 0]);
}

#[test]
fn what_cannot_be_cut_leaves_nothing() {
    let files = Files::new();
    let from = files.write("from.csv", "ts,price\n2026-08-17 00:00:00,1\n");
    let to = files.path("to.csv");
    let error = cut(&from, &to, AT, &options()).unwrap_err();
    assert_eq!(error.to_string(), format!("nothing of {} was taken", from.display()));
    let error = cut(&from, &files.path("nowhere/to.csv"), AT, &options()).unwrap_err();
    assert!(std::error::Error::source(&error).is_some(), "{error}");
    let half = files.write_at("half.csv", "ts,price\n1786924800,1\n17869", NOW - SECOND);
    assert!(cut(&half, &to, AT, &options()).is_err());
    assert_eq!(fs::read_dir(files.path("")).unwrap().count(), 2, "no half copy stays");
}

#[cfg(unix)]
#[test]
fn a_copy_takes_the_place_of_nothing() {
    let files = Files::new();
    let from = files.write("from.csv", "ts,price\n1786924800,1\n");
    let there = files.write("there.yaml", "strategies: []\n");
    let link = files.path("link.csv");
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    for to in [&from, &there, &link] {
        let expected = format!(
            "{} is there already, expected nothing in the place of the copy; remove it, or name another place",
            to.display()
        );
        assert_eq!(cut(&from, to, AT, &options()).unwrap_err().to_string(), expected);
    }
    assert_eq!(fs::read_to_string(&there).unwrap(), "strategies: []\n");
    assert!(fs::read_link(&link).is_ok());
}

#[test]
fn of_a_folder_its_csv_files_are_meant_and_all_others_passed_over() {
    let files = Files::new();
    for name in ["b.csv", "binance_BTC-USDT_1h.csv.gz", "binance_BTC-USDT_trades.csv.gz", "README.md", ".a.csv", ".csv"]
    {
        files.write(name, "");
    }
    fs::create_dir(files.path("c.csv")).unwrap();
    let found = bar_files(&files.path("")).unwrap();
    assert_eq!(found.files, [files.path("b.csv"), files.path("binance_BTC-USDT_1h.csv.gz")]);
    assert_eq!(found.passed_over, [files.path("README.md"), files.path("binance_BTC-USDT_trades.csv.gz")]);
    let named = bar_files(&files.path("binance_BTC-USDT_trades.csv.gz")).unwrap();
    assert_eq!((named.files.len(), named.passed_over.len()), (1, 0), "who names a file means it");
    assert!(bar_files(&files.path("none")).is_err());
}
