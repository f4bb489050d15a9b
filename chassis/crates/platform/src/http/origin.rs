//! Does a request come from a page of our own?

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

/// Whether a request that changes something may be obeyed: it comes from a page of this origin, or from no page at all.
///
/// A browser says where a request comes from by `Sec-Fetch-Site` (`same-origin`, or `none` for what the user typed) and by
/// `Origin`, whose host and port must be those of `Host`. Other programs send neither and are let through: nobody
/// else's credentials are sent with their requests.
pub(crate) fn same_origin(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    let origin = headers.get(ORIGIN).is_none_or(|origin| {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        origin.zip(host).is_some_and(|((scheme, origin), host)| {
            let port = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
            let plain = |host: &str| host.strip_suffix(port).unwrap_or(host).to_ascii_lowercase();
            plain(origin) == plain(host)
        })
    });
    site && origin
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &'static str)], expected: bool) {
        let pairs = headers.iter();
        let map = pairs.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
        assert_eq!(same_origin(&map), expected, "{headers:?}");
    }

    #[test]
    fn only_our_own_pages_and_no_pages_may_change_anything() {
        check(&[("host", "a:9808")], true); // curl
        check(&[("host", "a:9808"), ("origin", "http://a:9808"), ("sec-fetch-site", "same-origin")], true);
        check(&[("host", "A"), ("origin", "https://a:443"), ("sec-fetch-site", "none")], true);
        check(&[("host", "a:80"), ("origin", "http://a")], true);
        check(&[("host", "a:9808"), ("origin", "http://a:9808"), ("sec-fetch-site", "cross-site")], false);
        check(&[("host", "a:9808"), ("sec-fetch-site", "same-site")], false);
        check(&[("host", "a:9808"), ("origin", "http://a:9809")], false);
        check(&[("host", "a"), ("origin", "http://a.evil")], false);
        check(&[("host", "a"), ("origin", "null")], false);
        check(&[("origin", "http://a")], false);
    }
}
