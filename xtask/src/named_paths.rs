//! Is there everything that documents name by its path?
//!
//! Only tests: what the original documents of the services name for their first runs stays where they say, and what the
//! project's own pages name in code exists, wherever it was moved from.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use pulldown_cmark::{Event, Options, Parser};

use crate::service::{self, Service};

/// Named by the original documents, whatever is moved.
const CONTRACTS: [&str; 2] = ["config/orchestrator_config.yaml", "examples/liqwid"];

/// Folders that were at the top once: what a page still names there was forgotten when they moved into the rooms.
const FORMER: [&str; 5] = ["crates", "data", "deploy", "docs", "tests"];

/// What a page names in code that begins with one of these folders. A folder alone is a kind, as in "its `docs/`".
fn named(page: &str, folders: &BTreeSet<String>) -> Vec<String> {
    let is_path = |code: &str| {
        let parts = code.trim_end_matches('/').split_once('/');
        parts.is_some_and(|(first, _)| folders.contains(first)) && !code.contains([' ', '*', '<', '…'])
    };
    let codes = Parser::new_ext(page, Options::ENABLE_TABLES).filter_map(|event| match event {
        Event::Code(code) => Some(code.into_string()),
        _ => None,
    });
    let paths = codes.filter(|code| is_path(code));
    paths.map(|path| path.split('#').next().unwrap_or_default().to_owned()).collect()
}

/// Whether a path that a page names is there: from the root, from a folder that the page lies in, or in a release of a
/// service, where the page may be read.
fn is_there(page: &str, path: &str, services: &[Service]) -> bool {
    let beside = Path::new(page).ancestors().skip(1).any(|folder| exists(&folder.join(path).to_string_lossy()));
    let in_a_release = |service: &Service| {
        let file = service.inside(path);
        exists(&file) && service.layout().released(&file).is_some()
    };
    beside || services.iter().any(in_a_release)
}

/// Every file of the project, by its path from the root. What is built, installed or left by runs is none.
fn files() -> Vec<String> {
    let mut list = Command::new("git");
    list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let output = list.current_dir(crate::project_root()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let names = String::from_utf8(output.stdout).unwrap();
    names.split_terminator('\0').filter(|name| exists(name)).map(str::to_owned).collect()
}

fn exists(path: &str) -> bool {
    crate::project_root().join(path).exists()
}

#[test]
fn what_the_original_documents_name_is_where_they_say() {
    for path in CONTRACTS {
        assert!(exists(path), "{path}");
    }
    for service in service::all(crate::project_root()).unwrap() {
        let dockerfile = service.inside(&format!("deploy/docker/{}/Dockerfile", service.name));
        for path in service.ships.iter().chain([&service.configuration, &dockerfile]) {
            assert!(exists(path), "{path}");
        }
    }
}

#[test]
fn what_pages_name_by_its_path_exists() {
    let services = service::all(crate::project_root()).unwrap();
    let files = files();
    let folders = files.iter().filter_map(|file| file.split_once('/')).map(|(folder, _)| folder.to_owned());
    let folders: BTreeSet<String> = folders.chain(FORMER.map(str::to_owned)).collect();
    let (mut count, mut missing) = (0, Vec::new());
    for page in files.iter().filter(|file| file.ends_with(".md")) {
        let text = std::fs::read_to_string(Path::new(crate::project_root()).join(page)).unwrap();
        for path in &named(&text, &folders) {
            count += 1;
            if !is_there(page, path, &services) {
                missing.push(format!("{page} names {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(count > 50, "{count}: are paths of pages still found?");
}

#[test]
fn a_path_that_a_move_broke_is_found() {
    let folders: BTreeSet<String> = FORMER.map(str::to_owned).into();
    let page = "Who holds what is in `crates/xtask/src/examples/plan.rs`; its `docs/` and `a/b` are no paths of ours.";
    assert_eq!(named(page, &folders), ["crates/xtask/src/examples/plan.rs"]);
    assert_eq!(named("| a | b |\n|---|---|\n| `docs/x.md#y` | c |\n", &folders), ["docs/x.md"]);
    let services = service::all(crate::project_root()).unwrap();
    let is_there = |page, path| is_there(page, path, &services);
    assert!(!is_there("examples/liqwid/README.md", "crates/xtask/src/examples/plan.rs"));
    assert!(is_there("examples/liqwid/README.md", "xtask/src/examples/plan.rs"));
    // Of the chassis, for its own page; of the room, for a page of its releases, but not its sources.
    assert!(is_there("chassis/README.md", "tests/flaky"));
    assert!(!is_there("README.md", "tests/flaky"));
    assert!(is_there("chassis/docs/systemd.md", "deploy/scripts/deploy.sh"));
    assert!(!is_there("ARCHITECTURE.md", "tests/suites"));
}
