//! Is there everything that documents name by its path?
//!
//! Only tests: what the original documents of the services name for their first runs stays where they say, and what the
//! project's own pages name in code exists.

use std::collections::BTreeSet;
use std::path::Path;

use pulldown_cmark::{Event, Parser};

use crate::service;

/// Named by the original documents, whatever is moved.
const CONTRACTS: [&str; 2] = ["config/orchestrator_config.yaml", "examples/liqwid"];

/// Pages whose paths begin in the project's root.
const PAGES: [&str; 4] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "chassis/README.md"];

/// What a page names in code that begins with a folder of the root.
fn named(page: &str, folders: &BTreeSet<String>) -> Vec<String> {
    let is_path = |code: &str| {
        let first = code.split('/').next().unwrap_or_default();
        code.contains('/') && folders.contains(first) && !code.contains([' ', '*', '<'])
    };
    let codes = Parser::new(page).filter_map(|event| match event {
        Event::Code(code) => Some(code.into_string()),
        _ => None,
    });
    codes.filter(|code| is_path(code)).collect()
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
    let entries = std::fs::read_dir(crate::project_root()).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.path().is_dir());
    let folders: BTreeSet<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    let mut count = 0;
    for page in PAGES {
        let text = std::fs::read_to_string(Path::new(crate::project_root()).join(page)).unwrap();
        // What is built and installed is not there in a fresh clone.
        for path in named(&text, &folders).iter().filter(|path| !path.starts_with("target/")) {
            assert!(exists(path), "{page} names {path}");
            count += 1;
        }
    }
    assert!(count > 10, "{count}: are paths of pages still found?");
}
