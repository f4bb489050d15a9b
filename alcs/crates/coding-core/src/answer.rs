//! What does a model say, under its reasoning, prose and fences?
//!
//! Start at [`parse`].

use serde::de::DeserializeOwned;

use crate::fence;

/// What ends a model's reasoning in a text.
const END_OF_REASONING: &str = "</think>";

/// A text without the reasoning before it: all up to the last end of reasoning that no block of code holds.
#[must_use]
pub fn without_reasoning(text: &str) -> &str {
    let blocks = fence::blocks(text);
    let is_held = |at: usize| blocks.iter().any(|block| block.is_closed && block.at.contains(&at));
    let end = text.rmatch_indices(END_OF_REASONING).find(|(at, _)| !is_held(*at));
    end.map_or(text, |(at, end)| &text[at + end.len()..])
}

/// The value of an answer: the first that is one of the whole text, its last block of code, and its longest part between
/// braces.
///
/// # Errors
/// What is wrong with the last of these that is there.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    let text = without_reasoning(text).trim();
    let mut fault = match serde_json::from_str(text) {
        Ok(value) => return Ok(value),
        Err(fault) => fault,
    };
    let blocks = fence::blocks(text);
    for part in [blocks.last().map(|block| block.body), longest_between_braces(text)].into_iter().flatten() {
        match serde_json::from_str(part) {
            Ok(value) => return Ok(value),
            Err(other) => fault = other,
        }
    }
    Err(fault)
}

/// The longest part of a text that is between a brace and the one that closes it; braces in JSON's texts do not count.
fn longest_between_braces(text: &str) -> Option<&str> {
    let (mut open, mut longest) = (Vec::new(), 0..0);
    let (mut is_in_text, mut is_escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_in_text,
            b'"' => is_in_text = !is_in_text && !open.is_empty(),
            b'{' if !is_in_text => open.push(at),
            b'}' if !is_in_text => {
                let part = open.pop().map_or(0..0, |from| from..at + 1);
                if part.len() > longest.len() {
                    longest = part;
                }
            }
            _ => {}
        }
    }
    (!longest.is_empty()).then(|| &text[longest])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Said {
        a: u32,
    }

    #[track_caller]
    fn says(text: &str, expected: Option<u32>) {
        assert_eq!(parse::<Said>(text).ok().map(|said| said.a), expected, "{text}");
    }

    #[test]
    fn an_answer_is_found_wherever_it_stands() {
        says(r#" {"a": 1} "#, Some(1));
        says("```\n{\"a\": 1}\n```\nno:\n```json\r\n{\"a\": 2}\r\n```\r\nthat is all", Some(2));
        says(r#"Here: {"a": 3}. Or {"b": "}"}?"#, None); // the longest is of another form
        says(r#"Here {it is}: {"a": 3456}."#, Some(3456));
        says(r#"<think>{"a": 1} or ```</think>{"a": 4}"#, Some(4));
        says("no", None);
        says(r#"{"a": 1"#, None);
    }

    #[test]
    fn an_end_of_reasoning_in_a_block_of_code_is_code() {
        let text = "<think>so</think>\n```\n</think>\n```\n";
        assert_eq!(without_reasoning(text), "\n```\n</think>\n```\n");
        assert_eq!(without_reasoning("no reasons"), "no reasons");
    }

    proptest! {
        #[test]
        fn any_text_is_an_answer_or_an_error(text in "[a{}\"\\\\`\n </think>]{0,60}|.{0,60}") {
            let _ = parse::<Said>(&text);
            prop_assert!(text.ends_with(without_reasoning(&text)));
        }
    }
}
