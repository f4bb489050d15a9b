//! Who may ask?

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use platform::auth::config::RequireFor;
use platform::http::{Client, Problem, same_origin};
use tracing::warn;

use super::live::Live;
use crate::config::Config;

/// How much an answer gives away, or a request changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Metrics and probes: never asks for a login.
    Open,
    /// What people look at: asks for one where `auth.require_for` is `all`.
    Page,
    /// The configuration, and everything that writes: asks wherever `auth` is enabled.
    Sensitive,
}

/// The door of one route.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) live: Arc<Live>,
    pub(super) access: Access,
}

/// The realm of the login, as a browser shows it.
const REALM: &str = "Alert Orchestrator";

/// Lets a request through, or says why not.
pub(super) async fn check(
    State(guard): State<Guard>,
    Extension(client): Extension<Client>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if request.method() == Method::POST && !same_origin(request.headers()) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "the request comes from a page of another origin"));
    }
    let settings = Arc::clone(&guard.live.settings());
    let is_required = match guard.access {
        Access::Open => false,
        Access::Page => settings.config.orchestrator.auth.require_for == RequireFor::All,
        Access::Sensitive => true,
    };
    if let Some(logins) = settings.logins.as_ref().filter(|_| is_required) {
        logins.check(request.headers(), client.0).await.map_err(|refused| refused.into_problem(REALM))?;
    }
    // Whoever answers goes by the same reading of the configuration.
    request.extensions_mut().insert(settings);
    Ok(next.run(request).await)
}

/// A page that shows wallets and limits to whoever can reach it is worth a warning.
pub(super) fn warn_if_open(config: &Config) {
    let address = &config.orchestrator.telemetry.listen_address;
    let is_local = address == "localhost" || address.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    if !is_local && !config.orchestrator.auth.enabled {
        warn!("listening on {address} without orchestrator.auth: whoever reaches it sees wallets and limits");
    }
}
