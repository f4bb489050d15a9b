//! Who asks, and is the password right?
//!
//! Start at [`Logins::check`], which takes the header of a request and answers with the name of the user or why there is none.
//! [`Users`] holds names and [`PasswordHash`]es as the configuration gives them; [`hash_password`] makes one. How often a
//! client may be wrong is in `attempts`.
//!
//! Credentials are never logged, nor kept: what is remembered of a login is a hash keyed with random bytes of this process.

mod attempts;
mod hash;
mod logins;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub use hash::{HashingError, InvalidHash, PasswordHash, hash_password};
pub use logins::{Logins, Refused};

/// Names and the hashes of their passwords.
#[derive(Debug, Default)]
pub struct Users {
    by_name: HashMap<Arc<str>, PasswordHash>,
    /// A hash for every cost among the users', to spend the same time on everybody.
    by_cost: BTreeMap<u32, PasswordHash>,
}

impl Users {
    /// Lets `name` in with the password of `hash`; the last hash counts where a name is added again.
    pub fn add(&mut self, name: &str, hash: PasswordHash) {
        self.by_cost.entry(hash.cost()).or_insert_with(|| hash.clone());
        self.by_name.insert(name.into(), hash);
    }

    /// The user with this name and password.
    ///
    /// The work does not depend on whether the name is known: one hash of each cost there is among the users is computed, the
    /// user's own or one in its place. Takes some 0.3 s of CPU time with bcrypt at its usual cost of 12.
    fn verify(&self, name: &str, password: &str) -> Option<Arc<str>> {
        let found = self.work(name).filter(|(hash, is_own)| hash.verify(password) & is_own).count();
        let (name, _) = self.by_name.get_key_value(name).filter(|_| found > 0)?;
        Some(Arc::clone(name))
    }

    /// The hashes that a login as `name` computes, all of them, and whether each is the user's own.
    fn work(&self, name: &str) -> impl Iterator<Item = (&PasswordHash, bool)> {
        let own = self.by_name.get(name);
        self.by_cost.iter().map(move |(cost, other)| match own.filter(|own| own.cost() == *cost) {
            Some(own) => (own, true),
            None => (other, false),
        })
    }
}
