//! A unified diff as edits: its line numbers are ignored, as models cannot count.

use crate::edit::Edit;

use super::change::{Change, FileChange, Unusable, relative};

/// What a diff says of one file so far.
struct Open<'t> {
    /// The line, from 1, at which it begins.
    line: usize,
    from: &'t str,
    to: &'t str,
    hunks: Vec<Edit>,
}

/// The files of a diff, wherever it stands in the text; none where there is no diff.
pub(super) fn files(text: &str) -> Result<Vec<FileChange>, Unusable> {
    let (mut files, mut open): (_, Option<Open<'_>>) = (Vec::new(), None);
    let mut lines = (1..).zip(text.lines()).peekable();
    while let Some((number, line)) = lines.next() {
        let to = lines.peek().and_then(|(_, next)| next.strip_prefix("+++ "));
        if let (Some(from), Some(to)) = (line.strip_prefix("--- "), to) {
            files.extend(open.take().map(Open::file).transpose()?);
            open = Some(Open { line: number, from: named(from), to: named(to), hunks: Vec::new() });
            lines.next();
        } else if let Some(open) = open.as_mut().filter(|_| line.starts_with("@@")) {
            let (mut find, mut replace) = (String::new(), String::new());
            while let Some((_, line)) = lines.next_if(|(_, line)| is_of_hunk(line)) {
                let (sign, text) = line.split_at_checked(1).unwrap_or((" ", ""));
                if sign != "+" {
                    find.push_str(text);
                    find.push('\n');
                }
                if sign != "-" {
                    replace.push_str(text);
                    replace.push('\n');
                }
            }
            open.hunks.push(Edit { find, replace });
        } else if line.starts_with("```") {
            files.extend(open.take().map(Open::file).transpose()?);
        }
    }
    files.extend(open.map(Open::file).transpose()?);
    Ok(files)
}

/// Whether a line goes on with a hunk; models leave out the blank before a line with nothing in it.
fn is_of_hunk(line: &str) -> bool {
    line.is_empty() || (line.starts_with([' ', '+', '-']) && !line.starts_with("--- "))
}

/// The path of a line that names a file: without a time behind it, and without git's a/ or b/ before it.
fn named(text: &str) -> &str {
    let path = text.split('\t').next().unwrap_or(text).trim();
    path.strip_prefix("a/").or_else(|| path.strip_prefix("b/")).unwrap_or(path)
}

impl Open<'_> {
    fn file(self) -> Result<FileChange, Unusable> {
        /// What stands for a file that is not there.
        const NOTHING: &str = "/dev/null";
        let Self { line, from, to, hunks } = self;
        let fault = |fault| Unusable::Diff { line, fault };
        let (path, change) = match (from, to, hunks.as_slice()) {
            (_, _, []) => return Err(fault("the file has no hunk, which begins with @@")),
            (NOTHING, NOTHING, _) => return Err(fault("both names are /dev/null")),
            (path, NOTHING, _) => (path, Change::Deleted),
            (NOTHING, path, [only]) if only.find.is_empty() => (path, Change::Content(only.replace.clone())),
            (NOTHING, _, _) => return Err(fault("a new file has lines that were there")),
            (from, to, _) if from != to => return Err(fault("files are not renamed; delete one and write the other")),
            (_, path, _) => (path, Change::Edits(hunks)),
        };
        Ok(FileChange { path: relative(path)?, change, is_executable: false })
    }
}
