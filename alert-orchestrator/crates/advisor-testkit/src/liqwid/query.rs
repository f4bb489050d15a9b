//! Which fields does a GraphQL query ask for, with which arguments?
//!
//! Start at [`parse`]. The part of the language that queries of data are written in: one operation, fields, arguments
//! and variables; no aliases, fragments, directives or default values.

use std::iter::Peekable;
use std::vec::IntoIter;

use serde_json::{Map, Value};

/// A field of a selection.
#[derive(Debug, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    /// Its arguments, variables replaced; null where it has none.
    pub(super) arguments: Value,
    /// The fields below it.
    pub(super) fields: Vec<Field>,
}

/// The top fields of the one operation in `text`.
pub(super) fn parse(text: &str, variables: &Value) -> Result<Vec<Field>, String> {
    let mut reader = Reader { tokens: tokens(text)?.into_iter().peekable(), variables };
    if reader.next_if("query") {
        if reader.tokens.peek().is_some_and(|token| is_name(token)) {
            reader.take()?;
        }
        if reader.next_if("(") {
            while !reader.next_if(")") {
                reader.take()?;
            }
        }
    }
    reader.expect("{")?;
    let fields = reader.fields()?;
    match reader.tokens.next() {
        None => Ok(fields),
        Some(token) => Err(format!("Syntax Error: Unexpected \"{token}\".")),
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// Names, numbers, strings (with their opening quote only) and punctuation.
fn tokens(text: &str) -> Result<Vec<String>, String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            c if c.is_whitespace() || c == ',' => {
                rest = &rest[c.len_utf8()..];
                continue;
            }
            '"' => 1 + rest[1..].find('"').ok_or("Syntax Error: Unterminated string.")?,
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            '{' | '}' | '(' | ')' | '[' | ']' | ':' | '$' | '!' => 1,
            other => return Err(format!("Syntax Error: Cannot parse the unexpected character \"{other}\".")),
        };
        tokens.push(rest[..length].to_owned());
        rest = &rest[length + usize::from(c == '"')..];
    }
    Ok(tokens)
}

struct Reader<'a> {
    tokens: Peekable<IntoIter<String>>,
    variables: &'a Value,
}

impl Reader<'_> {
    fn take(&mut self) -> Result<String, String> {
        self.tokens.next().ok_or_else(|| "Syntax Error: Unexpected <EOF>.".to_owned())
    }

    fn next_if(&mut self, token: &str) -> bool {
        self.tokens.next_if(|next| next == token).is_some()
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        match self.take()? {
            found if found == token => Ok(()),
            found => Err(format!("Syntax Error: Expected \"{token}\", found \"{found}\".")),
        }
    }

    fn name(&mut self) -> Result<String, String> {
        match self.take()? {
            name if is_name(&name) => Ok(name),
            found => Err(format!("Syntax Error: Expected Name, found \"{found}\".")),
        }
    }

    /// The fields up to the closing brace.
    fn fields(&mut self) -> Result<Vec<Field>, String> {
        let mut fields = Vec::new();
        while !self.next_if("}") {
            let name = self.name()?;
            let arguments = if self.next_if("(") { self.object(")")? } else { Value::Null };
            let below = if self.next_if("{") { self.fields()? } else { Vec::new() };
            fields.push(Field { name, arguments, fields: below });
        }
        Ok(fields)
    }

    /// Names and values up to `end`.
    fn object(&mut self, end: &str) -> Result<Value, String> {
        let mut object = Map::new();
        while !self.next_if(end) {
            let name = self.name()?;
            self.expect(":")?;
            object.insert(name, self.value()?);
        }
        Ok(Value::Object(object))
    }

    fn value(&mut self) -> Result<Value, String> {
        let token = self.take()?;
        match token.as_str() {
            "{" => self.object("}"),
            "[" => {
                let mut items = Vec::new();
                while !self.next_if("]") {
                    items.push(self.value()?);
                }
                Ok(Value::Array(items))
            }
            "$" => {
                let name = self.name()?;
                let undefined = || format!("Variable \"${name}\" is not defined.");
                self.variables.get(&name).cloned().ok_or_else(undefined)
            }
            text if text.starts_with('"') => Ok(Value::String(text[1..].to_owned())),
            other => serde_json::from_str(other).map_err(|_| format!("Syntax Error: Unexpected \"{other}\".")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_arguments_and_variables_are_read() {
        let text = r#"query ($in: [Input!]!) { a(x: {n: -1.5, l: ["p", true]}, y: $in) { b c { d } } e }"#;
        let field = |name: &str, arguments: Value, fields: Vec<Field>| Field { name: name.into(), arguments, fields };
        let leaf = |name: &str| field(name, Value::Null, Vec::new());
        let below = vec![leaf("b"), field("c", Value::Null, vec![leaf("d")])];
        let arguments = json!({"x": {"n": -1.5, "l": ["p", true]}, "y": 7});
        assert_eq!(parse(text, &json!({"in": 7})), Ok(vec![field("a", arguments, below), leaf("e")]));
    }

    #[test]
    fn what_is_no_query_is_refused() {
        for text in [
            "",
            "{",
            "{ a",
            "{ a( }",
            "{ a(x: }",
            "{ a } b",
            "{ a(x: $y) }",
            "{ 'a' }",
            "{ a(x: \"y) }",
            "mutation { a }",
        ] {
            assert!(parse(text, &Value::Null).is_err(), "{text}");
        }
    }
}
