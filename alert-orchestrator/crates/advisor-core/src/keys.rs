//! What are addresses and hashes told apart by? Their letters, whatever the case; and how are they shown?

use std::borrow::Cow;

/// A wallet's address in lower case.
#[must_use]
pub fn wallet(address: &str) -> Cow<'_, str> {
    lower(address)
}

/// A transaction's hash in lower case, without `0x`.
#[must_use]
pub fn tx_hash(hash: &str) -> Cow<'_, str> {
    lower(hash.strip_prefix("0x").or_else(|| hash.strip_prefix("0X")).unwrap_or(hash))
}

fn lower(text: &str) -> Cow<'_, str> {
    // As SQLite's `lower` has it: letters beyond ASCII are none that an address or hash could have.
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) { text.to_ascii_lowercase().into() } else { text.into() }
}

/// The most characters of an address or a hash that a sentence repeats.
const CHARS_SHOWN: usize = 120;

/// How a sentence names an address or a hash of a transaction: whole, so that an operator can copy and look it up. The
/// longest real address has 108 characters (`addr_test1…`; 104 in the Byron era), a hash 66 with `0x`; of what is
/// longer than 120, and so is neither, the beginning is shown.
#[must_use]
pub fn shown(key: &str) -> String {
    legible::cut(key, CHARS_SHOWN)
}

/// The same in quotes, of what may be no address or hash.
pub(crate) fn quoted(key: &str) -> String {
    legible::quoted_to(key, CHARS_SHOWN)
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
    fn what_is_an_address_or_a_hash_is_shown_whole() {
        for longest in ["addr_test1".to_owned() + &"q".repeat(98), "0x".to_owned() + &"a".repeat(64)] {
            assert_eq!((shown(&longest), quoted(&longest)), (longest.clone(), format!("\"{longest}\"")));
        }
        assert_eq!(shown(&"q".repeat(121)), "q".repeat(120) + "…");
        assert_eq!(shown("addr1\u{202e}q"), "addr1\\u{202e}q");
    }
}
