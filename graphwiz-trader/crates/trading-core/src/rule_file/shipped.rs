//! Which rule files come with the program, and what does a new one look like?

/// The rule files that ship, by name. They are the built-in strategies of these names.
pub const ALL: [(&str, &str); 4] = [
    ("sma_cross", include_str!("../../../../strategies/sma_cross.yaml")),
    ("rsi", include_str!("../../../../strategies/rsi.yaml")),
    ("momentum", include_str!("../../../../strategies/momentum.yaml")),
    ("mean_reversion", include_str!("../../../../strategies/mean_reversion.yaml")),
];

/// A commented rule file that runs as it is. `name` is a letter a-z and up to 31 of a-z, 0-9 and _.
///
/// ```
/// use trading_core::rule_file::{RuleFile, shipped};
/// assert_eq!(RuleFile::parse("dip.yaml", shipped::template("dip").as_bytes())?.name(), "dip");
/// # Ok::<(), trading_core::rule_file::Faults>(())
/// ```
#[must_use]
pub fn template(name: &str) -> String {
    include_str!("template.yaml").replace("NAME", name)
}
