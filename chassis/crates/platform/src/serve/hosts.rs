//! Under which names does a service answer that asks nobody for a login?
//!
//! Start at [`Hosts::check`]. Any page can lead its own name to this machine (DNS rebinding). The browser takes what is
//! answered then for that page's own and lets it read it, but it says in `Host` which name it asked for. So a name is
//! only served where no stranger can point it here: addresses, the machine's own name, names that are not in the public
//! DNS, and those that the configuration allows.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode, Uri};
use tokio::time::Instant;
use tracing::warn;

use crate::config::text::{HostName, is_host_name};
use crate::http::Problem;

/// Endings that nobody can register, or that only this network, cluster or machine answers for.
const OURS: [&str; 7] = ["localhost", "local", "internal", "lan", "home.arpa", "svc", "cluster.local"];

/// For how long a name that was refused is not named again.
const SILENCE: Duration = Duration::from_secs(600);
/// How many such names are kept in mind: strangers choose them.
const NAMES: usize = 64;

/// What is known of names: the machine's own, and those that were refused lately.
#[derive(Debug)]
pub(super) struct Hosts {
    key: &'static str,
    machine: String,
    refused: Mutex<Refused>,
}

impl Hosts {
    /// `key` is where the configuration allows more names.
    pub(super) fn new(key: &'static str) -> Self {
        let machine = plain(&rustix::system::uname().nodename().to_string_lossy());
        Self { key, machine, refused: Mutex::default() }
    }

    /// Whether a request for this target, with these headers, asks for a name of ours.
    ///
    /// # Errors
    /// 400 where it names none, 421 where it names another one, or two.
    pub(super) fn check(&self, target: &Uri, headers: &HeaderMap, allowed: &[HostName]) -> Result<(), Problem> {
        let mut hosts: Vec<&[u8]> = headers.get_all(HOST).iter().map(|host| host.as_bytes()).collect();
        let are_two = hosts.len() > 1;
        // A target with a name of its own (HTTP/2, or as proxies are asked) has to fit as well.
        hosts.extend(target.authority().map(|authority| authority.as_str().as_bytes()));
        hosts.retain(|host| !host.is_empty());
        if hosts.is_empty() && !are_two {
            let text = "found no Host header, expected one with the name or address of this service";
            return Err(Problem::new(StatusCode::BAD_REQUEST, text));
        }
        if !are_two && hosts.iter().all(|host| self.is_ours(host, allowed)) {
            return Ok(());
        }
        let asked = hosts.iter().take(2).map(|host| shown(host)).collect::<Vec<_>>().join(", ");
        let what = match are_two {
            true => format!("found two Host headers ({asked}), expected one"),
            false => format!("this service does not answer under the name {asked}"),
        };
        Err(self.refuse(&asked, &what))
    }

    fn is_ours(&self, host: &[u8], allowed: &[HostName]) -> bool {
        let Some(name) = std::str::from_utf8(host).ok().and_then(name) else { return false };
        let Name::Text(name) = name else { return true };
        let is_below = |end: &str| name.strip_suffix(end).is_some_and(|above| above.ends_with('.'));
        !name.contains('.')
            || name == self.machine
            || OURS.into_iter().any(is_below)
            || allowed.iter().any(|allowed| allowed.covers(&name))
    }

    fn refuse(&self, asked: &str, what: &str) -> Problem {
        let key = self.key;
        let noted = self.refused.lock().unwrap_or_else(PoisonError::into_inner).note(asked, Instant::now());
        match noted {
            Noted::Known => {}
            Noted::New => warn!("refused a request: {what}; where that name should lead here, add it to {key}"),
            Noted::Last => warn!(
                "refused a request: {what}; where that name should lead here, add it to {key}. \
                 {NAMES} names were refused within 10 min: further ones are not logged"
            ),
        }
        let text = format!("{what}; where a name should lead here, add it to {key} in the configuration");
        Problem::new(StatusCode::MISDIRECTED_REQUEST, text)
    }
}

/// Who is meant by a `Host`, its port aside.
enum Name {
    Address,
    /// In lower case, without a dot at its end.
    Text(String),
}

/// `None`: it is no name at all.
fn name(host: &str) -> Option<Name> {
    if let Some(rest) = host.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        // A zone (`%eth0`) says by which interface the address is reached, and is no part of it.
        let address = address.split('%').next()?;
        let is_address = address.parse::<Ipv6Addr>().is_ok();
        return (is_address && port.strip_prefix(':').map_or(port.is_empty(), is_port)).then_some(Name::Address);
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) => name,
        Some(_) => return None,
        None => host,
    };
    let name = plain(name);
    if name.parse::<Ipv4Addr>().is_ok() {
        return Some(Name::Address);
    }
    is_host_name(&name).then_some(Name::Text(name))
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// The name that was asked for, as it would be configured; quoted, escaped and cut.
fn shown(host: &[u8]) -> String {
    let text = String::from_utf8_lossy(host);
    match name(&text) {
        Some(Name::Text(name)) => legible::quoted(&name),
        _ => legible::quoted(&text),
    }
}

/// Names that were refused lately, each with when it was logged.
#[derive(Debug, Default)]
struct Refused(HashMap<String, Instant>);

/// Whether a refused name is to be logged.
#[derive(Debug, PartialEq, Eq)]
enum Noted {
    /// It was, or there are too many.
    Known,
    New,
    /// It is, and no other will be for a while.
    Last,
}

impl Refused {
    fn note(&mut self, name: &str, now: Instant) -> Noted {
        self.0.retain(|_, logged_at| now.saturating_duration_since(*logged_at) < SILENCE);
        if self.0.len() >= NAMES || self.0.contains_key(name) {
            return Noted::Known;
        }
        self.0.insert(name.to_owned(), now);
        if self.0.len() == NAMES { Noted::Last } else { Noted::New }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use axum::response::IntoResponse as _;

    use super::*;

    fn hosts() -> Hosts {
        Hosts { machine: "nas.example.net".to_owned(), ..Hosts::new("a.key") }
    }

    #[track_caller]
    fn check(target: &str, hosts_sent: &[&str], expected: Option<u16>) {
        let allowed = ["home.example.org", ".Example.COM.", "cafe.example.org."].map(|name| name.parse().unwrap());
        let sent = hosts_sent.iter().map(|host| (HOST, HeaderValue::from_bytes(host.as_bytes()).unwrap()));
        let found = hosts().check(&target.parse().unwrap(), &sent.collect(), &allowed);
        assert_eq!(
            found.err().map(|problem| problem.into_response().status().as_u16()),
            expected,
            "{target} {hosts_sent:?}"
        );
    }

    #[test]
    fn names_that_no_stranger_can_point_here_are_served() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:9808",
            "192.168.1.7.",
            "[::1]",
            "[::1]:9808",
            "[fe80::1%25eth0]:9808",
            "10.2.3.4:",
            "localhost",
            "LocalHost:9808",
            "localhost.",
            "localhost.:80",
            "some-service",
            "some_service:9808",
            "nas.example.net",
            "NAS.example.net.:1",
            "a.localhost",
            "nas.local",
            "x.internal",
            "nas.lan",
            "nas.home.arpa",
            "some-service.default.svc",
            "some-service.default.svc.cluster.local:9808",
            "a.b.LAN.",
        ] {
            check("/", &[host], None);
        }
    }

    #[test]
    fn every_other_name_is_refused_whatever_it_looks_like() {
        let long = "x".repeat(300);
        for host in [
            "evil.example",
            "evil.example:9808",
            "home.arpa",
            "xlocal.com",
            "evil.lan.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil.example.net",
            "local.",
            ".local",
            "a..local",
            "[::1",
            "[evil.example]",
            "[::1]x",
            "evil.example@localhost",
            "localhost, evil.example",
            "localhost:x",
            "localhost:80:80",
            "::1",
            "z\u{fc}rich.local",
            "evil.example..",
            ".",
            "*",
            &long,
        ] {
            // A name without a dot, whatever it is, is not in the public DNS.
            check("/", &[host], if host == "local." { None } else { Some(421) });
        }
    }

    #[test]
    fn the_configuration_allows_single_names_and_all_below_one() {
        for (host, expected) in [
            ("home.example.org", None),
            ("HOME.example.org.:443", None),
            ("cafe.example.org", None),
            ("example.org", Some(421)),
            ("a.home.example.org", Some(421)),
            ("a.example.com", None),
            ("a.b.example.com:80", None),
            ("example.com", Some(421)),
            ("evilexample.com", Some(421)),
        ] {
            check("/", &[host], expected);
        }
    }

    #[test]
    fn one_name_is_asked_for_and_none_or_two_are_refused() {
        check("/", &[], Some(400));
        check("/", &[""], Some(400));
        check("/", &["localhost", "localhost"], Some(421));
        check("/", &["", ""], Some(421));
        check("/", &["localhost", "evil.example"], Some(421));
        check("http://localhost/", &[], None);
        check("http://evil.example/", &["localhost"], Some(421));
        check("http://localhost/", &["evil.example"], Some(421));
        check("http://localhost/", &["127.0.0.1:9808"], None);
    }

    #[test]
    fn a_name_is_logged_once_in_ten_minutes_and_only_so_many_are() {
        let (mut refused, start) = (Refused::default(), Instant::now());
        assert_eq!(refused.note("evil.example", start), Noted::New);
        assert_eq!(refused.note("evil.example", start + SILENCE - Duration::from_millis(1)), Noted::Known);
        assert_eq!(refused.note("evil.example", start + SILENCE), Noted::New);
        for n in 0..1000 {
            let expected = match n + 2 {
                known if known < NAMES => Noted::New,
                NAMES => Noted::Last,
                _ => Noted::Known,
            };
            assert_eq!(refused.note(&format!("{n}.example"), start + SILENCE), expected, "{n}");
        }
        assert_eq!(refused.0.len(), NAMES);
        assert_eq!(refused.note("late.example", start + 2 * SILENCE), Noted::New);
    }

    #[test]
    fn a_name_is_shown_as_it_would_be_configured_or_else_escaped_and_cut() {
        assert_eq!(shown(b"Evil.example.:9808"), "\"evil.example\"");
        assert_eq!(shown(b"a\x1b\xff"), "\"a\\u{1b}\u{fffd}\"");
        assert_eq!(shown("ä".repeat(65).as_bytes()), format!("\"{}\"…", "ä".repeat(64)));
    }
}
