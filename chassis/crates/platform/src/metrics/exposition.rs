//! In which text do metrics leave the process?
//!
//! A registry of `prometheus-client` writes OpenMetrics; [`negotiate`] says whether the reader wants that or the older
//! Prometheus text format, and [`to_text_0_0_4`] derives the latter from the former. [`sorted()`] puts it in order first.
//!
//! Sources: the OpenMetrics 1.0 specification and Prometheus' "Exposition formats".

mod sorted;
mod text;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

use crate::http::weighted;

pub(super) use sorted::sorted;
pub(super) use text::to_text_0_0_4;

/// A format in which metrics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// OpenMetrics 1.0, with its end mark.
    OpenMetrics,
    /// Prometheus' own text format, which every reader takes.
    Text,
}

impl Format {
    /// The content type that announces it.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// The format that a reader with these headers prefers: OpenMetrics where `Accept` names it, in a version that is
/// written here, with at least the weight of plain text; else text.
pub(super) fn negotiate(headers: &HeaderMap) -> Format {
    let (mut openmetrics, mut text) = (0.0_f64, 0.0_f64);
    let lists = headers.get_all(ACCEPT).into_iter().filter_map(|list| list.to_str().ok());
    for item in lists.flat_map(|list| list.split(',')) {
        let (name, weight) = weighted(item);
        if name.eq_ignore_ascii_case("application/openmetrics-text") && is_written_version(item) {
            openmetrics = openmetrics.max(weight);
        } else if ["text/plain", "text/*", "*/*"].contains(&name.to_ascii_lowercase().as_str()) {
            text = text.max(weight);
        }
    }
    if openmetrics > 0.0 && openmetrics >= text { Format::OpenMetrics } else { Format::Text }
}

/// Whether the item asks for version 1.0.0 or 0.0.1, between which the text does not differ, or for none.
fn is_written_version(item: &str) -> bool {
    let version = item.split(';').find_map(|part| part.trim().strip_prefix("version="));
    version.is_none_or(|version| ["1.0.0", "0.0.1"].contains(&version.trim_matches('"')))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(accept: &'static str, expected: Format) {
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
        assert_eq!(negotiate(&headers), expected, "{accept}");
    }

    #[test]
    fn a_reader_gets_openmetrics_where_it_asks_for_it() {
        assert_eq!(negotiate(&HeaderMap::new()), Format::Text);
        check("*/*", Format::Text);
        check("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", Format::Text);
        check("application/openmetrics-text", Format::OpenMetrics);
        // What Prometheus 2.42 and 3.0 send.
        check(
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
             text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            Format::OpenMetrics,
        );
        check(
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
             text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            Format::OpenMetrics,
        );
        check("application/openmetrics-text;q=0.5, text/plain", Format::Text);
        check("application/openmetrics-text;q=0", Format::Text);
        check("application/openmetrics-text;version=2.0.0", Format::Text);
        check("application/openmetrics-text;q=x, text/plain;q=0.1", Format::Text);
    }
}
