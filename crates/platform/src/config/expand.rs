//! Which text does a string with `${VAR}` stand for?
//!
//! Start at [`expand`]. `${VAR}` is the variable's value, `${VAR:-default}` the default where the variable is unset or
//! empty, `$${` a literal `${`; a `$` before anything else is itself. What a variable holds is not expanded again.

/// Why a string cannot be expanded; the texts hold names of variables, never their values.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ExpandError {
    #[error("the environment variable {name} is not set, expected a value, or a default as in ${{{name}:-default}}")]
    Unset { name: String },
    #[error("found ${{ without a closing }}, expected ${{VARIABLE}}, ${{VARIABLE:-default}} or $${{ for a literal ${{")]
    Unclosed,
    #[error(
        "found ${{…}} without the name of a variable (letters, digits and _), expected ${{VARIABLE}} or $${{ for a literal ${{"
    )]
    BadName,
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
    match (lookup(name), default) {
        // As in a shell, an empty variable is as good as none where there is a default.
        (Some(value), default) if !value.is_empty() || default.is_none() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (_, None) => Err(ExpandError::Unset { name: name.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
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
        let bad = "found ${…} without the name of a variable (letters, digits and _), expected ${VARIABLE} or $${ for a literal ${";
        for text in ["${}", "${1A}", "${A B}", "${:-x}", "${${HOST}}"] {
            expands(text, Err(bad));
        }
    }
}
