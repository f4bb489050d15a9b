//! Which table does a file belong to?

use std::path::Path;

use advisor_core::resolve::{TablePrefixes, is_suffix};
use advisor_core::store::TableKind;

/// What the lines of a file are. The order is that of an import: flows come first, because a flow that is newer than
/// every sample changes nothing, whereas a sample that already contains a deposit not yet stored would look like a gain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Content {
    Deposits,
    Withdrawals,
    Positions,
}

impl Content {
    pub(super) fn kind(self) -> TableKind {
        match self {
            Self::Positions => TableKind::Positions,
            Self::Deposits | Self::Withdrawals => TableKind::Flows,
        }
    }
}

/// The table a file is read into.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) content: Content,
    pub(super) table: String,
    /// What stands behind the prefix.
    pub(super) asset: String,
}

/// The table of the file at `path`, or `None` if its name is not `<prefix><asset>.csv`. Case does not matter. Where one
/// prefix begins another, the longest that fits counts.
pub(super) fn target(prefixes: &TablePrefixes, path: &Path) -> Option<Target> {
    let name = path.file_name()?.to_str()?.to_lowercase();
    let stem = name.strip_suffix(".csv")?;
    let candidates = [
        (&prefixes.deposits, Content::Deposits),
        (&prefixes.withdrawals, Content::Withdrawals),
        (&prefixes.positions, Content::Positions),
    ];
    let fits = |prefix: &str| stem.strip_prefix(&prefix.to_lowercase()).is_some_and(is_suffix);
    let (prefix, content) =
        candidates.into_iter().filter(|(prefix, _)| fits(prefix)).max_by_key(|(prefix, _)| prefix.len())?;
    let asset = stem[prefix.to_lowercase().len()..].to_owned();
    Some(Target { content, table: format!("{prefix}{asset}"), asset })
}

/// The names that [`target`] takes, for messages.
pub(super) fn expected(prefixes: &TablePrefixes) -> String {
    format!(
        "{}<asset>.csv, {}<asset>.csv or {}<asset>.csv",
        prefixes.positions, prefixes.deposits, prefixes.withdrawals
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_is_its_table() {
        let cases = [
            ("liqwid_supply_positions_djed.csv", "Positions liqwid_supply_positions_djed"),
            ("/some/where/liqwid_deposits_wanusdc.csv", "Deposits liqwid_deposits_wanusdc"),
            ("Liqwid_Withdrawals_DJED.CSV", "Withdrawals liqwid_withdrawals_djed"),
            ("liqwid_deposits_usd_c2.csv", "Deposits liqwid_deposits_usd_c2"),
            ("liqwid_deposits_.csv", "none"),
            ("liqwid_deposits_a'b.csv", "none"),
            ("liqwid_deposits_djed.csv.gz", "none"),
            ("liqwid_deposits_djed.txt", "none"),
            ("deposits_djed.csv", "none"),
            ("..", "none"),
        ];
        for (path, expected) in cases {
            assert_eq!(describe(&TablePrefixes::default(), path), expected, "{path}");
        }
    }

    #[test]
    fn the_longest_prefix_that_fits_counts_and_keeps_its_own_case() {
        let prefixes = TablePrefixes { positions: "T_".into(), deposits: "T_in_".into(), withdrawals: "T_out_".into() };
        assert_eq!(describe(&prefixes, "t_in_djed.csv"), "Deposits T_in_djed");
        assert_eq!(describe(&prefixes, "t_inn.csv"), "Positions T_inn");
    }

    fn describe(prefixes: &TablePrefixes, path: &str) -> String {
        match target(prefixes, Path::new(path)) {
            Some(Target { content, table, .. }) => format!("{content:?} {table}"),
            None => "none".into(),
        }
    }
}
