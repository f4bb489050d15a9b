//! What is answered to whom.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use platform::config::text::HostName;
use platform::http::{App, Proxies};
use platform::serve::{Checks, Guarded, Probed, Routes};
use serde_json::{Value, json};

use crate::config::Config;
use crate::live::Live;

impl Guarded for Live {
    type Settings = Config;
    const REALM: &'static str = "Skeleton";
    const ALLOWED_HOSTS: &'static str = "allowed_hosts";

    fn settings(&self) -> Arc<Config> {
        self.config.load_full()
    }

    fn allowed_hosts(config: &Config) -> &[HostName] {
        &config.allowed_hosts
    }
}

impl Probed for Live {
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn alive(&self) -> Result<(), String> {
        if self.rounds.is_alive() { Ok(()) } else { Err("no rounds are made any more".to_owned()) }
    }

    fn started(&self) -> Result<(), String> {
        if self.made.get() > 0 { Ok(()) } else { Err("the first round has not finished".to_owned()) }
    }

    async fn checks(&self) -> Checks {
        vec![("rounds", self.started())]
    }
}

/// The description of the API.
const DESCRIPTION: &[u8] = include_bytes!("../openapi.json");

fn routes() -> Routes<Live> {
    Routes::default().open("/metrics", get(metrics)).probes().page("/api/rounds", get(rounds)).described_by(DESCRIPTION)
}

pub(crate) fn app(live: &Arc<Live>) -> App {
    routes().app(live, Proxies::default())
}

async fn metrics(State(live): State<Arc<Live>>, headers: HeaderMap) -> Response {
    live.page.get(&headers, || live.metrics.text())
}

async fn rounds(State(live): State<Arc<Live>>) -> Json<Value> {
    Json(json!({ "made": live.made.get(), "next_at": live.rounds.next_at() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_names_every_route() {
        assert_eq!(platform::serve::differences(&routes(), DESCRIPTION), Ok(vec![]));
    }
}
