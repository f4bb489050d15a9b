//! Which texts mean something? Time zones, lengths of time, addresses: parsed once, shown as they were written.
//!
//! `FORMATS` is what the schema's `format`s stand for; a type here and its format accept the same texts. A service that
//! has more such types makes them with [`text_types!`](crate::text_types) and gives their formats to
//! [`Document::check`](super::Document::check).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::Format;

/// A time zone of the IANA database.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(TimeZone);

/// How long ago: `90m`, `48h`, `7d` or `2w`; a day has 24 hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Age {
    written: String,
    minutes: u32,
}

/// The base URL of an API: http or https, without user, query or fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// An address or a network in CIDR notation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network(IpNet);

/// A name of this machine, or with a dot before it all names below: `home.example.org`, `.example.org`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(String);

/// A text that is not of the expected format; which that is, the [`Format`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not of the expected format")]
pub struct BadText;

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Zone {
    /// The rules of the zone.
    pub fn rules(&self) -> &TimeZone {
        &self.0
    }
}

impl Age {
    /// The length of time.
    pub fn length(&self) -> SignedDuration {
        SignedDuration::from_mins(self.minutes.into())
    }
}

impl Endpoint {
    /// The address.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl Network {
    /// The network; a single address is a network of one.
    pub fn net(&self) -> IpNet {
        self.0
    }
}

impl HostName {
    /// Whether `name` is meant: in lower case and without a dot at its end.
    pub fn covers(&self, name: &str) -> bool {
        let meant = self.0.trim_end_matches('.').to_ascii_lowercase();
        match meant.starts_with('.') {
            true => name.len() > meant.len() && name.ends_with(&meant),
            false => name == meant,
        }
    }
}

impl FromStr for Zone {
    type Err = BadText;

    fn from_str(text: &str) -> Result<Self, BadText> {
        TimeZone::get(text).map(Self).map_err(|_| BadText)
    }
}

impl FromStr for Age {
    type Err = BadText;

    fn from_str(text: &str) -> Result<Self, BadText> {
        let (digits, minutes_each) = match text.char_indices().next_back().ok_or(BadText)? {
            (end, 'm') => (&text[..end], 1),
            (end, 'h') => (&text[..end], 60),
            (end, 'd') => (&text[..end], 24 * 60),
            (end, 'w') => (&text[..end], 7 * 24 * 60),
            _ => return Err(BadText),
        };
        let count = digits.parse::<u32>().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()));
        // 0 would mean everything, and nothing is older than a century.
        const CENTURY: u32 = 100 * 366 * 24 * 60;
        let minutes = count.and_then(|count| count.checked_mul(minutes_each)).filter(|m| (1..=CENTURY).contains(m));
        Ok(Self { written: text.to_owned(), minutes: minutes.ok_or(BadText)? })
    }
}

impl FromStr for Endpoint {
    type Err = BadText;

    fn from_str(text: &str) -> Result<Self, BadText> {
        public_url(text).map(Self)
    }
}

impl FromStr for Network {
    type Err = BadText;

    fn from_str(text: &str) -> Result<Self, BadText> {
        let net = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        net.map(Self).map_err(|_| BadText)
    }
}

impl FromStr for HostName {
    type Err = BadText;

    fn from_str(text: &str) -> Result<Self, BadText> {
        let name = text.strip_prefix('.').unwrap_or(text);
        if is_host_name(name.strip_suffix('.').unwrap_or(name)) { Ok(Self(text.to_owned())) } else { Err(BadText) }
    }
}

/// Whether the text is labels with dots between them; `_`, which no host may have and service names do, is let through.
pub(crate) fn is_host_name(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(|label| is_made_of(label, 63, "-_"))
}

/// A URL that can be shown: what is secret has keys of its own.
fn public_url(text: &str) -> Result<Url, BadText> {
    // The parser would forgive blanks, a missing host and backslashes by guessing what was meant.
    let (_, rest) = text.split_once("://").ok_or(BadText)?;
    let is_exact = !rest.starts_with('/') && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\');
    let url = Url::parse(text).map_err(|_| BadText)?;
    let has_login = !url.username().is_empty() || url.password().is_some();
    let is_base = url.has_host() && url.query().is_none() && url.fragment().is_none();
    let is_http = matches!(url.scheme(), "http" | "https");
    if is_exact && is_http && is_base && !has_login { Ok(url) } else { Err(BadText) }
}

/// The instant a date key means: RFC 3339, or the start of a day in `zone`.
pub fn instant(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(instant) = text.parse() {
        return Some(instant);
    }
    let day = text.parse::<Date>().ok().filter(|_| text.len() == "2026-01-29".len())?;
    day.to_zoned(zone.clone()).ok().map(|start| start.timestamp())
}

/// Whether texts of the format are what [`instant`] reads.
pub(super) fn is_instant(format: &Format) -> bool {
    format.name == INSTANT
}

/// How to write the time that a number may stand for: a year, a day without dashes, seconds or milliseconds since 1970.
pub(super) fn meant_instant(digits: &str) -> Option<String> {
    if digits.len() < 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = digits.split_at(4);
    let day = |month: &str, day: &str| {
        let day = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
        (1970..2200).contains(&day.year()).then_some(day)
    };
    let meant = |time: Option<Timestamp>| time.map(|time| format!("write it as {time}"));
    match rest.len() {
        0 => day("1", "1").map(|first| format!("write a day of that year, such as {first}")),
        2 => day(rest, "1").map(|first| format!("write a day of that month, such as {first}")),
        4 => day(&rest[..2], &rest[2..]).map(|day| format!("write it as {day}")),
        6 => meant(digits.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok())),
        9 => meant(digits.parse().ok().and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok())),
        _ => None,
    }
}

/// Whether the text has 1 to `longest` characters, all of them ASCII letters, digits or among `others`.
pub fn is_made_of(text: &str, longest: usize, others: &str) -> bool {
    (1..=longest).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

fn is_metric_prefix(text: &str) -> bool {
    text.is_empty() || is_made_of(text, 64, "_:") && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// A path the HTTP server can route literally: no pattern of the router, no query, nothing to normalize.
fn is_http_path(text: &str) -> bool {
    text.strip_prefix('/').is_some_and(|rest| is_made_of(rest, 200, "/_-.~"))
        && !text.contains("//")
        && !text.contains("/.")
}

/// The format of [`instant`].
const INSTANT: &str = "instant";

/// The checks behind the `format`s that every schema may have.
pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "iana-time-zone",
        expected: "a time zone of the IANA database such as UTC or Europe/Berlin",
        accepts: |text| text.parse::<Zone>().is_ok(),
    },
    Format {
        name: "age",
        expected: "a length of time such as 90m, 48h, 7d or 2w, above 0 and at most a century",
        accepts: |text| text.parse::<Age>().is_ok(),
    },
    Format {
        name: INSTANT,
        expected: "a time such as 2026-01-29T00:00:00Z or a day such as 2026-01-29",
        accepts: |text| instant(text, &TimeZone::UTC).is_some(),
    },
    Format {
        name: "endpoint",
        expected: "an http or https URL without user, query or fragment",
        accepts: |text| text.parse::<Endpoint>().is_ok(),
    },
    Format {
        name: "network",
        expected: "an address such as 10.0.0.5 or a network such as 10.0.0.0/8",
        accepts: |text| text.parse::<Network>().is_ok(),
    },
    Format {
        name: "listen-address",
        expected: "an address or host name without port, such as 127.0.0.1, :: or localhost",
        accepts: |text| text.parse::<IpAddr>().is_ok() || is_made_of(text, 253, ".-"),
    },
    Format {
        name: "host-name",
        expected: "a name such as home.example.org, or .example.org for all names below it, without scheme, port and *",
        accepts: |text| text.parse::<HostName>().is_ok(),
    },
    Format {
        name: "database-name",
        expected: "a name of at most 64 letters, digits, _, - and .",
        accepts: |text| is_made_of(text, 64, "_-."),
    },
    Format {
        name: "metric-prefix",
        expected: "a prefix of at most 64 letters, digits, _ and :, not starting with a digit",
        accepts: is_metric_prefix,
    },
    Format {
        name: "http-path",
        expected: "a path such as /metrics, of letters, digits, _, -, . and ~",
        accepts: is_http_path,
    },
    Format {
        name: "file-extension",
        expected: "an extension such as .png",
        accepts: |text| text.strip_prefix('.').is_some_and(|rest| is_made_of(rest, 16, "")),
    },
];

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Gives text types that are [`FromStr`](std::str::FromStr) and [`Display`](std::fmt::Display) their place in a
/// configuration: a string in YAML and JSON, with a `format` in the schema.
#[macro_export]
macro_rules! text_types {
    ($($type:ident: $format:literal),*) => {$(
        impl ::serde::Serialize for $type {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $type {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                <::std::string::String as ::serde::Deserialize>::deserialize(deserializer)?
                    .parse()
                    .map_err(::serde::de::Error::custom)
            }
        }

        impl ::schemars::JsonSchema for $type {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                ::std::stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                ::schemars::json_schema!({ "type": "string", "format": $format })
            }
        }
    )*};
}

text_types!(Zone: "iana-time-zone", Age: "age", Endpoint: "endpoint", Network: "network", HostName: "host-name");
