//! GreptimeDB.
