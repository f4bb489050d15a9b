//! The checksum that archives, bills and example tables are known by.

use sha2::{Digest as _, Sha256};

/// In hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
