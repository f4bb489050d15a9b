//! Which file of a crate names which other one?
//!
//! Start at [`Modules::read`], which follows `mod x;` from a crate's root through its files, and [`Modules::imports`],
//! which says where each file names another. A file is named by a `use`, by a path in code (`super::x::f()`), or by a
//! path inside a macro's arguments or a `#[serde(with = "…")]`. Such a path is followed to the module that *defines*
//! the thing, through every `use` and `pub use` on the way:
//!
//! * `pub use child::Thing` in a parent is an import of the child by the parent;
//! * who names `parent::Thing` then imports the child, not the parent, which only passes it on. A facade in `lib.rs`
//!   thus makes no circle with those who use it;
//! * who names what the parent itself defines imports the parent: if the parent imports them, too, that is a circle;
//! * `mod child;` alone is no import.
//!
//! Modules written inside a file belong to that file. What only a test build has (`#[cfg(test)]`) is not read.
//! Not seen: what needs no path, such as methods, fields, and macros in textual scope.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use super::names::{Import, Names, names};

/// The modules of one crate (of one of its roots), the root first.
pub(super) struct Modules {
    modules: Vec<Module>,
    /// Paths as they are to be shown.
    files: Vec<PathBuf>,
}

/// A module, in a file of its own or inside one.
struct Module {
    parent: Option<usize>,
    file: usize,
    children: BTreeMap<String, usize>,
    names: Names,
}

/// What a path leads to.
#[derive(Clone, Copy)]
enum Place {
    Module(usize),
    /// Something that this module defines.
    Inside(usize),
    /// Something of another crate, or nothing that has a path.
    Foreign,
}

/// Where files import others: line of the first import, by the numbers of both files.
pub(super) type Imports = BTreeMap<(usize, usize), usize>;

impl Modules {
    /// The modules below `root`, a crate's `lib.rs` or `main.rs`; files are named as seen from `top`.
    pub(super) fn read(top: &Path, root: &Path) -> anyhow::Result<Self> {
        let mut modules = Self { modules: Vec::new(), files: Vec::new() };
        let folder = root.parent().context("a crate's root is in no folder")?;
        modules.add_file(top, root, folder, None)?;
        Ok(modules)
    }

    pub(super) fn file(&self, file: usize) -> &Path {
        &self.files[file]
    }

    fn add_file(&mut self, top: &Path, path: &Path, folder: &Path, parent: Option<usize>) -> anyhow::Result<usize> {
        let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let shown = path.strip_prefix(top).unwrap_or(path).to_owned();
        let code = syn::parse_file(&text).with_context(|| format!("parsing {}", shown.display()))?;
        self.files.push(shown);
        self.add(top, names(&code.items), folder, (self.files.len() - 1, parent))
    }

    /// Adds a module and those below it; `folder` is where those are that have files of their own.
    fn add(
        &mut self,
        top: &Path,
        mut names: Names,
        folder: &Path,
        (file, parent): (usize, Option<usize>),
    ) -> anyhow::Result<usize> {
        let children = std::mem::take(&mut names.modules);
        let index = self.modules.len();
        self.modules.push(Module { parent, file, children: BTreeMap::new(), names });
        for child in children {
            let below = folder.join(&child.name);
            let number = match (child.inline, child.path) {
                (Some(names), _) => self.add(top, names, &below, (file, Some(index)))?,
                (None, Some(path)) => {
                    let beside = top.join(&self.files[file]).with_file_name(path);
                    let folder = beside.parent().unwrap_or(&beside).to_owned();
                    self.add_file(top, &beside, &folder, Some(index))?
                }
                (None, None) => {
                    let file =
                        [below.with_extension("rs"), below.join("mod.rs")].into_iter().find(|path| path.exists());
                    let file = file.with_context(|| format!("mod {}: no {}.rs", child.name, below.display()))?;
                    self.add_file(top, &file, &below, Some(index))?
                }
            };
            ensure!(
                self.modules[index].children.insert(child.name.clone(), number).is_none(),
                "{}: mod {} stands twice, expected one (modules by platform are not provided for)",
                self.files[file].display(),
                child.name
            );
        }
        Ok(index)
    }

    /// Where each file names something that another file defines.
    pub(super) fn imports(&self) -> Imports {
        let mut imports = Imports::new();
        for (index, module) in self.modules.iter().enumerate() {
            for Import { path, line } in &module.names.imports {
                let target = match self.follow(index, path, &mut BTreeSet::new()) {
                    Place::Module(target) | Place::Inside(target) => self.modules[target].file,
                    Place::Foreign => continue,
                };
                if target != module.file {
                    let first = imports.entry((module.file, target)).or_insert(*line);
                    *first = (*first).min(*line);
                }
            }
        }
        imports
    }

    /// What `path` leads to, written in the module `from`. `seen` are the names already followed: `use` may go in
    /// circles.
    fn follow(&self, from: usize, path: &[String], seen: &mut BTreeSet<(usize, String)>) -> Place {
        let mut place = Place::Module(from);
        let mut is_ours = false;
        for name in path {
            let Place::Module(module) = place else { break };
            place = match name.as_str() {
                "crate" => Place::Module(0),
                "self" => place,
                "super" => self.modules[module].parent.map_or(Place::Foreign, Place::Module),
                name => match self.member(module, name, seen) {
                    Some(place) => place,
                    // A module of ours has it without our seeing where from: a macro wrote it.
                    None if is_ours => Place::Inside(module),
                    None => Place::Foreign,
                },
            };
            is_ours = true;
        }
        place
    }

    fn member(&self, module: usize, name: &str, seen: &mut BTreeSet<(usize, String)>) -> Option<Place> {
        let Module { children, names, .. } = &self.modules[module];
        if let Some(child) = children.get(name) {
            return Some(Place::Module(*child));
        }
        if names.items.contains(name) {
            return Some(Place::Inside(module));
        }
        if !seen.insert((module, name.to_owned())) {
            return None;
        }
        if let Some(path) = names.bound.get(name) {
            return Some(self.follow(module, path, seen));
        }
        names.globs.iter().find_map(|path| match self.follow(module, path, seen) {
            Place::Module(all_of) => self.member(all_of, name, seen),
            Place::Inside(_) | Place::Foreign => None,
        })
    }
}
