//! Who may see and do what, as a configuration says it.
//!
//! [`Auth`] is a section of a service's configuration; [`faults`] finds what its schema cannot say, and
//! [`Auth::logins`] makes it ready for use.

use std::sync::Arc;

use anyhow::Context as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{Logins, PasswordHash, Users};
use crate::Secret;
use crate::config::{Fault, Node};

/// Who may see and do what.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// Whether a login is required.
    pub enabled: bool,
    /// The name of the only, or first, user.
    pub username: Option<String>,
    /// That user's password as `bcrypt:<hash>` or `sha256:<hex>`.
    pub password_hash: Option<Secret>,
    /// More users.
    pub users: Vec<User>,
    /// What requires the login.
    pub require_for: RequireFor,
}

/// One who may log in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The name, without a colon.
    pub username: String,
    /// The password as `bcrypt:<hash>` or `sha256:<hex>`.
    pub password_hash: Secret,
}

/// What requires a login.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequireFor {
    /// The configuration and everything that writes.
    #[default]
    Sensitive,
    /// Everything but metrics and probes.
    All,
}

impl Auth {
    /// Who may log in; `None`: nobody has to. `path` is the section's in the configuration, and `program` has the
    /// command `hash-password`.
    ///
    /// # Errors
    /// A password hash that nothing could ever match.
    pub fn logins(&self, path: &str, program: &str) -> anyhow::Result<Option<Arc<Logins>>> {
        if !self.enabled {
            return Ok(None);
        }
        let first = self.username.iter().zip(&self.password_hash);
        let others = self.users.iter().map(|user| (&user.username, &user.password_hash));
        let mut users = Users::default();
        for (name, hash) in first.chain(others) {
            let hash: PasswordHash =
                hash.expose().parse().with_context(|| format!("{path}: password_hash of user {name}"))?;
            if hash.is_weak() {
                warn!(
                    "{path}: the password of {name} is kept as SHA-256, which is guessed quickly; \
                       make a bcrypt hash with `{program} hash-password`"
                );
            }
            users.add(name, hash);
        }
        Ok(Some(Arc::new(Logins::new(users))))
    }

    /// Every hash there is, for a look at whether the file itself holds it.
    pub fn password_hashes(&self) -> impl Iterator<Item = &Secret> {
        self.password_hash.iter().chain(self.users.iter().map(|user| &user.password_hash))
    }
}

/// What does not fit together in the section at `path`: a login that cannot work is found now and not by the first
/// visitor.
pub fn faults(root: &Node, path: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let Some(auth) = root.at(path) else { return faults };
    let Some(enabled) = auth.at("enabled").filter(|enabled| enabled.is_true()) else { return faults };
    let mut accounts = vec![(auth, path.to_owned())];
    let users = auth.at("users").map_or(&[][..], Node::items);
    accounts.extend(users.iter().enumerate().map(|(index, user)| (user, format!("{path}.users[{index}]"))));
    let mut names: Vec<&str> = Vec::new();
    for (account, path) in accounts {
        let (name, hash) = (given(account, "username"), given(account, "password_hash"));
        if let Some(name) = name.and_then(Node::text) {
            if names.contains(&name) {
                faults.push(Fault::new(
                    account.line(),
                    format!("{path}.username"),
                    "found the same user twice, expected it once",
                ));
            }
            names.push(name);
        }
        account_faults(name, hash, &path, &mut faults);
    }
    if names.is_empty() && users.is_empty() && given(auth, "password_hash").is_none() {
        let message = "found true without a user, expected username and password_hash, or users";
        faults.push(Fault::new(enabled.line(), format!("{path}.enabled"), message));
    }
    faults
}

/// The value at `key`, unless it is absent or null.
fn given<'a>(account: &'a Node, key: &str) -> Option<&'a Node> {
    account.at(key).filter(|node| !node.is_null())
}

fn account_faults(name: Option<&Node>, hash: Option<&Node>, path: &str, faults: &mut Vec<Fault>) {
    let is_top = !path.ends_with(']');
    match (name, hash) {
        // Missing keys of a listed user are the schema's to report.
        (Some(name), None) if is_top => {
            let message = "missing, expected bcrypt:<hash> or sha256:<64 hex digits>";
            faults.push(Fault::new(name.line(), format!("{path}.password_hash"), message));
        }
        (None, Some(hash)) if is_top => {
            faults.push(Fault::new(
                hash.line(),
                format!("{path}.username"),
                "missing, expected the user of the password_hash",
            ));
        }
        _ => {}
    }
    if let Some(name) = name.filter(|name| name.text().is_some_and(|text| text.is_empty() || text.contains(':'))) {
        let message = format!("found {}, expected a name without a colon", name.shown());
        faults.push(Fault::new(name.line(), format!("{path}.username"), message));
    }
    let unusable = |hash: &Node| hash.text()?.parse::<PasswordHash>().err();
    if let Some((hash, error)) = hash.and_then(|hash| Some((hash, unusable(hash)?))) {
        faults.push(Fault::new(hash.line(), format!("{path}.password_hash"), error.to_string()));
    }
}
