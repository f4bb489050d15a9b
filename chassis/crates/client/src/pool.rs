//! How are connections to a server made, and what do we say when they fail?

use std::error::Error;
use std::time::Duration;

use reqwest::{Client, Url, redirect};

use crate::text::shorten;

/// How requests reach a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// The server is a neighbour: nothing may come between.
    Direct,
    /// The server is out on the internet, which some networks let a process reach through the proxy of the environment
    /// (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`) only. This machine itself is never asked through one.
    MayUseProxy,
}

/// A connection pool for the server at `base_url`. No redirect is followed: it could carry credentials elsewhere, or answer
/// for somebody else.
///
/// `program` is how requests say who asks, a name and version such as `mill/1.2`.
///
/// # Errors
/// For `https`, the system has no root certificates; or `program` cannot stand in a header.
pub fn pool(program: &str, base_url: &Url, connect_timeout: Duration, route: Route) -> reqwest::Result<Client> {
    // An error means that the process has chosen a provider already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder =
        Client::builder().user_agent(program).redirect(redirect::Policy::none()).connect_timeout(connect_timeout);
    if route == Route::Direct || is_this_machine(base_url) {
        builder = builder.no_proxy();
    }
    if base_url.scheme() == "http" {
        // Without this a system that has no root certificates could not even use plain HTTP.
        builder = builder.tls_certs_only([]);
    }
    builder.build()
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The innermost cause of an HTTP library's error, without the address, which our own sentences name.
#[must_use]
pub fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &(dyn Error + 'static) = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    match cause.downcast_ref::<std::io::Error>() {
        Some(io) if io.raw_os_error().is_some() => io.kind().to_string(),
        _ => shorten(&cause.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_told_from_others() {
        let is_here = |url: &str| is_this_machine(&url.parse().unwrap());
        assert!(["http://localhost:1/x", "http://127.0.0.2", "http://[::1]:80"].into_iter().all(is_here));
        assert!(!["http://localhost.example", "http://10.0.0.1", "http://[fd00::1]"].into_iter().any(is_here));
    }
}
