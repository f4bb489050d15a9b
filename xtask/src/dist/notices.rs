//! The texts that licences ask to be passed on.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

/// A file with a licence, or with who holds the copyright.
#[derive(Debug)]
pub(super) struct Notice {
    /// Within the source that it came with.
    pub(super) path: String,
    pub(super) text: Vec<u8>,
}

/// How the names of such files begin.
const BEGINNINGS: [&str; 6] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];

/// Every notice in a folder and below it, sorted by path: parts taken over from others keep theirs beside them.
pub(super) fn within(folder: &Path) -> anyhow::Result<Vec<Notice>> {
    let mut notices = Vec::new();
    collect(folder, "", &mut notices)?;
    notices.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(notices)
}

fn collect(folder: &Path, path: &str, notices: &mut Vec<Notice>) -> anyhow::Result<()> {
    let context = || format!("looking for licences in {}", folder.display());
    for entry in fs::read_dir(folder).with_context(context)? {
        let entry = entry.with_context(context)?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let path = format!("{path}{name}");
        let kind = entry.file_type().with_context(context)?;
        if kind.is_dir() {
            collect(&entry.path(), &format!("{path}/"), notices)?;
        } else if kind.is_file() && is_notice(name) {
            let text = fs::read(entry.path()).with_context(context)?;
            notices.push(Notice { path, text });
        }
    }
    Ok(())
}

fn is_notice(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    BEGINNINGS.iter().any(|beginning| name.starts_with(beginning)) && !name.ends_with(".RS")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_found_at_any_depth_and_code_about_them_is_not() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("third_party/x")).unwrap();
        for name in ["license-mit", "NOTICE.md", "third_party/x/COPYING", "license.rs", "README.md"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let found: Vec<String> = within(folder.path()).unwrap().into_iter().map(|notice| notice.path).collect();
        assert_eq!(found, ["NOTICE.md", "license-mit", "third_party/x/COPYING"]);
    }
}
