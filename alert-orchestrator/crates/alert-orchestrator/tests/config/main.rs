//! The configuration: every key alone (`keys`), keys together (`faults`), what a file means (`meaning`).

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what a test cannot set up has failed")]

mod faults;
mod keys;
mod meaning;

use std::path::Path;

use alert_orchestrator::config::{Config, load};
use tempfile::TempDir;

/// A user's password as bcrypt would hash it; no test compares it with one.
const HASH: &str = "bcrypt:$2b$12$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i";

fn no_environment(_: &str) -> Option<String> {
    None
}

/// A folder with the configuration `text` in it, and the faults without the folder's name.
fn load_text(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Config, String> {
    let folder = TempDir::new().unwrap();
    load_in(folder.path(), text, env)
}

fn load_in(folder: &Path, text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Config, String> {
    let file = folder.join("config.yaml");
    std::fs::write(&file, text).unwrap();
    load(&file, env).map_err(|faults| faults.to_string().replace(&format!("{}/", folder.display()), ""))
}

#[track_caller]
fn loads(text: &str) -> Config {
    load_text(text, &no_environment).unwrap_or_else(|faults| panic!("{faults}\n{text}"))
}

/// The faults of `text`, each without `config.yaml:`.
#[track_caller]
fn fails(text: &str, expected: &[&str]) {
    let faults = load_text(text, &no_environment).expect_err("the text has faults");
    let found: Vec<&str> = faults.lines().map(|line| line.strip_prefix("config.yaml:").unwrap_or(line)).collect();
    assert_eq!(found, expected, "{text}");
}
