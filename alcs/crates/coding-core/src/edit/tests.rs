//! Edits of files as editors leave them, and what holds of all of them.

use proptest::prelude::*;

use super::*;

fn edits(pairs: &[(&str, &str)]) -> Vec<Edit> {
    pairs.iter().map(|(find, replace)| Edit { find: (*find).to_owned(), replace: (*replace).to_owned() }).collect()
}

#[track_caller]
fn becomes(text: &str, pairs: &[(&str, &str)], expected: &str) {
    assert_eq!(apply(text, &edits(pairs)).as_deref(), Ok(expected));
}

#[track_caller]
fn fails(text: &str, pairs: &[(&str, &str)], expected: &str) {
    assert_eq!(apply(text, &edits(pairs)).expect_err("a fault").to_string(), expected);
}

#[test]
fn a_text_takes_the_place_of_another() {
    becomes("let a = 1;\nlet b = 2;\n", &[("a = 1", "a = 3")], "let a = 3;\nlet b = 2;\n");
    becomes("one\ntwo\n", &[("two\n", ""), ("one", "1")], "1\n");
    becomes("a", &[("a", "aa")], "aa");
}

#[test]
fn edits_are_of_the_file_as_it_was() {
    becomes("one two", &[("one", "two"), ("two", "one")], "two one");
}

#[test]
fn lines_keep_their_ends_and_new_ones_take_that_of_the_line_before() {
    becomes("a\r\nb\r\n", &[("a\nb", "a\nx\nb")], "a\r\nx\r\nb\r\n");
    becomes("a\nb\r\nc\n", &[("b\nc", "b\nx\nc")], "a\nb\r\nx\r\nc\n");
    becomes("a\r\nb\n", &[("b\r\n", "b\r\nc\r\n")], "a\r\nb\nc\n");
    becomes("a\r\nb", &[("b", "b\nc")], "a\r\nb\r\nc");
}

#[test]
fn the_file_keeps_its_mark_and_the_lack_of_a_last_end() {
    becomes("\u{feff}a\nb", &[("a", "c"), ("b", "d")], "\u{feff}c\nd");
}

#[test]
fn an_edit_that_does_not_match_once_is_told_with_the_nearest_line() {
    let text = "fn first() {}\nfn second(n: u32) {}\nfn first() {}\n";
    fails(text, &[("fn first", "x")], "edit 1: `find` must stand once in the file, found it 2 times");
    let nearest = "edit 2: `find` must stand once in the file, found it 0 times; line 2 is nearest";
    fails(text, &[("u32", "u64"), ("fn second(n: u64) {}", "x")], nearest);
    fails(text, &[("struct Unknown;", "x")], "edit 1: `find` must stand once in the file, found it 0 times");
    fails("aaa", &[("aa", "x")], "edit 1: `find` must stand once in the file, found it 2 times");
    fails(text, &[("", "x")], "edit 1: `find` is empty");
}

#[test]
fn edits_of_one_place_are_told() {
    fails("one two three", &[("two three", "x"), ("one two", "y")], "edits 1 and 2 overlap");
    becomes("onetwo", &[("one", "1"), ("two", "2")], "12");
}

fn file() -> impl Strategy<Value = String> {
    proptest::collection::vec(("[ab]{0,3}", prop_oneof![Just("\n"), Just("\r\n")]), 0..8)
        .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect())
}

proptest! {
    #[test]
    fn an_edit_that_changes_nothing_leaves_every_byte(text in file(), from in 0..20_usize, length in 1..20_usize) {
        let body: Vec<char> = text.chars().collect();
        let find: String = body.iter().skip(from).take(length).collect();
        let edit = Edit { replace: find.clone(), find };
        if let Ok(edited) = apply(&text, &[edit]) {
            prop_assert_eq!(edited, text);
        }
    }

    #[test]
    fn any_edits_give_a_text_or_an_error(text in file(), pairs in proptest::collection::vec(("[ab\r\n]{0,4}", ".{0,4}"), 0..4)) {
        let edits: Vec<Edit> = pairs.into_iter().map(|(find, replace)| Edit { find, replace }).collect();
        if let Ok(edited) = apply(&text, &edits) {
            let new: usize = edits.iter().map(|edit| edit.replace.len() * 2).sum();
            prop_assert!(edited.len() <= text.len() + new);
        }
    }
}
