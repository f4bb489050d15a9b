//! advisor-io
