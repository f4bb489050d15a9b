//! What the program adds to a report.

/// What the page says beside the report.
#[derive(Debug, Clone, Copy)]
pub struct Notes<'a> {
    /// The program and its version.
    pub program: &'a str,
    /// The command that gives the same report again.
    pub command: &'a str,
    /// What was assumed of fills, a sentence each.
    pub assumptions: &'a [String],
}
