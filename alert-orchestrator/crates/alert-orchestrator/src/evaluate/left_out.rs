//! Which of the files that an import left out may hold what an asset lacks?

use advisor_core::decision::Failure;
use advisor_core::refused::{self, LeftOutFile, RefusedFile};
use advisor_core::resolve::{TablePrefixes, coin_names};

/// The files that were left out, and how to tell whose they may be.
pub(super) struct LeftOut {
    files: Vec<LeftOutFile>,
    /// In lower case.
    prefixes: [String; 3],
    /// What the configured assets are called.
    coins: Vec<String>,
}

/// Of which table rows are missing.
#[derive(Debug, Clone, Copy)]
enum Table {
    Positions,
    Deposits,
}

impl LeftOut {
    /// `assets`: those that are configured.
    pub(super) fn new<'a>(
        files: Vec<LeftOutFile>,
        prefixes: &TablePrefixes,
        assets: impl Iterator<Item = &'a str>,
    ) -> Self {
        let TablePrefixes { positions, deposits, withdrawals } = prefixes;
        let prefixes = [positions, deposits, withdrawals].map(|prefix| prefix.to_lowercase());
        // Nobody asks where there are no files.
        let coins = if files.is_empty() { Vec::new() } else { assets.flat_map(coin_names).collect() };
        Self { files, prefixes, coins }
    }

    /// Those that name the asset and may have samples of it.
    pub(super) fn with_samples(&self, asset: &str) -> Option<RefusedFile> {
        refused::left_out(&self.of(asset, Table::Positions))
    }

    /// Those that may be the asset's table of samples, where the store has none.
    pub(super) fn for_missing_samples(&self, asset: &str) -> Option<RefusedFile> {
        self.for_missing(asset, Table::Positions)
    }

    /// That the store has no table of deposits, and what may be one.
    pub(super) fn without_deposits(&self, asset: &str, table: &str) -> Failure {
        let left_out = refused::in_addition(&self.for_missing(asset, Table::Deposits));
        Failure::InvalidData(format!("no table {table}: without it deposits would count as gains{left_out}"))
    }

    /// Where none names the asset, those that name none at all.
    fn for_missing(&self, asset: &str, table: Table) -> Option<RefusedFile> {
        let naming = self.of(asset, table);
        if !naming.is_empty() {
            return refused::left_out(&naming);
        }
        let is_nobodys =
            |file: &&LeftOutFile| self.prefix_of(file).is_none() && !self.coins.iter().any(|coin| file.names(coin));
        refused::left_out(&self.files.iter().filter(is_nobodys).collect::<Vec<_>>())
    }

    fn of(&self, asset: &str, table: Table) -> Vec<&LeftOutFile> {
        let own = match table {
            Table::Positions => &self.prefixes[0],
            Table::Deposits => &self.prefixes[1],
        };
        let is_meant = |file: &&LeftOutFile| {
            coin_names(asset).any(|coin| file.names(&coin)) && self.prefix_of(file).is_none_or(|prefix| prefix == own)
        };
        self.files.iter().filter(is_meant).collect()
    }

    /// The prefix of a table that the file's name begins with; where one begins another, the longest that fits.
    fn prefix_of(&self, file: &LeftOutFile) -> Option<&String> {
        let name = file.name.to_lowercase();
        let fitting = self.prefixes.iter().filter(|prefix| name.starts_with(prefix.as_str()));
        fitting.max_by_key(|prefix| prefix.len())
    }
}
