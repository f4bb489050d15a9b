//! Where are archives left?

/// A folder of the project.
pub(super) const OUTPUT: &str = "target/dist";
