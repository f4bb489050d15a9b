//! Do the crates depend on each other, and on the outside, only as ARCHITECTURE.md allows?
//!
//! Start at [`violations`]. Three rules: an arrow between our crates must stand in [`LAYERS`]; no arrow, a test's
//! included, closes a circle; and nothing below a pure crate can do IO, wait or read a clock. The graph comes from
//! `cargo metadata` with every platform and with features as united over the workspace, so it holds more than any one
//! build does: the proof errs on the strict side.
//!
//! A fourth rule is about the inside of each crate: its files do not import each other in a circle ([`circles`]).

mod circles;
mod modules;
mod names;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use anyhow::{Context, bail};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// What the advisor's program may use: all that stands above it.
const ABOVE: &[&str] =
    &["quant", "legible", "advisor-core", "advisor-io", "client", "file-store", "platform", "build-info"];

/// Each of our crates with those of ours it may use. A new crate is an entry here before it compiles in CI.
const LAYERS: &[(&str, &[&str])] = &[
    ("quant", &[]),
    ("client", &[]),
    ("file-store", &[]),
    ("legible", &[]),
    ("platform", &["legible"]),
    ("build-info", &[]),
    ("advisor-core", &["quant", "legible"]),
    ("advisor-io", &["quant", "legible", "advisor-core", "client", "file-store"]),
    ("trading-core", &["quant"]),
    ("coding-core", &[]),
    ("graphwiz-trader", &["quant", "legible", "trading-core", "trading-io", "platform", "build-info"]),
    ("trading-io", &["legible", "trading-core", "file-store"]),
    ("own-strategy", &["trading-core", "graphwiz-trader"]),
    ("alert-orchestrator", ABOVE), // with the advisor-* crates
    ("skeleton", &["build-info", "platform"]),
    ("testkit", &[]),
    ("advisor-testkit", &["advisor-core", "testkit"]),
    ("xtask", &["quant", "advisor-core", "advisor-io", "platform", "testkit", "advisor-testkit"]),
];

/// For tests only: a crate may test with what knows no crate of ours that it may not know itself.
const TEST_SUPPORT: &[&str] = &["testkit", "advisor-testkit"];

/// Same input, same answer: these do no IO, start no task, and read no clock.
const PURE: &[&str] = &["quant", "legible", "advisor-core", "trading-core", "coding-core"];

/// What must not be found below a pure crate, at any depth. jiff stays allowed for its types; reading the clock
/// through it is banned by the pure crates' clippy.toml.
const IMPURE: &[&str] = &[
    // async runtimes and the system's event queues
    "tokio",
    "async-std",
    "smol",
    "futures-executor",
    "mio",
    "socket2",
    // clients and servers
    "reqwest",
    "ureq",
    "hyper",
    "axum",
    "curl-sys",
    "openssl-sys",
    "rustls",
    // stores
    "rusqlite",
    "libsqlite3-sys",
    // clocks and randomness
    "chrono",
    "time",
    "quanta",
    "web-time",
    "getrandom",
    "fastrand",
];

/// Proves the rules for this workspace; the error lists every violation with its path.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let metadata = read(root)?;
    let graph = graph_of(&metadata)?;
    let mut found = violations(&graph);
    found.extend(circles_inside(&metadata)?);
    if !found.is_empty() {
        bail!("forbidden dependencies:\n  {}", found.join("\n  "));
    }
    println!("check-arch: {} crates of ours depend on each other and on the outside as allowed", graph.ours.len());
    println!("check-arch: no files inside them import each other in a circle");
    Ok(())
}

/// One sentence for each circle inside a crate.
fn circles_inside(metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for package in metadata.workspace_packages() {
        for target in package.targets.iter().filter(|target| target.is_lib() || target.is_bin()) {
            let circles = circles::circles(metadata.workspace_root.as_std_path(), target.src_path.as_std_path())?;
            found.extend(circles.into_iter().map(|way| format!("{}: a circle: {way}", package.name)));
        }
    }
    Ok(found)
}

/// Who depends on whom, by name; versions of one crate count as one.
#[derive(Default)]
struct Graph {
    ours: BTreeSet<String>,
    /// What goes into a build: normal and build dependencies.
    uses: BTreeMap<String, BTreeSet<String>>,
    /// What only tests, examples and benches see.
    tests_use: BTreeMap<String, BTreeSet<String>>,
}

fn read(root: &Path) -> anyhow::Result<Metadata> {
    MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .other_options(vec!["--locked".to_owned()])
        .exec()
        .context("reading the workspace's dependency graph")
}

fn graph_of(metadata: &Metadata) -> anyhow::Result<Graph> {
    let names: BTreeMap<_, _> = metadata.packages.iter().map(|p| (&p.id, p.name.to_string())).collect();
    let resolve = metadata.resolve.as_ref().context("cargo metadata resolved no dependencies")?;
    let mut graph = Graph::default();
    for id in &metadata.workspace_members {
        graph.ours.insert(names[id].clone());
    }
    for node in &resolve.nodes {
        for dependency in &node.deps {
            for info in &dependency.dep_kinds {
                let arrows =
                    if info.kind == DependencyKind::Development { &mut graph.tests_use } else { &mut graph.uses };
                arrows.entry(names[&node.id].clone()).or_default().insert(names[&dependency.pkg].clone());
            }
        }
    }
    Ok(graph)
}

/// One sentence per broken rule; empty when all hold.
fn violations(graph: &Graph) -> Vec<String> {
    let mut found = Vec::new();
    for name in &graph.ours {
        match LAYERS.iter().find(|(layer, _)| layer == name) {
            Some((_, allowed)) => found.extend(forbidden_arrows(graph, name, allowed)),
            None => found.push(format!("{name} has no place in the layers; add it to LAYERS in check_arch.rs")),
        }
    }
    for pure in PURE {
        for impure in IMPURE {
            if let Some(path) = path(graph, pure, impure) {
                found.push(format!("{pure} must stay pure, but reaches {impure}: {}", path.join(" -> ")));
            }
        }
    }
    found
}

fn forbidden_arrows(graph: &Graph, from: &str, allowed: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for to in ours_among(graph, &graph.uses, from) {
        if !allowed.contains(&to) {
            found.push(format!("{from} -> {to}: {from} may use {}", in_words(allowed)));
        }
    }
    let allowed = [allowed, &test_support(allowed)].concat();
    // A crate that tests itself with one of its features on closes no circle.
    for to in ours_among(graph, &graph.tests_use, from).filter(|to| *to != from) {
        if !allowed.contains(&to) {
            found.push(format!("{from} -> {to} (tests): {from} may use {}", in_words(&allowed)));
        } else if let Some(path) = path(graph, to, from) {
            found.push(format!("{from} -> {} (tests): a circle", path.join(" -> ")));
        }
    }
    found
}

/// What the tests of a crate may use beside `allowed`.
fn test_support(allowed: &[&str]) -> Vec<&'static str> {
    let known = |used: &&str| TEST_SUPPORT.contains(used) || allowed.contains(used);
    let fits = |(name, uses): &&(&str, &[&str])| TEST_SUPPORT.contains(name) && uses.iter().all(known);
    LAYERS.iter().filter(fits).map(|(name, _)| *name).collect()
}

fn ours_among<'g>(
    graph: &'g Graph,
    arrows: &'g BTreeMap<String, BTreeSet<String>>,
    from: &str,
) -> impl Iterator<Item = &'g str> {
    arrows.get(from).into_iter().flatten().map(String::as_str).filter(|to| graph.ours.contains(*to))
}

fn in_words(allowed: &[&str]) -> String {
    if allowed.is_empty() { "no crate of ours".to_owned() } else { allowed.join(", ") }
}

/// The shortest way from one crate to another through what goes into a build.
fn path<'g>(graph: &'g Graph, from: &'g str, to: &str) -> Option<Vec<&'g str>> {
    let mut reached = BTreeSet::from([from]);
    let mut queue = VecDeque::from([vec![from]]);
    while let Some(path) = queue.pop_front() {
        let last = path[path.len() - 1];
        if last == to {
            return Some(path);
        }
        for next in graph.uses.get(last).into_iter().flatten() {
            if reached.insert(next) {
                queue.push_back([path.as_slice(), &[next]].concat());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Our crates are those in [`LAYERS`] and any that begins with `ours-`. `a -> b` is a dependency, `a ~> b` a
    /// test's.
    #[track_caller]
    fn check(arrows: &[&str], expected: &[&str]) {
        let mut graph = Graph::default();
        for arrow in arrows {
            let (from, kind, to) = match arrow.split(' ').collect::<Vec<_>>()[..] {
                [from, kind, to] => (from, kind, to),
                _ => panic!("arrow {arrow:?}: expected `from -> to` or `from ~> to`"),
            };
            for name in [from, to] {
                if name.starts_with("ours-") || LAYERS.iter().any(|(layer, _)| *layer == name) {
                    graph.ours.insert(name.to_owned());
                }
            }
            let arrows = if kind == "~>" { &mut graph.tests_use } else { &mut graph.uses };
            arrows.entry(from.to_owned()).or_default().insert(to.to_owned());
        }
        assert_eq!(violations(&graph), expected);
    }

    #[test]
    fn this_workspace_keeps_its_layers() {
        let graph = graph_of(&read(crate::project_root()).unwrap()).unwrap();
        assert_eq!(graph.ours.len(), LAYERS.len(), "every layer exists");
        assert_eq!(violations(&graph), [""; 0]);
    }

    #[test]
    fn no_files_of_this_workspace_import_each_other_in_a_circle() {
        assert_eq!(circles_inside(&read(crate::project_root()).unwrap()).unwrap(), [""; 0]);
    }

    /// Each crate of the table of ARCHITECTURE.md, with those that it may use by the last cell of its row; `None`: it
    /// does not say.
    fn table() -> Vec<(String, Option<BTreeSet<String>>)> {
        let text = std::fs::read_to_string(crate::project_root().join("ARCHITECTURE.md")).unwrap();
        let mut rows: Vec<(String, Option<BTreeSet<String>>)> = Vec::new();
        for row in text.lines().filter_map(|line| line.strip_prefix("| `")) {
            let name = row.split('`').next().unwrap();
            let may_use = row.rsplit('|').nth(1).unwrap().trim().replace('`', "");
            let may_use = match may_use.trim_end_matches("; tests only") {
                "nothing" | "nothing of ours" => Some(BTreeSet::new()),
                "all of the above" => Some(rows.iter().map(|(above, _)| above.clone()).collect()),
                "" | "tests only" | "tests and builds only" => None,
                names => Some(names.split(", ").map(str::to_owned).collect()),
            };
            if LAYERS.iter().any(|(layer, _)| *layer == name) {
                rows.push((name.to_owned(), may_use));
            }
        }
        rows
    }

    #[test]
    fn the_table_of_crates_says_what_the_layers_say() {
        let rows = table();
        for (name, allowed) in LAYERS {
            let row = rows.iter().find(|(row, _)| row == name);
            let (_, may_use) = row.unwrap_or_else(|| panic!("no row for {name}"));
            let allowed: BTreeSet<String> = allowed.iter().map(|name| (*name).to_owned()).collect();
            assert!(may_use.as_ref().is_none_or(|names| *names == allowed), "{name}: {may_use:?}, {allowed:?}");
        }
    }

    #[test]
    fn arrows_down_pass() {
        check(
            &[
                "alert-orchestrator -> advisor-io",
                "alert-orchestrator -> platform",
                "advisor-io -> advisor-core",
                "advisor-io -> tokio",
                "advisor-io ~> testkit",
                "advisor-io ~> advisor-testkit",
                "platform ~> testkit",
                "advisor-core -> quant",
                "advisor-core -> jiff",
                "advisor-core ~> tokio", // a test may wait
                "advisor-core ~> advisor-core",
                "quant -> thiserror",
                "advisor-testkit -> testkit",
                "xtask -> advisor-testkit",
            ],
            &[],
        );
    }

    #[test]
    fn arrows_up_or_sideways_are_named() {
        check(&["quant -> advisor-core"], &["quant -> advisor-core: quant may use no crate of ours"]);
        check(&["advisor-core -> platform"], &["advisor-core -> platform: advisor-core may use quant, legible"]);
        check(
            &["advisor-io -> platform"],
            &["advisor-io -> platform: advisor-io may use quant, legible, advisor-core, client, file-store"],
        );
        check(&["platform -> quant"], &["platform -> quant: platform may use legible"]);
        check(&["platform -> xtask"], &["platform -> xtask: platform may use legible"]);
        check(
            &["advisor-io ~> platform"],
            &["advisor-io -> platform (tests): advisor-io may use quant, legible, advisor-core, client, file-store, \
                 testkit, advisor-testkit"],
        );
    }

    #[test]
    fn test_support_is_for_tests_only() {
        for support in TEST_SUPPORT {
            let allowed = "quant, legible, advisor-core, client, file-store";
            let expected = format!("advisor-io -> {support}: advisor-io may use {allowed}");
            check(&[&format!("advisor-io -> {support}")], &[&expected]);
        }
    }

    #[test]
    fn what_knows_no_asset_is_not_tested_with_what_knows_one() {
        check(
            &["platform ~> advisor-testkit"],
            &["platform -> advisor-testkit (tests): platform may use legible, testkit"],
        );
        check(&["testkit -> advisor-testkit"], &["testkit -> advisor-testkit: testkit may use no crate of ours"]);
    }

    #[test]
    fn a_crate_below_testkit_cannot_test_with_it() {
        check(
            &["testkit -> advisor-core", "advisor-core -> quant", "quant ~> testkit"],
            &[
                "quant -> testkit -> advisor-core -> quant (tests): a circle",
                "testkit -> advisor-core: testkit may use no crate of ours",
            ],
        );
    }

    #[test]
    fn an_impure_crate_is_found_at_any_depth() {
        check(
            &["advisor-core -> quant", "quant -> helper", "helper -> pool", "pool -> tokio"],
            &[
                "quant must stay pure, but reaches tokio: quant -> helper -> pool -> tokio",
                "advisor-core must stay pure, but reaches tokio: advisor-core -> quant -> helper -> pool -> tokio",
            ],
        );
    }

    #[test]
    fn an_unknown_crate_of_ours_must_be_placed() {
        check(&["ours-new -> serde"], &["ours-new has no place in the layers; add it to LAYERS in check_arch.rs"]);
    }
}
