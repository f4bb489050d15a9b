use super::checks::{Guide, commands, is_configuration};
use super::markdown::{Block, Page};
use super::table::row;
use super::{END, START, reasons, replaced};
use crate::room::tests::lamp_room;
use crate::room::{self, Room};

const TROUBLESHOOTING: &str = "lamp-keeper/docs/troubleshooting.md";

fn block(language: &str, text: &str) -> Block {
    Block { language: language.to_owned(), text: text.to_owned(), line: 1 }
}

/// A guide of one page in a folder of its own.
fn guide<'r>(room: &'r Room, name: &str, source: &str) -> (tempfile::TempDir, Guide<'r>) {
    let root = tempfile::tempdir().unwrap();
    for folder in ["chassis/docs", "lamp-keeper/docs", "lamp-keeper/deploy"] {
        std::fs::create_dir_all(root.path().join(folder)).unwrap();
    }
    let beside = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];
    let in_rooms = ["README.md", "ARCHITECTURE.md", "deploy/README.md"].map(|file| format!("lamp-keeper/{file}"));
    let others = ["chassis/README.md", "chassis/docs/backup.md"];
    for file in beside.into_iter().chain(others).chain(in_rooms.iter().map(String::as_str)) {
        std::fs::write(root.path().join(file), "").unwrap();
    }
    std::fs::write(root.path().join(name), source).unwrap();
    let guide = Guide::read(root.path(), room).unwrap();
    (root, guide)
}

#[track_caller]
fn links(source: &str, expected: &[&str]) {
    let room = lamp_room();
    let (_root, guide) = guide(&room, "lamp-keeper/docs/page.md", source);
    assert_eq!(guide.broken_links(), expected);
}

#[test]
fn every_reason_has_its_entry_in_the_words_of_the_program() {
    let rooms = room::chosen(crate::project_root(), None).unwrap();
    let room = rooms.iter().find(|room| room.service.is_some()).unwrap();
    let guide = Guide::read(crate::project_root(), room).unwrap();
    assert_eq!(guide.missing_reasons(), [""; 0]);
    let codes: std::collections::BTreeSet<&str> = reasons::all().iter().map(|(code, _)| *code).collect();
    assert_eq!(codes.len(), 14, "{codes:?}"); // 3 errors, 11 holds
}

#[test]
fn a_reason_without_its_entry_or_in_other_words_is_named() {
    let room = lamp_room();
    let (_root, guide) = guide(&room, TROUBLESHOOTING, "# Troubleshooting\n\n### `no_gain`\n\nnothing gained\n");
    let faults = guide.missing_reasons();
    assert!(faults.contains(&format!("{TROUBLESHOOTING}: no entry for stale_data")), "{faults:?}");
    let quote = "entry no_gain does not quote: non-positive gains since t0 (clamped)";
    assert!(faults.contains(&format!("{TROUBLESHOOTING}: {quote}")), "{faults:?}");
}

#[test]
fn links_lead_to_files_and_headings_of_the_guide() {
    links("# A `b` page, c\n\n[1](#a-b-page-c) [2](page.md#a-b-page-c) [3](https://example.org/x#y)", &[]);
    links("# A\n\n# A\n\n[the second](#a-1)", &[]);
    links("[1](gone.md)", &["lamp-keeper/docs/page.md: gone.md: no such file"]);
    links("![1](images/gone.png)", &["lamp-keeper/docs/page.md: images/gone.png: no such file"]);
    links("# A\n\n[1](#b)", &["lamp-keeper/docs/page.md: #b: no such heading"]);
    let outside = "leads out of the guide, where readers of the book have nothing";
    links("[1](../../chassis/docs/backup.md)", &[]);
    links("[1](../README.md)", &[&format!("lamp-keeper/docs/page.md: ../README.md: {outside}")]);
    links("[1](../../../etc/passwd)", &["lamp-keeper/docs/page.md: ../../../etc/passwd: leads out of the project"]);
}

#[test]
fn a_page_of_a_release_leads_to_nothing_that_stays_here() {
    let lamp = lamp_room();
    let broken = |page: &str, source: &str| guide(&lamp, page, source).1.broken_links();
    let here = "not in a release, where this page is";
    let chassis = "[1](chassis/README.md)";
    let expected = format!("lamp-keeper/README.md: ARCHITECTURE.md: {here}");
    assert_eq!(broken("lamp-keeper/README.md", "[1](ARCHITECTURE.md) [2](deploy/README.md)"), [expected]);
    assert_eq!(broken("CONTRIBUTING.md", chassis), [format!("CONTRIBUTING.md: chassis/README.md: {here}")]);
    assert_eq!(broken("lamp-keeper/ARCHITECTURE.md", "[1](../chassis/README.md) [2](deploy)"), [""; 0]);
    assert_eq!(broken("README.md", chassis), [""; 0]); // of the project, and not released
}

#[test]
fn commands_are_read_as_a_shell_would() {
    let lamp = lamp_room();
    let shell = |text| commands(&block("sh", text), &lamp);
    assert_eq!(shell("lamp-keeper --once"), ["--once"]);
    assert_eq!(
        shell("lamp-keeper --config my.yaml \\\n  explain attic | head > file # shows it"),
        ["--config my.yaml explain attic"]
    );
    assert_eq!(shell("cat password | lamp-keeper hash-password"), ["hash-password"]);
    assert_eq!(shell("cargo run -- check"), ["check"]);
    assert_eq!(shell("lamp-keeper"), [""]);
    assert_eq!(shell("hash=$(lamp-keeper hash-password)"), ["hash-password"]);
    assert_eq!(shell("kubectl -n lamp-keeper rollout undo deployment/lamp-keeper"), [""; 0]);
    assert_eq!(shell("kubectl -n monitoring exec POD -- lamp-keeper check"), ["check"]);
    assert_eq!(shell("journalctl -u lamp-keeper.service"), [""; 0]);
    assert_eq!(commands(&block("text", "lamp-keeper --once"), &lamp), [""; 0]);
}

#[test]
fn configurations_are_told_from_other_yaml() {
    let told = |language, text| is_configuration(&block(language, text), &lamp_room());
    assert!(told("yaml", "# mine\nkeeper:\n  timezone: UTC\n"));
    assert!(told("yaml", "bulbs: {rooms: [attic]}\n"));
    assert!(!told("yaml", "scrape_configs:\n"));
    assert!(!told("text", "bulbs: {rooms: [attic]}\n"));
}

#[test]
fn a_page_is_taken_apart() {
    let page = Page::of("# One\n\ntext `code`\n\n```sh\na\nb\n```\n\n## Two `x`\n\nmore [link](x.md)\n");
    let headings: Vec<&str> = page.sections.iter().map(|section| section.heading.as_str()).collect();
    assert_eq!(headings, ["One", "Two x"]);
    assert!(page.sections[0].text.contains("text `code`") && !page.sections[0].text.contains("more"));
    let [block] = &page.blocks[..] else { panic!("{:?}", page.blocks) };
    assert_eq!((block.language.as_str(), block.text.as_str(), block.line), ("sh", "a\nb\n", 5));
    assert_eq!((page.links, page.codes), (vec!["x.md".to_owned()], vec!["code".to_owned()]));
}

#[test]
fn only_what_stands_between_the_marks_is_replaced() {
    let page = format!("before\n{START}old\n{END}after\n");
    assert_eq!(replaced(&page, "new\n").unwrap(), format!("before\n{START}\nnew\n\n{END}after\n"));
    assert!(replaced("no marks", "new").is_err());
    assert_eq!(row(&["a|b", "c\nd"]), "| a\\|b | c d |\n");
}
