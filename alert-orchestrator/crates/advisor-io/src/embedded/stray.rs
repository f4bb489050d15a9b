//! What has no place in an address?

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
    fn an_address_has_no_space_of_any_kind() {
        let stray = ["addr1q\u{a0}", "addr 1q", "addr1q\t", "addr1q\u{200b}", "\u{430}ddr1q", "addr1q"];
        let found = stray.map(stray_character);
        assert_eq!(found, [Some('\u{a0}'), Some(' '), Some('\t'), Some('\u{200b}'), Some('\u{430}'), None]);
    }
}
