//! Who may ask?
//!
//! Whom a password keeps out, [`Logins`] know. Where nobody needs one, the name that a request asks for has to be
//! one of ours ([`Hosts`]): otherwise any page could read the answers through its visitor's browser.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::MethodRouter;

use super::hosts::Hosts;
use crate::auth::Logins;
use crate::config::text::HostName;
use crate::http::{Client, Problem, User, same_origin};

/// How much an answer gives away, or a request changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Metrics and probes: never asks for a login.
    Open,
    /// What people look at: asks for one where the settings say so ([`Guarded::guards_pages`]).
    Page,
    /// The configuration, and everything that writes: asks wherever there are logins.
    Sensitive,
}

/// A running service whose settings say who may ask it.
pub trait Guarded: Send + Sync + 'static {
    /// One reading of the configuration.
    type Settings: Send + Sync + 'static;

    /// The realm of the login, as a browser shows it: printable ASCII without quotes.
    const REALM: &'static str;

    /// The key of the configuration in which [`allowed_hosts`](Self::allowed_hosts) stand.
    const ALLOWED_HOSTS: &'static str;

    /// The settings in effect. Each guarded request finds those that let it in as an extension, `Arc<Settings>`.
    fn settings(&self) -> Arc<Self::Settings>;

    /// Who may log in; `None`, as in a service that knows no logins: nobody has to.
    fn logins(_: &Self::Settings) -> Option<&Logins> {
        None
    }

    /// The names under which it answers where nobody has to log in, beside those that no stranger can point here.
    fn allowed_hosts(settings: &Self::Settings) -> &[HostName];

    /// Whether pages ask for a login as well, where there are logins.
    fn guards_pages(_: &Self::Settings) -> bool {
        false
    }
}

/// `handler` behind the door that `access` asks for.
pub(super) fn guarded<S: Guarded>(
    state: &Arc<S>,
    hosts: &Arc<Hosts>,
    access: Access,
    handler: MethodRouter<Arc<S>>,
) -> MethodRouter<Arc<S>> {
    let asks = match access {
        // Everybody may ask, and only ask: a guard would cost time and refuse nobody.
        Access::Open => return handler,
        Access::Page => S::guards_pages,
        Access::Sensitive => |_: &S::Settings| true,
    };
    let guard = Guard { state: Arc::clone(state), hosts: Arc::clone(hosts), asks };
    handler.layer(from_fn_with_state(guard, check::<S>))
}

/// The door of one route.
struct Guard<S: Guarded> {
    state: Arc<S>,
    hosts: Arc<Hosts>,
    /// Whether it asks for a login, where there are logins.
    asks: fn(&S::Settings) -> bool,
}

impl<S: Guarded> Clone for Guard<S> {
    fn clone(&self) -> Self {
        Self { state: Arc::clone(&self.state), hosts: Arc::clone(&self.hosts), asks: self.asks }
    }
}

/// Lets a request through, or says why not.
async fn check<S: Guarded>(
    State(guard): State<Guard<S>>,
    Extension(client): Extension<Client>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let settings = guard.state.settings();
    let logins = S::logins(&settings);
    if logins.is_none() {
        guard.hosts.check(request.uri(), request.headers(), S::allowed_hosts(&settings))?;
    }
    if request.method() == Method::POST && !same_origin(request.headers()) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "the request comes from a page of another origin"));
    }
    if let Some(logins) = logins.filter(|_| (guard.asks)(&settings)) {
        let user = logins.check(request.headers(), client.0).await;
        request.extensions_mut().insert(User(user.map_err(|refused| refused.into_problem(S::REALM))?));
    }
    // Whoever answers goes by the same reading of the configuration.
    request.extensions_mut().insert(settings);
    Ok(next.run(request).await)
}
