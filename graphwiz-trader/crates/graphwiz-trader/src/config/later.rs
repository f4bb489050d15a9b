//! Keys that belong to later versions: they are known by name, so that one that is set gets an answer instead of an
//! "unknown key", and they change nothing.

use std::borrow::Cow;

use platform::config::Node;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What stands at a key of a later version: anything, and nothing is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Later;

impl Later {
    /// Whether it is left out where the configuration is shown: always, as nothing of it takes effect.
    ///
    /// With `skip_serializing` in its place, the schema would have the key `writeOnly`, as a secret.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde passes it")]
    pub(super) fn is_unshown(&self) -> bool {
        true
    }
}

impl<'de> Deserialize<'de> for Later {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl Serialize for Later {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl JsonSchema for Later {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Later".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

/// What a key of a later version is answered with.
pub const NOT_YET: &str = "this version does not do it";

/// The list of what ends trading.
pub(super) const TRIGGERS: &str = "trading.emergency_shutdown.triggers";

/// Sections that belong to later versions as a whole: no key of theirs is known.
pub(super) const SECTIONS: &[&str] = &[
    "logging",
    "neo4j",
    "budget",
    "simulation",
    "exchanges",
    "ai",
    "agents",
    "optimizer",
    "looper",
    "monitoring",
    "security",
    "web",
    "knowledge_graph",
    "performance",
];

/// Keys of later versions within the other sections.
const KEYS: &[&str] = &[
    "trading.mode",
    "trading.order_timeout",
    "trading.max_entry_slippage",
    "trading.validate_on_venue",
    "risk.max_spread",
    "risk.sizing.kelly_fraction",
    "risk.sizing.target_volatility",
    "gates.proposal",
    "gates.paper",
    "gates.level",
    "backtesting.reports.save_to_db",
    "data.backup",
    "data.log_path",
];

/// Keys that are accepted for the sake of old files, and never do anything.
const ACCEPTED: &[&str] = &[
    "version",
    "environment",
    "debug",
    "development",
    "backtesting.data.preload",
    "backtesting.data.cache",
    "backtesting.engine",
    "data.cache_path",
];

/// One line for each key of a later version that is set, and one for all that are accepted.
pub(super) fn answers(root: &Node) -> Vec<String> {
    let is_set = |key: &&&str| root.at(key).is_some_and(|node| !node.is_null());
    let mut later: Vec<String> = SECTIONS.iter().chain(KEYS).filter(is_set).map(|key| (*key).to_owned()).collect();
    later.extend(of_triggers(root));
    let mut answers: Vec<_> = later.iter().map(|key| format!("{key}: {NOT_YET}")).collect();
    let accepted: Vec<_> = ACCEPTED.iter().filter(is_set).copied().collect();
    if !accepted.is_empty() {
        answers.push(format!("accepted, and without effect: {}", accepted.join(", ")));
    }
    answers
}

/// What ends trading only where there is a venue.
fn of_triggers(root: &Node) -> Vec<String> {
    let triggers = root.at(TRIGGERS).map_or(&[][..], Node::items).iter().enumerate();
    let set = triggers.filter(|(_, trigger)| trigger.at("seconds").is_some_and(|node| !node.is_null()));
    set.map(|(index, _)| format!("{TRIGGERS}[{index}].seconds")).collect()
}
