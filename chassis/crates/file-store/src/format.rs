//! What does a program have to say of its files?

/// Whose a file is, how its tables come to be, and what messages call it.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// In the file's header, where `file(1)` and [`FileStore::open`](crate::FileStore::open) look for whose it is; never 0.
    pub application_id: i64,
    /// `steps[v]` leads from schema version `v` to `v + 1`: statements, all of them or none. What has been released is never
    /// changed, only added to.
    pub steps: &'static [&'static str],
    /// What messages call such a file, such as `embedded store`.
    pub store: &'static str,
    /// The program and its version as messages say them, such as `mill 1.2`.
    pub program: &'static str,
}

impl Format {
    /// The newest schema version, which [`FileStore::open`](crate::FileStore::open) brings every file to.
    #[must_use]
    pub const fn version(&self) -> i64 {
        self.steps.len() as i64
    }
}
