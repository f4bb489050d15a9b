//! Which blocks of code does a text hold, between fences of backticks or tildes?
//!
//! Start at [`blocks`]. As `CommonMark` has it: a fence is three or more of one character, with at most three blanks before
//! it; it ends at one of the same character that is no shorter, or with the text.

use std::ops::Range;

/// A block of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block<'t> {
    /// What stands behind its opening fence, without blanks around it.
    pub info: &'t str,
    /// The newest line before it that is not blank, without blanks around it.
    pub heading: &'t str,
    /// Its lines, as they are.
    pub body: &'t str,
    /// Where it stands in the text, its fences included.
    pub at: Range<usize>,
    /// Whether its closing fence is there.
    pub is_closed: bool,
}

/// A fence that opens a block: its character, how many there are, and what stands behind it.
fn opening(line: &str) -> Option<(char, usize, &str)> {
    let text = line.trim_start_matches(' ');
    let mark = text.chars().next().filter(|first| ['`', '~'].contains(first))?;
    let length = text.chars().take_while(|other| *other == mark).count();
    let info = text[length..].trim();
    // A line of code between backticks is no fence.
    let is_fence = length >= 3 && line.len() - text.len() <= 3 && !(mark == '`' && info.contains('`'));
    is_fence.then_some((mark, length, info))
}

fn closes(line: &str, (mark, length): (char, usize)) -> bool {
    opening(line).is_some_and(|(other, count, info)| other == mark && count >= length && info.is_empty())
}

/// The blocks of a text, in their order.
#[must_use]
pub fn blocks(text: &str) -> Vec<Block<'_>> {
    let (mut blocks, mut heading, mut at) = (Vec::new(), "", 0);
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        let start = at;
        at += line.len();
        let Some((mark, length, info)) = opening(line.trim_end()) else {
            if !line.trim().is_empty() {
                heading = line.trim();
            }
            continue;
        };
        let (from, mut to, mut is_closed) = (at, at, false);
        for line in lines.by_ref() {
            at += line.len();
            if closes(line.trim_end(), (mark, length)) {
                is_closed = true;
                break;
            }
            to = at;
        }
        blocks.push(Block { info, heading, body: &text[from..to], at: start..at, is_closed });
        heading = "";
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn has(text: &str, expected: &[(&str, &str, &str)]) {
        let blocks = blocks(text);
        let found: Vec<_> = blocks.iter().map(|block| (block.heading, block.info, block.body)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn blocks_are_told_with_what_stands_before_and_behind_their_fence() {
        has("src/lib.rs\n\n```rust\nfn a() {}\n```\n", &[("src/lib.rs", "rust", "fn a() {}\n")]);
        has("```\r\na\r\n```\r\nb", &[("", "", "a\r\n")]);
        has("~~~ json x.json\n{}\n~~~\n```\n~~~\n```", &[("", "json x.json", "{}\n"), ("", "", "~~~\n")]);
    }

    #[test]
    fn a_longer_fence_holds_shorter_ones() {
        has("````md\n```\na\n```\n````\n", &[("", "md", "```\na\n```\n")]);
        has("```\n````\nb", &[("", "", "")]); // the longer one closes it
    }

    #[test]
    fn what_only_looks_like_a_fence_is_none() {
        has("```a``` is code\n    ```\n``\n", &[]);
    }

    #[test]
    fn a_block_without_an_end_reaches_to_the_end() {
        let text = "```\na\n";
        let found = blocks(text);
        assert_eq!((found[0].body, found[0].is_closed, found[0].at.clone()), ("a\n", false, 0..6));
    }
}
