//! Which position table does a configured asset name mean?
//!
//! Start at [`Tables::of`] and [`Tables::by_name`]; where no name fits, the caller asks the tables for their markets and
//! calls [`names_market`].

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

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

/// The tables of a store, seen by their suffixes. Names are told apart by their letters, upper and lower case alike; a
/// table is always named as the store has it.
#[derive(Debug, Clone)]
pub struct Tables {
    prefixes: TablePrefixes,
    /// The names as stored, by what they are in lower case.
    names: BTreeMap<String, Vec<String>>,
    /// In lower case, sorted, each once.
    suffixes: Vec<String>,
}

/// The tables of one asset: each with whether the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetTables {
    /// What follows the prefixes, in lower case.
    pub suffix: String,
    /// Of positions.
    pub positions: String,
    /// Of deposits.
    pub deposits: (String, bool),
    /// Of withdrawals.
    pub withdrawals: (String, bool),
}

/// Tables of which any may be meant: their names differ by case alone, and none is as configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the names of tables {} differ by case alone, so which is meant cannot be told; \
     rename all but one, or name one {usual}",
    names.join(" and ")
)]
pub struct TwinTables {
    /// As the store has them.
    pub names: Vec<String>,
    /// The configured prefix and the suffix in lower case.
    pub usual: String,
}

impl Tables {
    /// Keeps the names; suffixes of position tables other than `[a-z0-9_]+`, in any case, are no assets.
    #[must_use]
    pub fn of(stored: Vec<String>, prefixes: TablePrefixes) -> Self {
        let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for name in stored {
            names.entry(name.to_ascii_lowercase()).or_default().push(name);
        }
        let prefix = prefixes.positions.to_ascii_lowercase();
        let suffixes = names.keys().filter_map(|name| name.strip_prefix(&prefix));
        let suffixes = suffixes.filter(|suffix| is_suffix(suffix)).map(str::to_owned).collect();
        Self { prefixes, names, suffixes }
    }

    /// The suffixes of all position tables, in lower case, sorted.
    #[must_use]
    pub fn suffixes(&self) -> &[String] {
        &self.suffixes
    }

    /// The suffix that an asset's name means: itself, or the bridged or plain form of the same coin. Ignores case.
    #[must_use]
    pub fn by_name(&self, asset: &str) -> Option<&str> {
        let found = coin_names(asset).find_map(|wanted| self.suffixes.binary_search(&wanted).ok());
        found.map(|i| self.suffixes[i].as_str())
    }

    /// The position table of a suffix.
    ///
    /// # Errors
    /// [`TwinTables`]: it may be any of several.
    pub fn positions(&self, suffix: &str) -> Result<String, TwinTables> {
        self.find(&self.prefixes.positions, suffix).map(|(name, _)| name)
    }

    /// The tables of the asset of a suffix.
    ///
    /// # Errors
    /// [`TwinTables`]: one of them may be any of several.
    pub fn of_asset(&self, suffix: &str) -> Result<AssetTables, TwinTables> {
        Ok(AssetTables {
            suffix: suffix.to_owned(),
            positions: self.positions(suffix)?,
            deposits: self.find(&self.prefixes.deposits, suffix)?,
            withdrawals: self.find(&self.prefixes.withdrawals, suffix)?,
        })
    }

    /// The table of a prefix and a suffix as stored, and whether it is. Of several the one as configured is meant.
    fn find(&self, prefix: &str, suffix: &str) -> Result<(String, bool), TwinTables> {
        let usual = format!("{prefix}{suffix}");
        match self.names.get(&usual.to_ascii_lowercase()).map(Vec::as_slice) {
            None => Ok((usual, false)),
            Some([one]) => Ok((one.clone(), true)),
            Some(several) if several.contains(&usual) => Ok((usual, true)),
            Some(several) => {
                let mut names = several.to_vec();
                names.sort_unstable();
                Err(TwinTables { names, usual })
            }
        }
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
