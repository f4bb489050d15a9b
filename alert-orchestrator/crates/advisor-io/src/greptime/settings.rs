//! Where GreptimeDB is, and how patiently it is asked.

use std::net::Ipv6Addr;
use std::time::Duration;

use reqwest::Url;

/// How to reach a database of a GreptimeDB server. Has no `Debug`, so that no log shows the password.
#[derive(Clone)]
pub struct Settings {
    /// The server, see [`Settings::base_url`].
    pub base_url: Url,
    /// The database (GreptimeDB: schema), such as `public`.
    pub database: String,
    /// How long to wait for an answer to begin, and then for each further piece of it.
    pub timeout: Duration,
    /// How often a request that failed for a passing reason is sent again.
    pub retries: u32,
    /// How long to wait before the first retry; each further wait is twice as long.
    pub retry_delay: Duration,
    /// The user, where the server wants one.
    pub username: Option<String>,
    /// The user's password.
    pub password: Option<String>,
}

/// Why there can be no client for these settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The host is no address; what was found is not repeated where it may hold a password.
    #[error("{0}, expected a host name or an address such as http://localhost:4000")]
    Address(String),
    /// A secure connection cannot be set up, usually because the system has no root certificates.
    #[error("no client for {base_url}")]
    Client {
        /// The server.
        base_url: Url,
        /// What the HTTP library says.
        #[source]
        source: reqwest::Error,
    },
}

impl Settings {
    /// The wait before the first retry.
    pub const RETRY_DELAY: Duration = Duration::from_millis(200);

    /// The server's address from `host`, a name or IP address with or without scheme (default `http`), port and path.
    /// `port` is taken where `host` names none.
    ///
    /// # Errors
    /// [`SettingsError::Address`] where `host` is no such address, or holds credentials, a query or a fragment.
    ///
    /// ```
    /// use advisor_io::greptime::Settings;
    /// assert_eq!(Settings::base_url("db", 4000)?.as_str(), "http://db:4000/");
    /// assert_eq!(Settings::base_url("https://db.example:443/greptime", 4000)?.as_str(), "https://db.example/greptime");
    /// assert_eq!(Settings::base_url("::1", 4000)?.as_str(), "http://[::1]:4000/");
    /// # Ok::<(), advisor_io::greptime::SettingsError>(())
    /// ```
    pub fn base_url(host: &str, port: u16) -> Result<Url, SettingsError> {
        let host = host.trim();
        let text = match host.parse::<Ipv6Addr>() {
            Ok(address) => format!("http://[{address}]"),
            Err(_) if host.contains("://") => host.to_owned(),
            Err(_) => format!("http://{host}"),
        };
        let address = |found: String| SettingsError::Address(found);
        // The scheme's own port vanishes when a URL is parsed, so whether a port is named is seen in the text only.
        let (_, rest) = text.split_once("://").unwrap_or_default();
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        // Looked for in all of it: a password may hold the characters that end an authority.
        if rest.contains('@') {
            return Err(address("the host holds credentials, which belong into username and password".into()));
        }
        // The parser would forgive a missing host, backslashes and line breaks by guessing what was meant.
        let is_exact = |c: char| !c.is_whitespace() && !c.is_control() && c != '\\';
        if authority.is_empty() || !host.chars().all(is_exact) {
            return Err(address(format!("host {host:?} is no address")));
        }
        let names_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        let mut url = Url::parse(&text).map_err(|error| address(format!("host {host:?} is no address ({error})")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(address(format!("host {host:?} has the scheme {}", url.scheme())));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(address("the host has a query or fragment".into()));
        }
        if !names_port && url.set_port(Some(port)).is_err() {
            return Err(address(format!("host {host:?} takes no port")));
        }
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn address(host: &str, expected: &str) {
        let found = Settings::base_url(host, 4000).map(String::from).unwrap_or_else(|error| error.to_string());
        assert_eq!(found, expected, "{host}");
    }

    #[test]
    fn a_port_in_the_host_wins_even_where_it_is_the_default_of_the_scheme() {
        address("db", "http://db:4000/");
        address("db:4321", "http://db:4321/");
        address("db/greptime/", "http://db:4000/greptime/");
        address("http://db:80", "http://db/");
        address("https://db", "https://db:4000/");
        address("https://db:443/x", "https://db/x");
        address("10.0.0.7", "http://10.0.0.7:4000/");
        address("::1", "http://[::1]:4000/");
        address("[::1]", "http://[::1]:4000/");
        address("[::1]:4321", "http://[::1]:4321/");
        address("http://[fd00::2]/x", "http://[fd00::2]:4000/x");
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_a_password() {
        let expected = ", expected a host name or an address such as http://localhost:4000";
        let credentials = "the host holds credentials, which belong into username and password";
        address("http://u:secret@db", &format!("{credentials}{expected}"));
        address("u:secret@db", &format!("{credentials}{expected}"));
        for password in ["sec/ret", "sec?ret", "sec#ret", "sec\\ret", "sec ret", "99999"] {
            address(&format!("http://u:{password}@db"), &format!("{credentials}{expected}"));
        }
        address("ftp://db", &format!("host \"ftp://db\" has the scheme ftp{expected}"));
        address("db?x=1", &format!("the host has a query or fragment{expected}"));
        address("", &format!("host \"\" is no address{expected}"));
        address("d b", &format!("host \"d b\" is no address{expected}"));
        address("http:///x", &format!("host \"http:///x\" is no address{expected}"));
        address("http:\\\\db", &format!("host \"http:\\\\\\\\db\" is no address{expected}"));
        address("db:99999", &format!("host \"db:99999\" is no address (invalid port number){expected}"));
    }
}
