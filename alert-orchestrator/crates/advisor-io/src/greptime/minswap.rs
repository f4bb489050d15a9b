//! The newest Minswap price that somebody else has stored on the same server.

use advisor_core::store::StoreError;
use advisor_core::time::timestamp;

use super::query;
use super::round::{NoRows, Round, parse};
use super::rows::{PriceRow, StoredPrice};

impl Round<'_> {
    /// The newest price at or before `at` (nanoseconds since the epoch) in table `minswap_prices_<asset>` of database
    /// `minswap`; `None` where there is no such table, no such row, or no positive price in it.
    ///
    /// # Errors
    /// [`StoreError::InvalidData`] where the table has other columns than `ts`, `price_usd` and `ada_usd`, or `asset` is no
    /// name; the others as for every question to the store.
    pub async fn stored_minswap(&self, asset: &str, at: i64) -> Result<Option<StoredPrice>, StoreError> {
        let table = format!("minswap_prices_{asset}");
        let sql = query::minswap_price(parse(&table)?, timestamp(at));
        match self.ask(&sql, PriceRow::default).await {
            Ok(answer) => Ok(answer.price),
            Err(NoRows::Missing(cause)) => {
                tracing::debug!(table, cause, "no stored Minswap prices");
                Ok(None)
            }
            Err(failed) => Err(failed.of(&table)),
        }
    }
}
