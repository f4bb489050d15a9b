//! The checksum that archives and bills are known by.

use sha2::{Digest as _, Sha256};

/// In hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
