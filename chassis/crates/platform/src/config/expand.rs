//! Which text does a string with `${VAR}` stand for?
//!
//! Start at [`expand`]. `${VAR}` is the variable's value, `${VAR:-default}` the default where the variable is unset or
//! empty, `$${` a literal `${`; a `$` before anything else is itself. What a variable holds is not expanded again.
//!
//! Where `VAR` is unset or empty and `VAR_FILE` is not, the value is in the file of that name: secrets that systemd, a
//! container engine or a cluster hands over are files, and a file can change while the process runs.

use std::fs::File;
use std::io::{self, Read as _};

/// A secret is a line; what is longer was not meant.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Why a string cannot be expanded; the texts hold names of variables, never their values.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ExpandError {
    #[error("the environment variable {name} is not set, expected a value, or a default as in ${{{name}:-default}}")]
    Unset { name: String },
    #[error("both {name} and {name}_FILE are set in the environment, expected one of them")]
    Both { name: String },
    #[error("the file {path}, which {name}_FILE names in the environment, cannot be read: {cause}")]
    File { name: String, path: String, cause: String },
    #[error("found ${{ without a closing }}, expected ${{VARIABLE}}, ${{VARIABLE:-default}} or $${{ for a literal ${{")]
    Unclosed,
    #[error(
        "found ${{…}} without the name of a variable (letters, digits and _), expected ${{VARIABLE}} or $${{ for a \
         literal ${{"
    )]
    BadName,
}

impl ExpandError {
    /// Whether the text is right, and a variable cannot be had on this machine.
    pub(super) fn is_of_variable(&self) -> bool {
        matches!(self, Self::Unset { .. } | Self::Both { .. } | Self::File { .. })
    }
}

/// Expands every variable of `text`; `None` if there was nothing to replace.
pub(super) fn expand(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Option<String>, ExpandError> {
    let Some(first) = text.find("${") else { return Ok(None) };
    // An escape starts one character earlier.
    let start = if text[..first].ends_with('$') { first - 1 } else { first };
    let (mut expanded, mut rest) = (text[..start].to_owned(), &text[start..]);
    while let Some(next) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("$${") {
            expanded.push_str("${");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("${") {
            let (inner, after) = after.split_once('}').ok_or(ExpandError::Unclosed)?;
            expanded.push_str(&value(inner, lookup)?);
            rest = after;
        } else {
            expanded.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    Ok(Some(expanded))
}

fn value(inner: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, ExpandError> {
    let (name, default) = match inner.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inner, None),
    };
    let mut chars = name.chars();
    let starts_well = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if !starts_well || !chars.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(ExpandError::BadName);
    }
    match (variable(name, lookup)?, default) {
        // As in a shell, an empty variable is as good as none where there is a default.
        (Some(value), default) if !value.is_empty() || default.is_none() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (_, None) => Err(ExpandError::Unset { name: name.to_owned() }),
    }
}

/// The variable's value, or that of the file that its neighbour names.
fn variable(name: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Option<String>, ExpandError> {
    let value = lookup(name);
    let Some(path) = lookup(&format!("{name}_FILE")).filter(|path| !path.is_empty()) else { return Ok(value) };
    if value.is_some_and(|value| !value.is_empty()) {
        return Err(ExpandError::Both { name: name.to_owned() });
    }
    let failed =
        |error: io::Error| ExpandError::File { name: name.to_owned(), path: path.clone(), cause: error.to_string() };
    read(&path).map(Some).map_err(failed)
}

/// The file's text without the line ends that editors and `echo` put behind it.
fn read(path: &str) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other(format!("it is longer than {MAX_FILE_BYTES} bytes")));
    }
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    if text.is_empty() {
        // Whoever names a file means to give a value: no default may stand in for it.
        return Err(io::Error::other("it is empty"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[track_caller]
    fn expands(text: &str, expected: Result<Option<&str>, &str>) {
        let lookup = |name: &str| match name {
            "HOST" => Some("db".to_owned()),
            "EMPTY" => Some(String::new()),
            "NESTED" => Some("${HOST}".to_owned()),
            _ => None,
        };
        let found = expand(text, &lookup).map_err(|error| error.to_string());
        assert_eq!(found.as_ref().map(Option::as_deref).map_err(String::as_str), expected, "{text}");
    }

    #[test]
    fn variables_defaults_and_escapes() {
        expands("plain $HOME $ $$ $2b$12$x", Ok(None));
        expands("${HOST}", Ok(Some("db")));
        expands("http://${HOST}:${PORT:-4000}/", Ok(Some("http://db:4000/")));
        expands("${HOST:-other}${EMPTY}|${EMPTY:-none}|${NO:-}", Ok(Some("db|none|")));
        expands("$${HOST} ${HOST} $$${HOST}", Ok(Some("${HOST} db $${HOST}")));
        expands("${NESTED}", Ok(Some("${HOST}"))); // no second round
        expands("${NO:-a:-b}", Ok(Some("a:-b")));
        expands("€${HOST}€", Ok(Some("€db€")));
        expands("$5 and ${HOST}", Ok(Some("$5 and db")));
    }

    #[test]
    fn a_variable_may_be_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        fs::write(path("hash"), "bcrypt:$2b$12$x y\r\n\n").unwrap();
        fs::write(path("none"), "\n").unwrap();
        fs::write(path("long"), "x".repeat(64 * 1024 + 1)).unwrap();
        let lookup = |name: &str| match name {
            "HASH_FILE" | "TWICE_FILE" | "EMPTY_FILE" => Some(path("hash")),
            "NONE_FILE" => Some(path("none")),
            "LONG_FILE" => Some(path("long")),
            "GONE_FILE" => Some("/nowhere/secret".to_owned()),
            "TWICE" | "PLAIN" => Some("here".to_owned()),
            "EMPTY" | "PLAIN_FILE" => Some(String::new()),
            _ => None,
        };
        let expanded = |text: &str| expand(text, &lookup).map_err(|error| error.to_string());
        for name in ["HASH", "EMPTY"] {
            assert_eq!(expanded(&format!("<${{{name}}}>")), Ok(Some("<bcrypt:$2b$12$x y>".to_owned())), "{name}");
        }
        assert_eq!(expanded("${PLAIN}"), Ok(Some("here".to_owned())));
        let both = "both TWICE and TWICE_FILE are set in the environment, expected one of them";
        assert_eq!(expanded("${TWICE}"), Err(both.to_owned()));
        let gone = ("${GONE:-default}", "GONE", "/nowhere/secret".to_owned(), "No such file or directory (os error 2)");
        let none = ("${NONE:-default}", "NONE", path("none"), "it is empty");
        let long = ("${LONG}", "LONG", path("long"), "it is longer than 65536 bytes");
        for (text, name, path, cause) in [gone, none, long] {
            let fault = format!("the file {path}, which {name}_FILE names in the environment, cannot be read: {cause}");
            assert_eq!(expanded(text), Err(fault));
        }
    }

    #[test]
    fn faults_name_the_variable() {
        expands(
            "a ${MISSING} b",
            Err(
                "the environment variable MISSING is not set, expected a value, or a default as in ${MISSING:-default}",
            ),
        );
        expands(
            "${HOST",
            Err("found ${ without a closing }, expected ${VARIABLE}, ${VARIABLE:-default} or $${ for a literal ${"),
        );
        let bad = "found ${…} without the name of a variable (letters, digits and _), expected ${VARIABLE} or $${ for \
                   a literal ${";
        for text in ["${}", "${1A}", "${A B}", "${:-x}", "${${HOST}}"] {
            expands(text, Err(bad));
        }
    }
}
