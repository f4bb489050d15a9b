//! Which address answers what, and to whom.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::http::HeaderMap;
use axum::response::Redirect;
use axum::routing::{MethodRouter, get};

use super::guard::{self, Access, Guarded};
use super::hosts::Hosts;
use super::page_files::PageFiles;
use super::probes::{self, Probed};
use crate::http::{App, Proxies, Rendered, chassis};

/// The addresses of a service whose handlers share an `Arc<S>`.
pub struct Routes<S>(Vec<Route<S>>);

/// One address.
pub(super) struct Route<S> {
    pub(super) path: String,
    pub(super) access: Access,
    handler: MethodRouter<Arc<S>>,
}

impl<S> Default for Routes<S> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<S: Guarded> Routes<S> {
    /// An address that never asks for a login.
    #[must_use]
    pub fn open(self, path: &str, handler: MethodRouter<Arc<S>>) -> Self {
        self.with(path, Access::Open, handler)
    }

    /// An address of what people look at.
    #[must_use]
    pub fn page(self, path: &str, handler: MethodRouter<Arc<S>>) -> Self {
        self.with(path, Access::Page, handler)
    }

    /// An address that writes, or shows what not everybody who may look should see.
    #[must_use]
    pub fn sensitive(self, path: &str, handler: MethodRouter<Arc<S>>) -> Self {
        self.with(path, Access::Sensitive, handler)
    }

    /// The probes `/livez`, `/readyz`, `/startupz` and `/health`. The last tells the time since this call.
    #[must_use]
    pub fn probes(self) -> Self
    where
        S: Probed,
    {
        let started_at = Instant::now();
        self.open("/livez", get(probes::livez::<S>))
            .open("/readyz", get(probes::readyz::<S>))
            .open("/startupz", get(probes::startupz::<S>))
            .open("/health", get(async move || probes::health::<S>(started_at)))
    }

    /// The page `/dashboard`, to which `/` and `/dashboard/` lead: `index.html` of `files`, and what that loads from
    /// `/assets`.
    #[must_use]
    pub fn dashboard(self, files: PageFiles) -> Self {
        let files = Arc::new(files);
        let index = Arc::clone(&files);
        self.page("/", get(async || Redirect::temporary("dashboard")))
            .page("/dashboard/", get(async |RawQuery(query): RawQuery| without_slash(query)))
            .page("/dashboard", get(async move |headers: HeaderMap| index.respond("index.html", &headers)))
            .page(
                "/assets/{*file}",
                get(async move |Path(file): Path<String>, headers: HeaderMap| {
                    files.respond(&format!("assets/{file}"), &headers)
                }),
            )
    }

    /// The description of the API at `/api/openapi.json`: `document` as it is.
    #[must_use]
    pub fn described_by(self, document: &[u8]) -> Self {
        let document = Arc::new(Rendered::new("application/json", document.to_vec()));
        self.page("/api/openapi.json", get(async move |headers: HeaderMap| document.respond(&headers)))
    }

    /// The service's answers behind everything that holds for all of them.
    pub fn app(self, state: &Arc<S>, proxies: Proxies) -> App {
        let mut router = Router::new();
        let hosts = Arc::new(Hosts::new(S::ALLOWED_HOSTS));
        for Route { path, access, handler } in self.0 {
            router = router.route(&path, guard::guarded(state, &hosts, access, handler));
        }
        chassis(router.with_state(Arc::clone(state)), proxies)
    }

    fn with(mut self, path: &str, access: Access, handler: MethodRouter<Arc<S>>) -> Self {
        self.0.push(Route { path: path.to_owned(), access, handler });
        self
    }
}

/// What the page loads stands beside it, not below: its links need the address without a slash.
fn without_slash(query: Option<String>) -> Redirect {
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Redirect::temporary(&format!("../dashboard{query}"))
}

impl<S> Routes<S> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Route<S>> {
        self.0.iter()
    }
}
