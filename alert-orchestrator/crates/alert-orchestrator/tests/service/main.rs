//! The service as its users have it: the real binary, real files, and a GreptimeDB stand-in.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up has failed")]

mod backup;
mod beginnings;
mod beside;
mod both_stores;
mod clock;
mod coverage;
mod doubles;
mod effect;
mod failures;
mod first_run;
mod health;
mod hosts;
mod imported;
mod killed_import;
mod killed_sync;
mod lifecycle;
mod logins;
mod meanwhile;
mod names;
mod newcomer;
mod outage;
mod prices;
mod pulled;
mod released;
mod remembered;
mod replicas;
mod restored;
mod said;
mod server;
mod serving;
mod store_gone;
mod support;
mod tagging;
mod world;
mod zone;
