//! Which address answers what, and to whom.
//!
//! [`routes`] is the whole table; the description at `/api/openapi.json` is compared with it by a test.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use platform::http::{App, Proxies};
use platform::serve::{PageFiles, Routes};

use super::live::Live;
use super::{api, effect, page, write};
use crate::config::telemetry::Telemetry;

/// The description of the API. Written by hand, so that it says what the answers mean.
const DESCRIPTION: &[u8] = include_bytes!("../../openapi.json");

/// Every address of the service.
fn routes(metrics_path: &str) -> Routes<Live> {
    Routes::default()
        .open(metrics_path, get(metrics))
        .probes()
        .dashboard(PageFiles::new(page::file))
        .page("/charts/{file}", get(page::chart))
        .page("/api/assets", get(api::assets))
        .page("/api/status", get(api::status))
        .page("/api/decisions", get(api::decisions))
        .page("/api/series", get(api::series))
        .page("/api/explain", get(api::explain))
        .page("/api/history", get(api::history))
        .page("/api/withdrawals", get(api::withdrawals))
        .page("/api/reference/effect", get(effect::effect))
        .described_by(DESCRIPTION)
        .sensitive("/api/config/normalized", get(api::normalized))
        .sensitive("/api/sync/transactions", post(write::sync))
        .sensitive("/api/reference", post(write::reference))
}

/// What the service answers.
pub(super) fn app(live: &Arc<Live>, telemetry: &Telemetry) -> App {
    let proxies = Proxies::new(telemetry.trusted_proxies.iter().map(|network| network.net()));
    routes(&telemetry.path).app(live, proxies)
}

async fn metrics(State(live): State<Arc<Live>>, headers: HeaderMap) -> Response {
    live.metrics.get(&headers, || live.measured())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_names_every_route_with_its_login_and_no_other() {
        assert_eq!(platform::serve::differences(&routes("/metrics"), DESCRIPTION), Ok(vec![]));
    }
}
