//! Whose password is it? The same work whether or not the name is known.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::hash::PasswordHash;

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
    pub(super) fn verify(&self, name: &str, password: &str) -> Option<Arc<str>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_login_is_the_same_work_also_for_an_unknown_name() {
        let mut users = Users::default();
        for (name, cost) in [("anna", 4), ("bert", 4), ("carl", 5)] {
            users.add(name, format!("bcrypt:{}", bcrypt::hash(name, cost).unwrap()).parse().unwrap());
        }
        users.add("dora", format!("sha256:{}", "0".repeat(64)).parse().unwrap());
        for name in ["anna", "bert", "carl", "dora", "nobody", ""] {
            let costs = users.work(name).map(|(hash, _)| hash.cost()).collect::<Vec<_>>();
            assert_eq!(costs, [0, 4, 5], "{name}");
            let own = users.work(name).filter(|(_, is_own)| *is_own).count();
            assert_eq!(own, usize::from(users.by_name.contains_key(name)), "{name}");
        }
        assert_eq!(users.verify("bert", "bert").as_deref(), Some("bert"));
        assert_eq!(users.verify("bert", "anna"), None, "the hash in place of another's counts for nothing");
        assert_eq!(users.verify("nobody", "anna"), None);
    }
}
