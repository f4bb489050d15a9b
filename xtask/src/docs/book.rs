//! How do the pages of a guide become one book?
//!
//! Start at [`lay_out`]. mdBook takes one folder, and readers of a service want one guide: the pages that hold for
//! every service beside the service's own, as they also lie in a release.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::checks::folders;
use crate::room::Room;

/// Where the guides are left.
const OUTPUT: &str = "target/guide";

/// Copies the guide, with links that hold there; returns the folder to start mdBook in.
pub(super) fn lay_out(root: &Path, room: &Room) -> anyhow::Result<String> {
    let output = format!("{OUTPUT}/{}", room.name);
    let to = root.join(&output);
    // A page that has gone must not stay in the book.
    if to.exists() {
        fs::remove_dir_all(&to).with_context(|| format!("deleting {output}"))?;
    }
    for folder in folders(room) {
        copy(root, room, &folder, &to)?;
    }
    let book = room.inside("book.toml");
    fs::copy(root.join(&book), to.join("book.toml")).with_context(|| format!("copying {book} into {output}"))?;
    Ok(output)
}

fn copy(root: &Path, room: &Room, folder: &str, to: &Path) -> anyhow::Result<()> {
    let layout = room.layout();
    for entry in fs::read_dir(root.join(folder)).with_context(|| format!("reading {folder}"))? {
        let entry = entry.with_context(|| format!("reading {folder}"))?;
        let name = entry.file_name();
        let path = format!("{folder}/{}", name.to_str().with_context(|| format!("{folder} holds {name:?}"))?);
        if entry.path().is_dir() {
            copy(root, room, &path, to)?;
            continue;
        }
        let copying = || format!("copying {path} into the book");
        let target = to.join(layout.released(&path).with_context(copying)?);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).with_context(copying)?;
        }
        if path.ends_with(".md") {
            let text = fs::read_to_string(entry.path()).with_context(copying)?;
            fs::write(&target, layout.relinked(&path, &text)).with_context(copying)?;
        } else {
            fs::copy(entry.path(), &target).with_context(copying)?;
        }
    }
    Ok(())
}
