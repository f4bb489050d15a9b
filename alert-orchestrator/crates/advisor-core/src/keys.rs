//! What are addresses and hashes told apart by? Their letters, whatever the case.

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
}
