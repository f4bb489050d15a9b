//! The hash of a password, as a configuration holds it.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The longest password in bytes: bcrypt sees 72, of which one ends the text.
const LONGEST_PASSWORD: usize = 71;

/// The costs that are taken. Each is twice the work of the one before: 12 takes a quarter of a second, 16 four seconds, and
/// nobody waits longer for a page.
const COSTS: RangeInclusive<u32> = 4..=16;

/// What is kept of a password: `bcrypt:$2b$…`, or `sha256:` and 64 hex digits.
#[derive(Clone)]
pub struct PasswordHash(Kind);

#[derive(Clone)]
enum Kind {
    Bcrypt { text: String, cost: u32 },
    Sha256([u8; 32]),
}

/// A text that is no hash of a password, without the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHash {
    /// It begins with no known method.
    #[error("found a password hash of an unknown kind, expected bcrypt:$2b$… or sha256:<64 hex digits>")]
    Kind,
    /// What follows `bcrypt:` is not what bcrypt writes.
    #[error(
        "found bcrypt: without a hash as bcrypt writes it, expected $2b$ (or 2a, 2y), a cost from 04 to 16, $ and 53 characters"
    )]
    Bcrypt,
    /// What follows `sha256:` is not a SHA-256.
    #[error("found sha256: without a hash, expected 64 hex digits")]
    Sha256,
}

/// A password that no hash can be made of.
#[derive(Debug, thiserror::Error)]
#[error("hashing the password failed: {reason}")]
pub struct HashingError {
    reason: String,
}

impl PasswordHash {
    /// Whether the password is found out quickly by whoever has the hash: SHA-256 is made to be fast.
    pub fn is_weak(&self) -> bool {
        matches!(self.0, Kind::Sha256(_))
    }

    /// The work that one verification takes, as bcrypt counts it (the binary logarithm); 0 for SHA-256.
    pub(super) fn cost(&self) -> u32 {
        match self.0 {
            Kind::Bcrypt { cost, .. } => cost,
            Kind::Sha256(_) => 0,
        }
    }

    /// Whether this is the hash of `password`; the time it takes tells nothing about either.
    pub(super) fn verify(&self, password: &str) -> bool {
        match &self.0 {
            Kind::Bcrypt { text, .. } => bcrypt::verify(password, text).unwrap_or(false),
            Kind::Sha256(expected) => {
                let actual: [u8; 32] = Sha256::digest(password).into();
                actual.ct_eq(expected).into()
            }
        }
    }
}

impl FromStr for PasswordHash {
    type Err = InvalidHash;

    fn from_str(text: &str) -> Result<Self, InvalidHash> {
        match text.split_once(':') {
            Some(("bcrypt", text)) => bcrypt_hash(text).ok_or(InvalidHash::Bcrypt),
            Some(("sha256", text)) => sha256_hash(text).ok_or(InvalidHash::Sha256),
            _ => Err(InvalidHash::Kind),
        }
    }
}

fn bcrypt_hash(text: &str) -> Option<PasswordHash> {
    // $2x$ marks hashes of a faulty implementation, which the right one does not always reproduce.
    let is_known = ["$2a$", "$2b$", "$2y$"].iter().any(|version| text.starts_with(version));
    let cost = text.parse::<bcrypt::HashParts>().ok()?.get_cost();
    (is_known && COSTS.contains(&cost)).then(|| PasswordHash(Kind::Bcrypt { text: text.to_owned(), cost }))
}

fn sha256_hash(text: &str) -> Option<PasswordHash> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, index) in hash.iter_mut().zip((0..).step_by(2)) {
        let digits =
            text.get(index..index + 2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(PasswordHash(Kind::Sha256(hash)))
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash([redacted])")
    }
}

/// The hash of `password` as [`PasswordHash`] reads it: bcrypt at cost 12, with a salt from the operating system.
///
/// # Errors
/// The password is longer than 71 bytes, of which bcrypt would not see the rest, or is empty; or there are no random bytes.
pub fn hash_password(password: &str) -> Result<String, HashingError> {
    if password.is_empty() {
        return Err(HashingError { reason: "it is empty".to_owned() });
    }
    if password.len() > LONGEST_PASSWORD {
        let reason = format!("it is {} bytes long, expected at most {LONGEST_PASSWORD}", password.len());
        return Err(HashingError { reason });
    }
    let hash =
        bcrypt::hash(password, bcrypt::DEFAULT_COST).map_err(|error| HashingError { reason: error.to_string() })?;
    Ok(format!("bcrypt:{hash}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the test vectors of jBCrypt.
    const OF_ABC: &str = "bcrypt:$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i";
    /// `printf 'correct horse' | sha256sum`
    const OF_CORRECT_HORSE: &str = "sha256:4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631";

    #[track_caller]
    fn hash(text: &str) -> PasswordHash {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn each_kind_of_hash_knows_its_password_and_no_other() {
        let same = OF_ABC.replace("$2a$", "$2y$"); // as PHP and htpasswd write it
        let upper = OF_CORRECT_HORSE.to_uppercase().replace("SHA256", "sha256");
        let cases = [(OF_ABC, "abc"), (&same, "abc"), (OF_CORRECT_HORSE, "correct horse"), (&upper, "correct horse")];
        for (text, password) in cases {
            let hash = hash(text);
            assert!(hash.verify(password), "{text}");
            assert!(!hash.verify("") && !hash.verify("Abc") && !hash.verify(&format!("{password} ")), "{text}");
            assert_eq!(hash.is_weak(), text.starts_with("sha256"));
            assert_eq!(format!("{hash:?}"), "PasswordHash([redacted])");
        }
    }

    #[test]
    fn what_is_no_hash_is_refused_without_being_shown() {
        let cut = &OF_ABC[..OF_ABC.len() - 1];
        let cases = [
            ("", InvalidHash::Kind),
            ("hunter2", InvalidHash::Kind),
            ("md5:hunter2", InvalidHash::Kind),
            ("$2b$12$hunter2", InvalidHash::Kind),
            ("bcrypt:hunter2", InvalidHash::Bcrypt),
            (cut, InvalidHash::Bcrypt),
            (&OF_ABC.replace("$2a$", "$2x$"), InvalidHash::Bcrypt),
            (&OF_ABC.replace("$06$", "$17$"), InvalidHash::Bcrypt),
            (&OF_ABC.replace("$06$", "$03$"), InvalidHash::Bcrypt),
            (&OF_ABC.replace('u', "é"), InvalidHash::Bcrypt),
            ("sha256:hunter2", InvalidHash::Sha256),
            (&OF_CORRECT_HORSE.replace('f', "g"), InvalidHash::Sha256),
            (&OF_CORRECT_HORSE.replace("41", "+1"), InvalidHash::Sha256),
            (&OF_CORRECT_HORSE.replace("41", "é"), InvalidHash::Sha256),
        ];
        for (text, expected) in cases {
            let error = text.parse::<PasswordHash>().expect_err(text);
            assert!(!error.to_string().contains("hunter2"), "{error}");
            assert_eq!(error, expected, "{text}");
        }
    }

    #[test]
    fn a_hash_that_was_made_is_read_again() {
        let longest = "é".repeat(35) + "x"; // 71 bytes
        for password in ["x", &longest] {
            let text = hash_password(password).unwrap();
            assert!(text.starts_with("bcrypt:$2b$12$"), "{text}");
            assert!(hash(&text).verify(password) && !hash(&text).is_weak());
        }
        let error = hash_password(&(longest + "x")).unwrap_err().to_string();
        assert_eq!(error, "hashing the password failed: it is 72 bytes long, expected at most 71");
        assert_eq!(hash_password("").unwrap_err().to_string(), "hashing the password failed: it is empty");
    }
}
