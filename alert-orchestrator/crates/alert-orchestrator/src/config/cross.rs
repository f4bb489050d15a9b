//! Do the keys fit each other? What the schema of single keys cannot say.
//!
//! Start at [`faults`]. Works on the file's tree, so that these faults are reported beside the others; whatever is not
//! of the right kind has been reported by the schema already and is passed over.

use std::collections::{HashMap, HashSet};

use advisor_core::sync::PULLED_MEMO;
use jiff::tz::TimeZone;
use platform::auth;
use platform::config::text::instant;
use platform::config::{Entry, Fault, Node, child, did_you_mean};

/// Everything that does not fit together.
pub(super) fn faults(root: &Node) -> Vec<Fault> {
    let mut faults = Vec::new();
    stores(root, &mut faults);
    keywords(root, &mut faults);
    tables(root, &mut faults);
    assets(root, &mut faults);
    spans(root, &mut faults);
    interval(root, &mut faults);
    metrics_path(root, &mut faults);
    cleanup(root, &mut faults);
    faults.extend(auth::config::faults(root, "orchestrator.auth"));
    faults
}

/// The zone in which days of this file begin.
fn zone(root: &Node) -> TimeZone {
    let name = root.at("orchestrator.timezone").and_then(Node::text).unwrap_or("UTC");
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// The value at `path`, unless it is absent or null.
fn given<'a>(root: &'a Node, path: &str) -> Option<&'a Node> {
    root.at(path).filter(|node| !node.is_null())
}

fn stores(root: &Node, faults: &mut Vec<Fault>) {
    if let (Some(greptime), Some(embedded)) = (given(root, "client.greptime"), given(root, "client.embedded")) {
        let line = greptime.line().max(embedded.line());
        faults.push(Fault::new(line, "client", "found both greptime and embedded, expected one store"));
    }
    let [username, password] = ["client.greptime.username", "client.greptime.password"];
    if let Some(given) = given(root, username).filter(|node| node.text().is_some_and(|name| name.contains(':'))) {
        // Not shown: what follows the colon may be a password.
        let message = "found a name with a colon, expected one without: HTTP Basic authentication ends the name there, \
                       and the server would see another user and password";
        faults.push(Fault::new(given.line(), username, message));
    }
    match (given(root, username), given(root, password)) {
        (None, Some(given)) => {
            faults.push(Fault::new(given.line(), username, "missing, expected the user whose password is given"));
        }
        (Some(given), None) => {
            faults.push(Fault::new(given.line(), password, "missing, expected the password of the user who is given"));
        }
        _ => {}
    }
}

/// A mark must tell, and tell one thing: a keyword within the other, or within the memo of every pulled withdrawal, would mark
/// what nobody marked.
fn keywords(root: &Node, faults: &mut Vec<Fault>) {
    const KEYWORDS: [(&str, &str); 2] = [
        ("orchestrator.reference_keyword", "alert_driven_withdrawal"),
        ("orchestrator.principal_keyword", "principal_withdrawal"),
    ];
    let text = |(path, default)| root.at(path).map_or(Some(default), Node::text).filter(|text| !text.trim().is_empty());
    let [reference, principal] = KEYWORDS.map(text);
    for ((path, _), own, (other, _), others) in
        [(KEYWORDS[0], reference, KEYWORDS[1], principal), (KEYWORDS[1], principal, KEYWORDS[0], reference)]
    {
        let (Some(node), Some(own)) = (given(root, path), own) else { continue };
        if PULLED_MEMO.contains(own) {
            let message =
                format!("found {}, which is part of the memo of pulled withdrawals ({PULLED_MEMO}…)", node.shown());
            faults.push(Fault::new(node.line(), path, message));
        }
        if others.is_some_and(|others| others.contains(own) || own.contains(others)) {
            let message =
                format!("found {}, expected a text that neither contains {other} nor is part of it", node.shown());
            faults.push(Fault::new(node.line(), path, message));
        }
    }
}

fn tables(root: &Node, faults: &mut Vec<Fault>) {
    const PREFIXES: [(&str, &str); 3] = [
        ("client.table_asset_prefix", "liqwid_supply_positions_"),
        ("client.deposits_prefix", "liqwid_deposits_"),
        ("client.withdrawals_prefix", "liqwid_withdrawals_"),
    ];
    let prefix = |(path, default)| root.at(path).map_or(Some(default), Node::text);
    for (index, other) in PREFIXES.into_iter().enumerate() {
        let Some(first) = PREFIXES[..index].iter().find(|first| prefix(**first) == prefix(other)) else { continue };
        let Some(node) = given(root, other.0).or(given(root, first.0)) else { continue };
        let message = format!("found {}, which is also {}, expected tables of their own", node.shown(), first.0);
        faults.push(Fault::new(node.line(), other.0, message));
    }
}

fn assets(root: &Node, faults: &mut Vec<Fault>) {
    let Some(list) = root.at("client.assets") else { return };
    let mut firsts: HashMap<String, usize> = HashMap::new();
    for (index, item) in list.items().iter().enumerate() {
        let Some(name) = lower(item) else { continue };
        let first = *firsts.entry(name).or_insert(index);
        // Equal to the letter has been found by the schema.
        if list.items()[first].text() != item.text() {
            let message = format!("found {} again, expected it once (first at client.assets[{first}])", item.shown());
            faults.push(Fault::new(item.line(), format!("client.assets[{index}]"), message));
        }
    }
    if list.items().iter().any(|item| item.text().is_none()) || firsts.is_empty() {
        return; // which names are meant is not known
    }
    let known = Known {
        names: firsts.into_keys().collect(),
        // A name out of the environment is compared with, but never printed.
        public: list.items().iter().filter_map(Node::public_text).map(str::to_lowercase).collect(),
    };
    known.in_keys(root, "orchestrator.decision_gate.per_asset", None, faults);
    known.in_keys(root, "orchestrator.price_compare.per_asset_overrides", None, faults);
    known.in_keys(root, "client.output.smoothing", Some("default"), faults);
    known.in_list(root, "orchestrator.decision_gate.whitelist", faults);
    for entry in entries(root, "orchestrator.decision_gate.per_asset") {
        let path = child(&child("orchestrator.decision_gate.per_asset", entry.key()), "whitelist");
        known.in_items(entry.node().at("whitelist").map_or(&[], Node::items), &path, faults);
    }
}

fn lower(node: &Node) -> Option<String> {
    node.text().map(str::to_lowercase)
}

fn entries<'a>(root: &'a Node, path: &str) -> &'a [Entry] {
    root.at(path).map_or(&[], Node::entries)
}

/// The configured assets, in lower case.
struct Known {
    names: HashSet<String>,
    public: Vec<String>,
}

impl Known {
    fn in_keys(&self, root: &Node, path: &str, reserved: Option<&str>, faults: &mut Vec<Fault>) {
        let mut firsts: HashMap<String, &Entry> = HashMap::new();
        for entry in entries(root, path) {
            let key = entry.key().to_lowercase();
            if Some(entry.key()) == reserved {
                continue;
            }
            if !self.names.contains(&key) {
                let nearest = did_you_mean(&key, self.public.iter().map(String::as_str).chain(reserved));
                let message = format!("found an asset that is not in client.assets, expected one of those{nearest}");
                faults.push(Fault::new(entry.line(), child(path, entry.key()), message));
            }
            let first = *firsts.entry(key).or_insert(entry);
            // The same to the letter has been found as a key that is there twice.
            if first.key() != entry.key() {
                let message = format!("found the asset twice, expected it once (first on line {})", first.line());
                faults.push(Fault::new(entry.line(), child(path, entry.key()), message));
            }
        }
    }

    fn in_list(&self, root: &Node, path: &str, faults: &mut Vec<Fault>) {
        self.in_items(root.at(path).map_or(&[], Node::items), path, faults);
    }

    fn in_items(&self, items: &[Node], path: &str, faults: &mut Vec<Fault>) {
        for (index, item) in items.iter().enumerate() {
            let Some(name) = lower(item).filter(|name| !self.names.contains(name)) else { continue };
            let nearest = match item.public_text() {
                Some(_) => did_you_mean(&name, self.public.iter().map(String::as_str)),
                None => String::new(),
            };
            let message = format!("found {}, expected a name of client.assets{nearest}", item.shown());
            faults.push(Fault::new(item.line(), format!("{path}[{index}]"), message));
        }
    }
}

fn spans(root: &Node, faults: &mut Vec<Fault>) {
    let zone = zone(root);
    for (start, end) in [
        ("client.date_range.start", "client.date_range.end"),
        ("orchestrator.transaction_sync.start_date", "orchestrator.transaction_sync.end_date"),
    ] {
        let (Some(from), Some(to)) = (given(root, start), given(root, end)) else { continue };
        let at = |node: &Node| node.text().and_then(|text| instant(text, &zone));
        if let (Some(from_at), Some(to_at)) = (at(from), at(to))
            && from_at > to_at
        {
            let message = format!("found {}, expected it not to be after {end} ({})", from.shown(), to.shown());
            faults.push(Fault::new(from.line(), start, message));
        }
    }
}

/// Rounds that follow one another faster would say nothing new, and those who run an API count the requests.
fn interval(root: &Node, faults: &mut Vec<Fault>) {
    const PATH: &str = "orchestrator.schedule.interval_minutes";
    let Some((node, minutes)) = given(root, PATH).and_then(|node| Some((node, node.number()?))) else { return };
    let api = entries(root, "orchestrator.apis").iter().find(|api| !api.node().is_null());
    let (least_seconds, why) = match api {
        Some(api) => (60.0, format!(", as orchestrator.apis.{} is configured", api.key())),
        None => (1.0, String::new()),
    };
    let seconds = minutes * 60.0;
    if seconds > 0.0 && seconds < least_seconds {
        let found = node.shown();
        let message = format!("found {found} ({seconds:.3} s), expected at least {least_seconds} s{why}");
        faults.push(Fault::new(node.line(), PATH, message));
    }
}

fn metrics_path(root: &Node, faults: &mut Vec<Fault>) {
    const PATH: &str = "orchestrator.telemetry.path";
    let Some(node) = given(root, PATH) else { return };
    let Some(path) = node.text() else { return };
    let is_taken = ["/dashboard", "/livez", "/readyz", "/startupz", "/health"].contains(&path.trim_end_matches('/'));
    if is_taken
        || ["/api", "/charts", "/assets"].iter().any(|area| path == *area || path.starts_with(&format!("{area}/")))
    {
        let message =
            format!("found {}, which the server uses for something else, expected a path of its own", node.shown());
        faults.push(Fault::new(node.line(), PATH, message));
    }
}

fn cleanup(root: &Node, faults: &mut Vec<Fault>) {
    const PATH: &str = "orchestrator.output_cleanup";
    let Some(cleanup) = given(root, PATH) else { return };
    let is_null = |key| cleanup.at(key).is_some_and(Node::is_null);
    if let Some(enabled) = cleanup.at("enabled").filter(|enabled| enabled.is_true())
        && is_null("expire_before_relative")
        && given(cleanup, "expire_before").is_none()
    {
        let message = "found true without a cut-off, expected expire_before_relative or expire_before";
        faults.push(Fault::new(enabled.line(), format!("{PATH}.enabled"), message));
    }
}
