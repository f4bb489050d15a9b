//! Which texts mean something to the advisor alone? Where GreptimeDB listens, names of assets and tables.
//!
//! `FORMATS` is what the schema's `format`s stand for, beside those of `platform::config::text`.

use std::fmt;
use std::str::FromStr;

use advisor_io::greptime::{Settings, SettingsError};
use platform::config::Format;
use platform::config::text::{BadText, is_made_of};
use url::Url;

/// Where GreptimeDB listens: a host name or address, with or without scheme, port and path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host(String);

impl Host {
    /// The port of GreptimeDB's HTTP API.
    pub(super) const DEFAULT_PORT: u16 = 4000;

    /// The URL of the server; `port` counts where the host names none.
    ///
    /// # Errors
    /// None for a port that is not 0: the host was read by the same rules.
    pub fn base_url(&self, port: u16) -> Result<Url, SettingsError> {
        Settings::base_url(&self.0, port)
    }
}

impl FromStr for Host {
    type Err = BadText;

    fn from_str(text: &str) -> Result<Self, BadText> {
        Settings::base_url(text, Self::DEFAULT_PORT).map_err(|_| BadText)?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(super) fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The checks behind the `format`s that only this schema has.
pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "greptime-host",
        expected: "a host such as localhost, http://10.0.0.5 or https://db.example.org:4000/path, without user or query",
        accepts: |text| text.parse::<Host>().is_ok(),
    },
    Format {
        name: "asset-name",
        expected: "a name of at most 64 letters, digits and _",
        accepts: |text| is_made_of(text, 64, "_"),
    },
    Format {
        name: "table-prefix",
        expected: "a prefix of at most 64 letters, digits and _",
        accepts: |text| is_made_of(text, 64, "_"),
    },
];

platform::text_types!(Host: "greptime-host");
