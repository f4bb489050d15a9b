//! Which address answers what, and to whom.
//!
//! [`routes`] is the whole table; the description at `/api/openapi.json` is compared with it by a test.

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::middleware::from_fn_with_state;
use axum::response::Redirect;
use axum::routing::{MethodRouter, get, post};
use platform::http::{App, Proxies, chassis};

use super::guard::{self, Access, Guard};
use super::live::Live;
use super::{api, openapi, page, probes, write};
use crate::config::Config;

/// One address.
pub(super) struct Route {
    pub(super) path: String,
    access: Access,
    handler: MethodRouter<Arc<Live>>,
}

/// Every address of the service.
pub(super) fn routes(metrics_path: &str) -> Vec<Route> {
    let read = |path: &str, access, handler| Route { path: path.to_owned(), access, handler };
    let write = |path: &str, handler| Route { path: path.to_owned(), access: Access::Sensitive, handler };
    vec![
        read(metrics_path, Access::Open, get(metrics)),
        read("/livez", Access::Open, get(probes::livez)),
        read("/readyz", Access::Open, get(probes::readyz)),
        read("/startupz", Access::Open, get(probes::startupz)),
        read("/health", Access::Open, get(probes::health)),
        read("/", Access::Page, get(async || Redirect::temporary("dashboard"))),
        read("/dashboard", Access::Page, get(page::dashboard)),
        read("/assets/{*file}", Access::Page, get(page::asset)),
        read("/charts/{file}", Access::Page, get(page::chart)),
        read("/api/assets", Access::Page, get(api::assets)),
        read("/api/status", Access::Page, get(api::status)),
        read("/api/decisions", Access::Page, get(api::decisions)),
        read("/api/series", Access::Page, get(api::series)),
        read("/api/explain", Access::Page, get(api::explain)),
        read("/api/history", Access::Page, get(api::history)),
        read("/api/withdrawals", Access::Page, get(api::withdrawals)),
        read("/api/openapi.json", Access::Page, get(openapi::document)),
        read("/api/config/normalized", Access::Sensitive, get(api::normalized)),
        write("/api/sync/transactions", post(write::sync)),
        write("/api/reference", post(write::reference)),
    ]
}

/// The service's answers behind everything that holds for all of them.
pub(super) fn router(live: &Arc<Live>, config: &Config) -> App {
    let telemetry = &config.orchestrator.telemetry;
    let mut router = Router::new();
    for Route { path, access, handler, .. } in routes(&telemetry.path) {
        let guard = Guard { live: Arc::clone(live), access };
        let guarded = match access {
            // Everybody may ask, and only ask: a guard would cost time and refuse nobody.
            Access::Open => handler,
            Access::Page | Access::Sensitive => handler.layer(from_fn_with_state(guard, guard::check)),
        };
        router = router.route(&path, guarded);
    }
    let proxies = Proxies::new(telemetry.trusted_proxies.iter().map(|network| network.net()));
    chassis(router.with_state(Arc::clone(live)), proxies)
}

async fn metrics(live: axum::extract::State<Arc<Live>>, headers: HeaderMap) -> axum::response::Response {
    live.metrics.get(&headers, || live.measured())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// What a route asks of whoever wants to use it, as the description says it.
    fn security(access: Access) -> &'static str {
        match access {
            Access::Open => "[]",
            Access::Page => r#"[{},{"basic":[]}]"#,
            Access::Sensitive => r#"[{"basic":[]}]"#,
        }
    }

    #[test]
    fn the_description_names_every_route_with_its_login_and_no_other() {
        let document: serde_json::Value = serde_json::from_slice(include_bytes!("../../openapi.json")).unwrap();
        let described: BTreeMap<String, String> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                methods.as_object().unwrap().values().map(|of| (path.clone(), of["security"].to_string()))
            })
            .collect();
        // Axum marks a part that may contain slashes.
        let served: BTreeMap<String, String> = routes("/metrics")
            .into_iter()
            .map(|route| (route.path.replace("{*", "{"), security(route.access).to_owned()))
            .collect();
        assert_eq!(described, served);
    }
}
