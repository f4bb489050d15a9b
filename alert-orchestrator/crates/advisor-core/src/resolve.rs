//! Which position table does a configured asset name mean?
//!
//! Start at [`Tables::of`] and [`Tables::by_name`]; where no name fits, the caller asks the tables for their markets and
//! calls [`names_market`].

#[cfg(test)]
mod tests;

use crate::store::Market;

/// Prefixes of the table names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePrefixes {
    /// Of position tables.
    pub positions: String,
    /// Of deposit tables.
    pub deposits: String,
    /// Of withdrawal tables.
    pub withdrawals: String,
}

impl Default for TablePrefixes {
    fn default() -> Self {
        Self {
            positions: "liqwid_supply_positions_".to_owned(),
            deposits: "liqwid_deposits_".to_owned(),
            withdrawals: "liqwid_withdrawals_".to_owned(),
        }
    }
}

/// A stablecoin and the symbol of its bridged form; a market holds either, and people name the other.
const BRIDGED: [(&str, &str); 2] = [("usdc", "wanusdc"), ("usdt", "wanusdt")];

/// The names a coin goes by, in lower case: the given one, then its bridged or plain form where it has one.
pub fn coin_names(asset: &str) -> impl Iterator<Item = String> + use<> {
    let asset = asset.to_ascii_lowercase();
    let twin = BRIDGED.iter().find_map(|(plain, bridged)| match asset.as_str() {
        name if name == *plain => Some(*bridged),
        name if name == *bridged => Some(*plain),
        _ => None,
    });
    std::iter::once(asset).chain(twin.map(str::to_owned))
}

/// The tables of a store, seen by their suffixes.
#[derive(Debug, Clone)]
pub struct Tables {
    prefixes: TablePrefixes,
    names: Vec<String>,
    suffixes: Vec<String>,
}

impl Tables {
    /// Keeps the names; suffixes of position tables other than `[a-z0-9_]+` are no assets.
    #[must_use]
    pub fn of(names: Vec<String>, prefixes: TablePrefixes) -> Self {
        let mut suffixes: Vec<String> = names
            .iter()
            .filter_map(|name| name.strip_prefix(&prefixes.positions))
            .filter(|suffix| is_suffix(suffix))
            .map(str::to_owned)
            .collect();
        suffixes.sort_unstable();
        Self { prefixes, names, suffixes }
    }

    /// The suffixes of all position tables, sorted.
    #[must_use]
    pub fn suffixes(&self) -> &[String] {
        &self.suffixes
    }

    /// The suffix that an asset's name means: itself, or the bridged or plain form of the same coin. Ignores case.
    #[must_use]
    pub fn by_name(&self, asset: &str) -> Option<&str> {
        coin_names(asset).find_map(|wanted| self.suffixes.iter().find(|suffix| **suffix == wanted)).map(String::as_str)
    }

    /// The position table of a suffix.
    #[must_use]
    pub fn positions(&self, suffix: &str) -> String {
        format!("{}{suffix}", self.prefixes.positions)
    }

    /// The deposit table of a suffix, and whether the store has it.
    #[must_use]
    pub fn deposits(&self, suffix: &str) -> (String, bool) {
        self.flows(&self.prefixes.deposits, suffix)
    }

    /// The withdrawal table of a suffix, and whether the store has it.
    #[must_use]
    pub fn withdrawals(&self, suffix: &str) -> (String, bool) {
        self.flows(&self.prefixes.withdrawals, suffix)
    }

    fn flows(&self, prefix: &str, suffix: &str) -> (String, bool) {
        let name = format!("{prefix}{suffix}");
        let exists = self.names.contains(&name);
        (name, exists)
    }
}

/// Whether a name may follow a prefix: `[a-z0-9_]+`.
#[must_use]
pub fn is_suffix(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Whether the rows of a table say that it belongs to this asset. Ignores case.
#[must_use]
pub fn names_market(market: &Market, asset: &str) -> bool {
    [&market.id, &market.name].into_iter().flatten().any(|name| name.eq_ignore_ascii_case(asset))
}
