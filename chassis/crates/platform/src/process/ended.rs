//! How does a command end that did what it was asked?

/// The two ways; whatever else goes wrong is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything is well.
    Done,
    /// Something could not be done, or is not in place; the command has said what.
    WithFaults,
}
