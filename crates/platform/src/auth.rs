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
        let user = self.by_name.get_key_value(name);
        let mut found = None;
        for (cost, other) in &self.by_cost {
            match user.filter(|(_, hash)| hash.cost() == *cost) {
                Some((name, hash)) => found = hash.verify(password).then(|| Arc::clone(name)),
                None => drop(std::hint::black_box(other.verify(password))),
            }
        }
        found
    }
}
