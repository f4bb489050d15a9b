//! Which token on the chain is an asset? The token registry, needed by Minswap's prices only.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use platform::config::text::Endpoint;
use platform::config::{Fault, Node};

use super::text::is_hex;

const HEADER: [&str; 3] = ["asset", "policy_id", "token_name_hex"];
/// A policy id is the hash of 28 bytes.
const POLICY_ID_DIGITS: usize = 56;

/// The tokens of the configured assets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRegistry {
    /// Asset in lower case → policy id and token name, in lower-case hex.
    ids: BTreeMap<String, String>,
}

impl TokenRegistry {
    /// The asset's id on the chain: policy id and name, in hex.
    pub fn id(&self, asset: &str) -> Option<&str> {
        self.ids.get(asset).map(String::as_str)
    }
}

/// Reads the registry where `root` configures Minswap's API; `config` is the path of the configuration file. With `given`,
/// that is the registry's content, no file is read, and it must be one whether it is needed or not.
///
/// # Errors
/// The file cannot be read, a row is wrong, or a configured asset has none; each with the row.
pub(super) fn load(root: &Node, config: &Path, given: Option<&[u8]>) -> Result<Option<TokenRegistry>, Vec<Fault>> {
    const KEY: &str = "orchestrator.token_registry";
    let api = root.at("orchestrator.apis.minswap_aggregator");
    let api = api.filter(|api| api.text().is_some_and(|url| url.parse::<Endpoint>().is_ok()));
    if api.is_none() && given.is_none() {
        return Ok(None);
    }
    let configured = root.at(KEY);
    let line = configured.or(api).map_or_else(|| 1.into(), Node::line);
    let fault = |message: String| Fault::new(line, KEY, message);
    let path = match configured.and_then(Node::text) {
        Some(path) => PathBuf::from(path),
        None => config.with_file_name("token_registry.csv"),
    };
    // What came out of the environment is not printed.
    let shown = match configured.filter(|node| node.public_text().is_none()) {
        Some(node) => node.shown(),
        None => path.display().to_string(),
    };
    let content = match given {
        Some(given) => Ok(given.to_vec()),
        None => fs::read(&path).map_err(|error| vec![format!("cannot read the token registry: {error}")]),
    };
    let registry = content
        .and_then(|content| read(&content))
        .map_err(|wrong| wrong.into_iter().map(|text| fault(format!("{shown}: {text}"))).collect::<Vec<_>>())?;
    if api.is_none() {
        return Ok(None);
    }
    let assets = root.at("client.assets").map_or(&[][..], Node::items);
    let is_missing = |asset: &&Node| asset.text().is_some_and(|name| registry.id(&name.to_lowercase()).is_none());
    let missing: Vec<String> = assets.iter().filter(is_missing).map(Node::shown).collect();
    if missing.is_empty() {
        return Ok(Some(registry));
    }
    let why = "expected one for each asset because apis.minswap_aggregator is set";
    Err(vec![fault(format!("{shown}: no row for {}, {why}", missing.join(", ")))])
}

fn read(content: &[u8]) -> Result<TokenRegistry, Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(content);
    let header = reader.headers().map_err(|error| vec![format!("cannot read the token registry: {error}")])?;
    if header != HEADER.as_slice() {
        return Err(vec![format!("line 1: found other columns, expected {}", HEADER.join(","))]);
    }
    let mut ids = BTreeMap::new();
    let mut wrong = Vec::new();
    for record in reader.records() {
        let row = match record {
            Ok(row) => row,
            Err(error) => {
                wrong.push(error.to_string());
                continue;
            }
        };
        let line = row.position().map_or(0, csv::Position::line);
        match token(&row) {
            Ok((asset, id)) => {
                if ids.insert(asset.clone(), id).is_some() {
                    wrong.push(format!("line {line}: found {asset:?} again, expected one row for each asset"));
                }
            }
            Err(error) => wrong.push(format!("line {line}: {error}")),
        }
    }
    if wrong.is_empty() { Ok(TokenRegistry { ids }) } else { Err(wrong) }
}

fn token(row: &csv::StringRecord) -> Result<(String, String), String> {
    let [asset, policy, name] = [0, 1, 2].map(|column| row.get(column).unwrap_or_default());
    if asset.is_empty() {
        return Err("found no asset, expected its name".into());
    }
    if policy.len() != POLICY_ID_DIGITS || !is_hex(policy) {
        let found = policy.chars().count();
        return Err(format!("found a policy_id of {found} characters, expected {POLICY_ID_DIGITS} hex digits"));
    }
    if !name.len().is_multiple_of(2) || !is_hex(name) {
        let found = name.chars().count();
        return Err(format!("found a token_name_hex of {found} characters, expected hex digits, two for each byte"));
    }
    Ok((asset.to_lowercase(), format!("{policy}{name}").to_lowercase()))
}
