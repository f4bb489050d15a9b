//! Is the user guide true? References written from the program, and every page checked against it.
//!
//! Start at [`run`]. `program` is the real binary; [`running`] runs it. [`configuration`], [`metrics`] and [`api`] write
//! what stands between the marks of their pages (`<!-- generated: ... -->`); all around the marks is written by hand.
//! [`checks`] tries what the pages tell people to do: links, configuration snippets, commands, and an entry of the
//! troubleshooting page for each message. [`book`] lays the pages of both rooms into one folder, for mdBook.

mod api;
mod book;
mod checks;
mod configuration;
mod markdown;
mod metrics;
mod program;
mod reasons;
mod running;
mod table;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use checks::Guide;
use program::Program;
use running::Running;

use crate::service;

/// Pages of the guide with a generated part.
const CONFIGURATION: &str = "configuration-reference.md";
const METRICS: &str = "metrics.md";
const API: &str = "api.md";
/// Where what Prometheus reads of a service that shows every metric is left.
const METRICS_PAGE: &str = "target/metrics.prom";

/// Writes the generated parts, or with `check` compares them; then checks every page. Builds the program unless it is given.
pub(crate) fn run(root: &Path, service: Option<&str>, check: bool, program: Option<PathBuf>) -> anyhow::Result<()> {
    let service = service::chosen(root, service)?;
    let program = Program::at(root, &service, program.map_or_else(|| program::build(root, &service.package), Ok)?)?;
    let running = Running::start(&program, &service.configuration_section)?;
    let tables = [
        (CONFIGURATION, configuration::table(&program)?),
        (METRICS, metrics::table(&program, &running, &service)?),
        (API, api::table(root, &service)?),
    ];
    // Every metric there is, for promtool.
    let path = root.join(METRICS_PAGE);
    fs::write(&path, running.get("/metrics", "text/plain")?).with_context(|| format!("writing {}", path.display()))?;
    let mut found = Vec::new();
    for (name, table) in tables {
        let page = service.inside(&format!("docs/{name}"));
        let path = root.join(&page);
        let old = fs::read_to_string(&path).with_context(|| format!("reading {page}"))?;
        let new = replaced(&old, &table).with_context(|| page.clone())?;
        if new == old {
            continue;
        }
        if check {
            found.push(format!("{page}: not what `cargo xtask docs` writes{}", first_difference(&old, &new)));
        } else {
            fs::write(&path, new).with_context(|| format!("writing {page}"))?;
        }
    }
    let guide = Guide::read(root, &service)?;
    found.extend(guide.faults(&program, &running)?);
    if !found.is_empty() {
        bail!("the documentation is not true:\n  {}", found.join("\n  "));
    }
    println!("docs: {}", guide.summary());
    println!("docs: `mdbook build {}` makes a book of it", book::lay_out(root, &service)?);
    Ok(())
}

const START: &str = "<!-- generated: do not edit what follows, run `cargo xtask docs` -->\n";
const END: &str = "<!-- end of what is generated -->\n";

/// The page with another generated part.
fn replaced(page: &str, table: &str) -> anyhow::Result<String> {
    let marks = page.split_once(START).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = marks.with_context(|| format!("no generated part, expected one between {START}and {END}"))?;
    Ok(format!("{before}{START}\n{}\n\n{END}{after}", table.trim()))
}

fn first_difference(old: &str, new: &str) -> String {
    let mut lines = old.lines().zip(new.lines()).enumerate();
    let different = lines.find(|(_, (old, new))| old != new);
    different.map_or_else(
        || format!(" ({} lines, expected {})", old.lines().count(), new.lines().count()),
        |(line, (old, new))| format!(", line {}:\n    committed: {old}\n    generated: {new}", line + 1),
    )
}
