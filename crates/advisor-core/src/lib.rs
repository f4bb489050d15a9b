//! advisor-core
