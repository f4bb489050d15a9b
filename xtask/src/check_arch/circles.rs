//! Do the files of a crate import each other in a circle?
//!
//! Start at [`circles`], which gives each circle as one line. Elsewhere: [`modules`](super::modules) says what an
//! import is. Method: a file is in a circle if a path of imports leads back to it. Of each set of files that reach one
//! another, one shortest way round is shown for every file that stands in none shown before.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use super::modules::{Imports, Modules};

/// Every circle among the files below a crate's root, as `a.rs:3 -> b.rs:7 -> a.rs`: `a.rs` imports `b.rs` in its line
/// 3.
///
/// # Errors
/// A file cannot be read, or is not Rust.
pub(super) fn circles(top: &Path, root: &Path) -> anyhow::Result<Vec<String>> {
    let modules = Modules::read(top, root)?;
    let imports = modules.imports();
    let graph = Graph::of(&imports);
    let mut shown = BTreeSet::new();
    let mut found = Vec::new();
    for file in graph.arrows.keys().copied() {
        if shown.contains(&file) {
            continue;
        }
        if let Some(way) = graph.way_round(file) {
            found.push(in_words(&modules, &imports, &way));
            shown.extend(way);
        }
    }
    Ok(found)
}

/// The files that each file imports.
struct Graph {
    arrows: BTreeMap<usize, BTreeSet<usize>>,
}

impl Graph {
    fn of(imports: &Imports) -> Self {
        let mut arrows: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (from, to) in imports.keys() {
            arrows.entry(*from).or_default().insert(*to);
        }
        Self { arrows }
    }

    /// The shortest way from a file back to itself, which is not repeated at the end.
    fn way_round(&self, file: usize) -> Option<Vec<usize>> {
        let mut reached = BTreeSet::new();
        let mut queue = VecDeque::from([vec![file]]);
        while let Some(way) = queue.pop_front() {
            for next in self.arrows.get(&way[way.len() - 1]).into_iter().flatten() {
                if *next == file {
                    return Some(way);
                }
                if reached.insert(*next) {
                    queue.push_back([way.as_slice(), &[*next]].concat());
                }
            }
        }
        None
    }
}

fn in_words(modules: &Modules, imports: &Imports, way: &[usize]) -> String {
    let mut words = String::new();
    for (at, file) in way.iter().enumerate() {
        let next = way[(at + 1) % way.len()];
        words += &format!("{}:{} -> ", modules.file(*file).display(), imports[&(*file, next)]);
    }
    words + &modules.file(way[0]).display().to_string()
}
