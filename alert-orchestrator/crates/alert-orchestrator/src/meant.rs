//! Which wallet or transaction does somebody mean who wrote its beginning, or the short form that the page shows?
//!
//! Start at [`Known::find`]. What is written whole is meant whatever else begins like it.

use std::collections::BTreeSet;

use advisor_core::keys;

use crate::decisions::abbreviate;

/// More than this are counted, not named.
const NAMED_MAX: usize = 5;

/// What it is that is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Wallet,
    /// Of one and the same a row may name all and another the beginning.
    Transaction,
}

impl Kind {
    /// By what two of its kind are told apart.
    fn key(self, written: &str) -> String {
        match self {
            Self::Wallet => keys::wallet(written).into_owned(),
            Self::Transaction => keys::tx_hash(written).into_owned(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Wallet => "wallet",
            Self::Transaction => "transaction",
        }
    }
}

/// Everything that could be meant.
#[derive(Debug)]
pub(crate) struct Known {
    kind: Kind,
    keys: BTreeSet<String>,
}

/// Why it is not known which is meant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unclear {
    /// None that is known.
    Unknown,
    /// Several; a sentence that names them.
    Several(String),
}

impl Known {
    pub(crate) fn new<'a>(kind: Kind, known: impl IntoIterator<Item = &'a str>) -> Self {
        let keys = known.into_iter().filter(|known| !known.is_empty()).map(|known| kind.key(known));
        Self { kind, keys: keys.collect() }
    }

    /// The one that is written, begins as it is written, or has beginning and end around `…` or `...`.
    ///
    /// # Errors
    /// See [`Unclear`].
    pub(crate) fn find(&self, written: &str) -> Result<String, Unclear> {
        let wanted = self.kind.key(written.trim());
        if self.keys.contains(&wanted) {
            return Ok(wanted);
        }
        let (beginning, end) = parts(&wanted);
        if beginning.is_empty() {
            return Err(Unclear::Unknown);
        }
        let is_meant = |key: &&String| {
            key.len() >= beginning.len() + end.len() && key.starts_with(beginning) && key.ends_with(end)
        };
        let mut meant: Vec<&String> = self.keys.iter().filter(is_meant).collect();
        if self.kind == Kind::Transaction {
            // In order, what begins like another stands before it. Only of a hash that was cut is it the same.
            let goes_on = |i: usize| meant.get(i + 1).is_some_and(|next| next.starts_with(meant[i].as_str()));
            let is_whole = |i: &usize| !(is_cut_hash(meant[*i]) && goes_on(*i));
            meant = (0..meant.len()).filter(is_whole).map(|i| meant[i]).collect();
        }
        match *meant {
            [] => Err(Unclear::Unknown),
            [one] => Ok(one.clone()),
            _ => {
                let (kind, written) = (self.kind.name(), legible::quoted(written));
                let several = named(&meant.into_iter().map(String::as_str).collect::<Vec<_>>());
                Err(Unclear::Several(format!("{kind} {written} may be any of {several}; write more of it")))
            }
        }
    }

    /// Those that are known, as many as can be named.
    pub(crate) fn named(&self) -> String {
        named(&self.keys.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// Whether something was left out where it was written.
pub(crate) fn is_elided(written: &str) -> bool {
    written.contains('…') || written.contains("...")
}

/// Whether it is the beginning of a hash, as an earlier service put it into memos, and no transaction's own name.
fn is_cut_hash(key: &str) -> bool {
    (16..64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Beginning and end of what may be left out in the middle.
fn parts(written: &str) -> (&str, &str) {
    written.split_once('…').or_else(|| written.split_once("...")).unwrap_or((written, ""))
}

/// The first five, and how many more there are: in their short form, which can be written in place of all of it, or
/// whole where that is the same of two.
fn named(keys: &[&str]) -> String {
    let short: BTreeSet<String> = keys.iter().map(|key| abbreviate(key)).collect();
    let name = |key: &&str| if short.len() == keys.len() { legible::name(&abbreviate(key)) } else { keys::shown(key) };
    let named: Vec<String> = keys.iter().take(NAMED_MAX).map(name).collect();
    let more = keys.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    named.join(", ") + &more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn finds(kind: Kind, known: &[&str], written: &str, expected: Result<&str, Unclear>) {
        assert_eq!(Known::new(kind, known.iter().copied()).find(written), expected.map(str::to_owned));
    }

    fn several(text: &str) -> Result<&str, Unclear> {
        Err(Unclear::Several(text.to_owned()))
    }

    const WALLETS: [&str; 3] = ["addr1q89aaaaaaaaaagpze", "addr1q89bbbbbbbbbbgpze", "addr1q77cccccccccc0000"];

    #[test]
    fn a_wallet_is_found_by_its_beginning_in_any_case_and_by_the_short_form_of_the_page() {
        for written in
            ["addr1q7", "ADDR1Q77", "addr1q77…0000", "addr1q77...0000", "addr1q77...", WALLETS[2], "addr1…0000"]
        {
            finds(Kind::Wallet, &WALLETS, written, Ok(WALLETS[2]));
        }
        for written in ["", "…", "...gpze", "addr1x", "addr1q77…gpze", "addr1q77cccccccccc0000…0000"] {
            finds(Kind::Wallet, &WALLETS, written, Err(Unclear::Unknown));
        }
    }

    #[test]
    fn several_that_begin_alike_are_named_five_and_a_count() {
        let two =
            "wallet \"addr1q89…gpze\" may be any of addr1q89aaaaaaaaaagpze, addr1q89bbbbbbbbbbgpze; write more of it";
        finds(Kind::Wallet, &WALLETS, "addr1q89…gpze", several(two));
        let many: Vec<String> = (0..7).map(|i| format!("addr1q{i}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let seven =
            "wallet \"addr1q\" may be any of addr1q0, addr1q1, addr1q2, addr1q3, addr1q4 and 2 more; write more of it";
        finds(Kind::Wallet, &many, "addr1q", several(seven));
        finds(Kind::Wallet, &["addr1", "addr1q"], "addr1", Ok("addr1")); // written whole
    }

    #[test]
    fn a_name_that_another_begins_with_is_not_taken_for_its_beginning() {
        let known = Known::new(Kind::Transaction, ["inv-2026-1", "inv-2026-10", "5f3ac0ffee", "5f3ac0ffee1122"]);
        for written in ["inv-2026", "5f3a"] {
            assert!(matches!(known.find(written), Err(Unclear::Several(_))), "{written}");
        }
        assert_eq!(known.find("inv-2026-1"), Ok("inv-2026-1".to_owned()), "written whole");
    }

    #[test]
    fn a_transaction_that_one_row_names_whole_and_another_by_its_beginning_is_one() {
        let (whole, beginning, other) = ("5f3a".repeat(16), "5f3a".repeat(4), "5f3b".repeat(16));
        let known = [whole.as_str(), &beginning, &other];
        finds(Kind::Transaction, &known, "0x5F3A", Ok(&whole));
        finds(Kind::Transaction, &known, &beginning[..12], Ok(&whole));
        let two = "transaction \"5f3\" may be any of 5f3a5f3a…5f3a, 5f3b5f3b…5f3b; write more of it";
        finds(Kind::Transaction, &known, "5f3", several(two));
    }
}
