//! `orchestrator.telemetry`: the HTTP server and what its metrics show.

use platform::config::text::{HostName, Network};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::prices::PriceSourcePriority;

/// The HTTP server: metrics, page and API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// Whether there is a server; without it rounds go to the console only.
    pub enabled: bool,
    /// Where it listens. Anything but this machine's own addresses calls for `auth`.
    #[schemars(extend("format" = "listen-address"))]
    pub listen_address: String,
    /// The port it listens on; 0: a free one.
    #[schemars(range(min = 0, max = 65535))]
    pub listen_port: u16,
    /// The path of the metrics.
    #[schemars(extend("format" = "http-path"))]
    pub path: String,
    /// What stands before the name of every metric.
    #[schemars(extend("format" = "metric-prefix"))]
    pub metric_prefix: String,
    /// Which metrics are shown.
    pub expose: Expose,
    /// In which order prices are looked for.
    pub price_source_priority: PriceSourcePriority,
    /// Proxies whose X-Forwarded-For is believed, as addresses or networks.
    pub trusted_proxies: Vec<Network>,
    /// Names under which it answers while `auth` is off, such as that of a proxy that asks for the login itself: single
    /// ones, or `.example.org` for all below it. Always: addresses, the machine's own name, names without a dot, and
    /// names under localhost, local, internal, lan, home.arpa, svc and cluster.local.
    pub allowed_hosts: Vec<HostName>,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            enabled: true,
            listen_address: "127.0.0.1".into(),
            listen_port: 9808,
            path: "/metrics".into(),
            metric_prefix: "wo_".into(),
            expose: Expose::default(),
            price_source_priority: PriceSourcePriority::default(),
            trusted_proxies: Vec::new(),
            allowed_hosts: Vec::new(),
        }
    }
}

/// Which metrics are shown, each by its name without the prefix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Expose {
    /// 1 withdraw, 0 hold, −1 error.
    pub decision: bool,
    /// The withdrawal limit, in USD.
    pub wmax_usd: bool,
    /// The newest residual.
    pub residual_usd: bool,
    /// The distance from the fit beyond which the newest residual triggers.
    pub residual_threshold_usd: bool,
    /// The residuals' standard deviation.
    pub sigma_usd: bool,
    /// The gate's multiplier.
    pub k_sigma: bool,
    /// Whether the gate was triggered.
    pub residual_trigger: bool,
    /// The reference time.
    pub t0_timestamp_seconds: bool,
    /// The time of the newest sample.
    pub t1_timestamp_seconds: bool,
    /// The position's value at the reference, in USD.
    pub v_ref_usd: bool,
    /// The position's newest value, in USD.
    pub v_t1_usd: bool,
    /// The gain since the reference, in USD.
    pub g_usd: bool,
    /// The newest price, in USD.
    pub price_t1_usd: bool,
    /// How many wallets hold the asset.
    pub wallets: bool,
    /// The reason for holding.
    pub hold: bool,
    /// Prices by their source, in USD; absent: where `price_compare` is enabled.
    pub price_usd_by_source: bool,
    /// Prices by their source, in USD per unit; absent: where `price_compare` is enabled.
    pub rate_usd: bool,
    /// Prices by their source, in ADA per unit; absent: where `price_compare` is enabled.
    pub rate_ada: bool,
    /// The difference of the prices, in USD; absent: where `price_compare` is enabled.
    pub price_delta_abs: bool,
    /// The difference as a fraction of the higher price; absent: where `price_compare` is enabled.
    pub price_delta_rel: bool,
    /// Whether prices disagree; absent: where `price_compare` is enabled.
    pub price_mismatch: bool,
    /// Whether fewer than two prices could be had; absent: where `price_compare` is enabled.
    pub price_compare_unavailable: bool,
}

impl Expose {
    /// The metrics that are shown where prices are compared, unless the file says otherwise.
    pub(super) const OF_PRICES: [&str; 7] = [
        "price_usd_by_source",
        "rate_usd",
        "rate_ada",
        "price_delta_abs",
        "price_delta_rel",
        "price_mismatch",
        "price_compare_unavailable",
    ];
}

impl Default for Expose {
    fn default() -> Self {
        Self {
            decision: true,
            wmax_usd: true,
            residual_usd: true,
            residual_threshold_usd: true,
            sigma_usd: true,
            k_sigma: true,
            residual_trigger: true,
            t0_timestamp_seconds: true,
            t1_timestamp_seconds: true,
            v_ref_usd: false,
            v_t1_usd: false,
            g_usd: false,
            price_t1_usd: false,
            wallets: true,
            hold: true,
            price_usd_by_source: false,
            rate_usd: false,
            rate_ada: false,
            price_delta_abs: false,
            price_delta_rel: false,
            price_mismatch: false,
            price_compare_unavailable: false,
        }
    }
}
