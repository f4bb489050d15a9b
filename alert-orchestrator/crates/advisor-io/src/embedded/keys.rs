//! What are addresses and hashes told apart by? Their letters, whatever the case.
//!
//! The store keeps them as they are compared, so that a key is one text and not several.

use std::borrow::Cow;

/// A wallet's address in lower case.
pub(super) fn wallet(address: &str) -> Cow<'_, str> {
    lower(address)
}

/// A transaction's hash in lower case, without `0x`.
pub(super) fn tx_hash(hash: &str) -> Cow<'_, str> {
    lower(hash.strip_prefix("0x").or_else(|| hash.strip_prefix("0X")).unwrap_or(hash))
}

fn lower(text: &str) -> Cow<'_, str> {
    // As SQLite's `lower` has it: letters beyond ASCII are none that an address or hash could have.
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) { text.to_ascii_lowercase().into() } else { text.into() }
}

/// The first character that no address has: space, invisible or beyond ASCII.
pub(super) fn stray_character(address: &str) -> Option<char> {
    // Looking at bytes first is several times as fast, and nearly always all there is to do.
    let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain { None } else { address.chars().find(|c| !c.is_ascii_graphic()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_0x_do_not_tell_keys_apart() {
        for hash in ["a1b2", "A1b2", "0xa1b2", "0XA1B2"] {
            assert_eq!(tx_hash(hash), "a1b2");
        }
        assert_eq!((wallet("ADDR1Q"), wallet("addr1q"), tx_hash("")), ("addr1q".into(), "addr1q".into(), "".into()));
    }

    #[test]
    fn an_address_has_no_space_of_any_kind() {
        let stray = ["addr1q\u{a0}", "addr 1q", "addr1q\t", "addr1q\u{200b}", "\u{430}ddr1q", "addr1q"];
        let found = stray.map(stray_character);
        assert_eq!(found, [Some('\u{a0}'), Some(' '), Some('\t'), Some('\u{200b}'), Some('\u{430}'), None]);
    }
}
