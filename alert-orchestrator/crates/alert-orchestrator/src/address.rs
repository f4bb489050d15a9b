//! Can this text be the address of a wallet on Cardano? For addresses that people type or paste.
//!
//! Start at [`parse`]. Tables may name wallets as they like; this is for what is handed on to Liqwid.

use bech32::Bech32;
use bech32::primitives::decode::{CharError, CheckedHrpstring, CheckedHrpstringError, UncheckedHrpstringError};

use crate::meant::is_elided;

/// What addresses of the main network and of the test networks begin with.
const BEGINNINGS: [&str; 2] = ["addr1", "addr_test1"];

/// The address in lower case.
///
/// # Errors
/// Why the text cannot be one, as a clause about it.
pub(crate) fn parse(text: &str) -> Result<String, String> {
    if is_elided(text) {
        return Err("it is shortened; give the whole address".to_owned());
    }
    if let Some(stray) = text.chars().find(|c| !c.is_ascii_graphic()) {
        return Err(format!("it contains {stray:?} (U+{:04X}); expected letters and digits only", u32::from(stray)));
    }
    let address = text.to_ascii_lowercase();
    if !BEGINNINGS.iter().any(|beginning| address.starts_with(beginning)) {
        return Err(format!("{}; expected an address that begins with addr1", looks_like(&address)));
    }
    match CheckedHrpstring::new::<Bech32>(text) {
        Ok(_) => Ok(address),
        Err(CheckedHrpstringError::Parse(UncheckedHrpstringError::Char(CharError::InvalidChar(c)))) => {
            Err(format!("it contains {c:?}, which no address has behind its beginning"))
        }
        Err(CheckedHrpstringError::Parse(UncheckedHrpstringError::Char(CharError::MixedCase))) => {
            Err("it mixes upper and lower case; expected one of them".to_owned())
        }
        Err(_) => Err("its checksum does not fit: a letter is wrong or missing; copy it again".to_owned()),
    }
}

/// What a text is that begins like no address.
fn looks_like(text: &str) -> &'static str {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match text.len() {
        64 if is_hex => "it looks like the hash of a transaction",
        56 if is_hex => "it looks like the hash of a key or a policy",
        42 if text.starts_with("0x") => "it looks like an address of Ethereum",
        _ if text.starts_with("stake") => "it is a stake address, which holds no coins",
        _ => "it is not one of Cardano",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A test vector of CIP-19.
    const ADDRESS: &str = "addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8";

    #[test]
    fn an_address_is_taken_in_either_case() {
        assert_eq!(parse(ADDRESS).as_deref(), Ok(ADDRESS));
        assert_eq!(parse(&ADDRESS.to_uppercase()).as_deref(), Ok(ADDRESS));
    }

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        assert_eq!(parse(text).unwrap_err(), expected, "{text}");
    }

    #[test]
    fn what_cannot_be_one_is_refused_with_the_reason() {
        refused("addr1q89…ngpze", "it is shortened; give the whole address");
        refused("addr1q89...ngpze", "it is shortened; give the whole address");
        refused(&format!("{ADDRESS}\u{200b}"), "it contains '\\u{200b}' (U+200B); expected letters and digits only");
        refused(&format!(" {ADDRESS}"), "it contains ' ' (U+0020); expected letters and digits only");
        let checksum = "its checksum does not fit: a letter is wrong or missing; copy it again";
        refused(&ADDRESS.replacen("vx2", "v2x", 1), checksum);
        refused(&ADDRESS[..ADDRESS.len() - 1], checksum);
        refused("addr1qyexample", checksum);
        refused("addr1qyb", "it contains 'b', which no address has behind its beginning");
        refused(&ADDRESS.replacen('v', "V", 1), "it mixes upper and lower case; expected one of them");
        refused("addr1", checksum);
        let begins = "expected an address that begins with addr1";
        for (text, what) in [
            (&"5f".repeat(32), "it looks like the hash of a transaction"),
            (&"5f".repeat(28), "it looks like the hash of a key or a policy"),
            (&format!("0x{}", "5f".repeat(20)), "it looks like an address of Ethereum"),
            (&"stake1uxqyz".to_owned(), "it is a stake address, which holds no coins"),
            (&String::new(), "it is not one of Cardano"),
        ] {
            refused(text, &format!("{what}; {begins}"));
        }
    }
}
