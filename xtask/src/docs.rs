//! Is the user guide true? References written from the program, and every page checked against it.
//!
//! Start at [`run`]. `program` is the real binary; [`running`] runs it as a service. [`configuration`], [`metrics`] and
//! [`api`] write what stands between the marks of their pages (`<!-- generated: ... -->`); all around the marks is
//! written by hand. [`checks`] tries what the pages tell people to do: links, configuration snippets, commands, and an
//! entry of the troubleshooting page for each message. [`tutorial`] does every step of the pages that a room names for
//! it. [`book`] lays the pages into one folder, for mdBook.

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
mod tutorial;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

use checks::Guide;
use program::Program;
use running::Running;

use crate::room::{self, Room};

/// Pages of the guide with a generated part.
const CONFIGURATION: &str = "configuration-reference.md";
const METRICS: &str = "metrics.md";
const API: &str = "api.md";
/// Where what Prometheus reads of a service that shows every metric is left.
const METRICS_PAGE: &str = "target/metrics.prom";

/// Writes the generated parts, or with `check` compares them; then checks every page. Of the room of that name, or of
/// every room with a guide; its program is built unless it is given.
pub(crate) fn run(root: &Path, name: Option<&str>, check: bool, program: Option<&Path>) -> anyhow::Result<()> {
    room::chosen(root, name)?.iter().try_for_each(|room| guide(root, room, check, program))
}

/// The same, of one room.
fn guide(root: &Path, room: &Room, check: bool, program: Option<&Path>) -> anyhow::Result<()> {
    let program =
        Program::at(root, room, program.map_or_else(|| program::build(root, &room.name), |it| Ok(it.into()))?)?;
    let running = room.service.as_ref().map(|service| Running::start(&program, service)).transpose()?;
    let mut tables = vec![(CONFIGURATION, configuration::table(&program)?)];
    if let Some(running) = &running {
        tables.push((METRICS, metrics::table(&program, running)?));
        tables.push((API, api::table(root, running.service)?));
        // Every metric there is, for promtool.
        let path = root.join(METRICS_PAGE);
        fs::write(&path, running.get("/metrics", "text/plain")?)
            .with_context(|| format!("writing {}", path.display()))?;
    }
    let mut found = Vec::new();
    for (name, table) in tables {
        found.extend(renewed(root, &room.inside(&format!("docs/{name}")), &table, check)?);
    }
    let pages = Guide::read(root, room)?;
    found.extend(pages.faults(&program, running.as_ref())?);
    found.extend(tutorial::faults(root, room, &program)?);
    if !found.is_empty() {
        bail!("the documentation of {} is not true:\n  {}", room.name, found.join("\n  "));
    }
    println!("docs: {}: {}", room.name, pages.summary());
    println!("docs: `mdbook build {}` makes a book of it", book::lay_out(root, room)?);
    Ok(())
}

/// Writes the generated part of a page, or with `check` says where it differs from the committed one.
fn renewed(root: &Path, page: &str, table: &str, check: bool) -> anyhow::Result<Option<String>> {
    let path = root.join(page);
    let old = fs::read_to_string(&path).with_context(|| format!("reading {page}"))?;
    let new = replaced(&old, table).with_context(|| page.to_owned())?;
    if new != old && check {
        return Ok(Some(format!("{page}: not what `cargo xtask docs` writes{}", first_difference(&old, &new))));
    }
    if new != old {
        fs::write(&path, new).with_context(|| format!("writing {page}"))?;
    }
    Ok(None)
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
