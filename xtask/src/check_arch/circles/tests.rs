//! Small crates, each file's name before its text.

use std::fs;

use super::*;

/// The only place that calls [`circles`]: writes a crate whose root is the first file, and compares what is found.
#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    assert_eq!(circles(folder.path(), &folder.path().join(files[0].0)).unwrap(), expected);
}

#[test]
fn two_files_that_use_each_other_are_a_circle_with_the_line_of_each_import() {
    check(
        &[
            ("lib.rs", "mod a;\nmod b;"),
            ("a.rs", "use std::fmt;\n\nuse crate::b::B;\npub struct A(B);"),
            ("b.rs", "use crate::{\n    a::{A as First},\n};\npub struct B(Box<First>);"),
        ],
        &["a.rs:3 -> b.rs:2 -> a.rs"],
    );
}

#[test]
fn a_child_that_reaches_up_to_its_parent_s_own_things_is_a_circle() {
    check(
        &[
            ("lib.rs", "mod a;"),
            ("a.rs", "mod b;\npub const SIZE: usize = 3;\npub fn f() { b::g() }"),
            ("a/b.rs", "use super::SIZE;\npub fn g() {}"),
        ],
        &["a.rs:3 -> a/b.rs:1 -> a.rs"],
    );
}

#[test]
fn a_child_that_its_parent_only_declares_may_reach_up() {
    check(
        &[
            ("lib.rs", "mod a;"),
            ("a.rs", "pub mod b;\npub const SIZE: usize = 3;"),
            ("a/b.rs", "pub fn g() -> usize { super::SIZE }"),
        ],
        &[],
    );
}

#[test]
fn a_path_in_code_is_an_import_also_inside_a_macro_and_in_serde_s_strings() {
    let files = |b| [("lib.rs", "mod a;\nmod b;"), ("a.rs", "use super::b::B;\npub fn f() {}"), ("b.rs", b)];
    let circle = ["a.rs:1 -> b.rs:2 -> a.rs"];
    check(&files("pub struct B;\nfn g() { super::a::f() }"), &circle);
    check(&files("pub struct B;\nfn g() { println!(\"{:?}\", [super::a::f()]) }"), &circle);
    check(&files("#[derive(Serialize)] pub struct B {\n#[serde(with = \"crate::a::text\")] x: u8 }"), &circle);
    check(&files("pub struct B;\nimpl B { fn g() -> impl Fn() { <crate::a::A as Default>::default } }"), &circle);
}

#[test]
fn a_path_that_begins_with_a_used_module_leads_there() {
    check(
        &[
            ("lib.rs", "mod a;\nmod b;"),
            ("a.rs", "pub mod deep;"),
            ("a/deep.rs", "use crate::b::g;\npub fn f() { g() }"),
            ("b.rs", "use crate::a;\npub fn g() { a::deep::f() }"),
        ],
        &["a/deep.rs:1 -> b.rs:2 -> a/deep.rs"],
    );
}

#[test]
fn three_files_are_one_circle_whose_every_file_is_shown_once() {
    check(
        &[
            ("main.rs", "mod a;\nmod b;\nmod c;\nfn main() { a::f() }"),
            ("a.rs", "pub fn f() { crate::b::f() }"),
            ("b.rs", "pub fn f() { crate::c::f() }"),
            ("c.rs", "pub fn f() { crate::a::f() }"),
        ],
        &["a.rs:1 -> b.rs:1 -> c.rs:1 -> a.rs"],
    );
}

#[test]
fn what_only_tests_import_is_passed_over() {
    check(
        &[
            ("lib.rs", "mod a;\nmod b;"),
            ("a.rs", "use crate::b::g;\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\npub fn for_tests() {}"),
            ("a/tests.rs", "this is not even Rust"),
            (
                "b.rs",
                "pub fn g() {}\n#[cfg(test)]\nuse crate::a::for_tests;\n\
                 #[cfg(all(test, unix))]\nfn h() { crate::a::f() }\n\
                 struct S;\nimpl S { #[cfg(test)] fn i() { crate::a::f() } }\n\
                 #[cfg(test)]\nmod tests { use crate::a; }",
            ),
        ],
        &[],
    );
}

#[test]
fn who_names_a_re_export_imports_what_it_stands_for() {
    let lib = ("lib.rs", "mod a;\nmod b;\npub use a::A;\npub use b::*;");
    // The facade imports both; neither imports the facade.
    check(&[lib, ("a.rs", "pub struct A;"), ("b.rs", "use crate::A;\npub struct B(A);")], &[]);
    check(&[lib, ("a.rs", "use crate::B;\npub struct A(B);"), ("b.rs", "pub struct B;")], &[]);
    check(
        &[lib, ("a.rs", "use crate::B;\npub struct A(B);"), ("b.rs", "use super::A;\npub struct B(Box<A>);")],
        &["a.rs:1 -> b.rs:1 -> a.rs"],
    );
}

#[test]
fn a_re_export_is_an_import_by_the_parent() {
    check(
        &[
            ("lib.rs", "mod a;"),
            ("a.rs", "mod b;\npub use b::B;\npub type Size = usize;"),
            ("a/b.rs", "pub struct B(super::Size);"),
        ],
        &["a.rs:2 -> a/b.rs:1 -> a.rs"],
    );
}

#[test]
fn a_module_inside_a_file_is_that_file() {
    check(
        &[
            ("lib.rs", "mod a;"),
            ("a.rs", "mod inner {\n    mod b;\n    use super::X;\n    use b::B;\n}\npub struct X;"),
            ("a/inner/b.rs", "pub struct B(crate::a::X);"),
        ],
        &["a.rs:4 -> a/inner/b.rs:1 -> a.rs"],
    );
}

#[test]
fn other_crates_visibilities_and_comments_are_no_imports() {
    check(
        &[
            ("lib.rs", "mod a;\nmod b;"),
            ("a.rs", "pub mod c;\npub use c::C;\npub fn f() { crate::b::g() }"),
            ("a/c.rs", "/// See [`super::f`].\npub(in super::super) struct C;"),
            ("b.rs", "use ::a::A;\nuse std::a::f;\npub fn g() { f(); c::d() }"),
        ],
        &[],
    );
}
