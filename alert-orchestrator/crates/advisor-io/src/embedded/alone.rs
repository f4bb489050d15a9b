//! Who may bring pulled transactions into the file? One process at a time.
//!
//! Each write is whole and may be repeated, so two at once would do no harm; but what is new is judged by rows read
//! before, and the second would ask the market for everything that the first is about to store.

use advisor_core::store::StoreError;
use file_store::Alone;

use super::store::Embedded;

impl Embedded {
    /// The right to bring pulled transactions in; none while another has it, in this process or another.
    ///
    /// # Errors
    /// The file that is locked for it cannot be made or locked.
    pub fn try_alone(&self) -> Result<Option<Alone>, StoreError> {
        let locked = self.shared.file.try_alone("-sync-lock");
        locked.map_err(|error| self.unavailable(&format_args!("{error}: {}", error.source)))
    }
}
