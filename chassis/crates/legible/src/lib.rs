//! How is a text of somebody else shown in a sentence of our own?
//!
//! Names, memos and messages come from requests, files, databases and other services. Shown as they are they could
//! begin a line of their own, colour a terminal, turn the direction of what follows, or bury the sentence. [`line()`]
//! shows all of a text, [`name`] and [`quoted`] as much of it as a name can be.

use std::path::Path;

/// The most characters of a name that are shown.
const NAME_CHARS: usize = 64;

/// What `{:?}` escapes for the sake of its own quotes only.
const HARMLESS: [char; 3] = ['"', '\'', '\\'];

/// The text on one line, with everything escaped that cannot be seen: line ends and other control characters, marks
/// that change the direction of writing, spaces of no width or of other kinds than the usual one.
///
/// ```
/// assert_eq!(legible::line("it's \"Žitná\"\n\u{202e}dlo\u{200b}G"), r#"it's "Žitná"\n\u{202e}dlo\u{200b}G"#);
/// ```
#[must_use]
pub fn line(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut line = String::with_capacity(text.len());
    for piece in text.split_inclusive(HARMLESS) {
        let rest = piece.trim_end_matches(HARMLESS);
        line.extend(rest.escape_debug());
        line.push_str(&piece[rest.len()..]);
    }
    line
}

/// Whether [`line()`] shows the text as it is.
#[must_use]
pub fn is_line(text: &str) -> bool {
    is_plain(text) || line(text) == text
}

/// What almost every text is; seen at once.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The text as [`line()`] shows it; of more than 64 characters the first so many, and `…`.
///
/// ```
/// assert_eq!(legible::name("usdm"), "usdm");
/// assert_eq!(legible::name(&"a".repeat(65)), "a".repeat(64) + "…");
/// ```
#[must_use]
pub fn name(text: &str) -> String {
    cut(text, NAME_CHARS)
}

/// The same in quotes: `"usdm"`, or `"usdmusdm"…` where it was cut.
#[must_use]
pub fn quoted(text: &str) -> String {
    quoted_to(text, NAME_CHARS)
}

/// Like [`name`] for what may be so many characters long.
#[must_use]
pub fn cut(text: &str, chars: usize) -> String {
    match end(text, chars) {
        Some(end) => line(&text[..end]) + "…",
        None => line(text),
    }
}

/// Like [`quoted`] for what may be so many characters long.
#[must_use]
pub fn quoted_to(text: &str, chars: usize) -> String {
    match end(text, chars) {
        Some(end) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Where so many characters end, if there are more.
fn end(text: &str, chars: usize) -> Option<usize> {
    text.char_indices().nth(chars).map(|(end, _)| end)
}

/// A file or folder as everybody may read of it: a relative path as it was configured, of an absolute one the name
/// alone.
#[must_use]
pub fn path(path: &Path) -> String {
    let name = path.file_name().filter(|_| path.is_absolute());
    line(&name.map_or(path.as_os_str(), |name| name).to_string_lossy())
}

/// All of a path on one line, for whoever runs the program on this machine; [`path`] is for everybody.
#[must_use]
pub fn full_path(path: &Path) -> String {
    line(&path.to_string_lossy())
}

/// A message without the folders of the machine in which these files or folders are: of each path in it, and of what is
/// beside or below it, remains what [`path`] shows. Relative paths stay.
///
/// ```
/// # use std::path::Path;
/// let message = "copying /srv/a/b.db to /srv/a/c.db failed: /srv/a is full";
/// let shown = legible::without_folders(message, [Path::new("/srv/a/b.db")]);
/// assert_eq!(shown, "copying b.db to c.db failed: a is full");
/// ```
#[must_use]
pub fn without_folders<'a>(message: &str, paths: impl IntoIterator<Item = &'a Path>) -> String {
    let mut absolute: Vec<&Path> = paths.into_iter().filter(|path| path.is_absolute()).collect();
    // A folder may be in another's.
    absolute.sort_by_key(|path| std::cmp::Reverse(path.as_os_str().len()));
    absolute.into_iter().fold(message.to_owned(), |message, absolute| {
        let Some(folder) = absolute.parent().filter(|folder| folder.parent().is_some()) else {
            return message.replace(&*absolute.to_string_lossy(), &path(absolute));
        };
        let shown = folder.to_string_lossy();
        message.replace(&format!("{shown}/"), "").replace(&*shown, &path(folder))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        let turning = ['\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}'];
        let unseen =
            ['\0', '\u{1b}', '\u{7f}', '\u{85}', '\u{a0}', '\u{ad}', '\u{200b}', '\u{2028}', '\u{2060}', '\u{feff}'];
        for c in turning.into_iter().chain(unseen) {
            let text = format!("a{c}b");
            let shown = line(&text);
            assert!(shown.starts_with("a\\") && shown.ends_with('b') && shown.is_ascii(), "{c:?}: {shown}");
            assert!(!is_line(&text), "{c:?}");
        }
        assert_eq!(line("a\r\n\tb"), r"a\r\n\tb");
    }

    #[test]
    fn what_can_be_seen_stays() {
        for text in ["", "plain", "it's", r#""a" \ b"#, "Žitná 5", "नमस्ते", "مرحبا", "日本", "σ 🙂", "e\u{301}"]
        {
            assert_eq!(line(text), text);
            assert!(is_line(text), "{text:?}");
        }
    }

    #[test]
    fn of_absolute_paths_only_names_are_shown() {
        let shown = |path_: &str| path(Path::new(path_));
        assert_eq!([shown("var/a.db"), shown("../a.db"), shown("/srv/x/a.db")], ["var/a.db", "../a.db", "a.db"]);
        assert_eq!(full_path(Path::new("/srv/x/a\n.db")), r"/srv/x/a\n.db");
        let without = |message: &str, path: &str| without_folders(message, [Path::new(path)]);
        assert_eq!(without("reading /srv/data/x.csv failed", "/srv/data"), "reading data/x.csv failed");
        assert_eq!(without("reading /data/x.csv failed", "/data"), "reading data/x.csv failed");
        assert_eq!(without("opening /my files/a.db-wal", "/my files/a.db"), "opening a.db-wal");
        assert_eq!(without("reading var/x.csv failed", "var"), "reading var/x.csv failed");
    }

    #[test]
    fn names_are_cut_by_characters_before_they_are_escaped() {
        assert_eq!(name(&"ä".repeat(64)), "ä".repeat(64));
        assert_eq!(name(&"\n".repeat(65)), r"\n".repeat(64) + "…");
        assert_eq!(quoted("a\"b"), r#""a\"b""#);
        assert_eq!(quoted(&"ä".repeat(65)), format!("\"{}\"…", "ä".repeat(64)));
        assert_eq!((cut("abc", 2), quoted_to("abc", 2)), ("ab…".to_owned(), "\"ab\"…".to_owned()));
    }
}
