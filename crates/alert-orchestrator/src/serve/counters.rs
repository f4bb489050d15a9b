//! What is counted while the service runs, as Prometheus sees it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use advisor_core::advice::Advice;
use jiff::Timestamp;

use crate::backend::{Backend, RequestCounts};
use crate::version::PROGRAM;

type FloatGauge = Gauge<f64, AtomicU64>;
/// A gauge that is not shown until it has been set: an instant that never was is not 1970.
type LateGauge = Family<NoLabels, FloatGauge>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NoLabels {}

/// Upper bounds of the evaluation times, in seconds.
const SECONDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    backend: &'static str,
    result: &'static str,
}

/// Everything that is counted from start to stop.
pub(crate) struct Counters {
    registry: Registry,
    evaluations: Family<Outcome, Counter>,
    seconds: Histogram,
    last_round: LateGauge,
    interval: FloatGauge,
    store_requests: Family<Request, Counter>,
    reload: Gauge,
    last_sync: LateGauge,
    deleted: Counter,
}

impl Counters {
    pub(crate) fn new(prefix: &str) -> Self {
        let mut counters = Self {
            registry: Registry::default(),
            evaluations: Family::default(),
            seconds: Histogram::new(SECONDS),
            last_round: LateGauge::default(),
            interval: FloatGauge::default(),
            store_requests: Family::default(),
            reload: Gauge::default(),
            last_sync: LateGauge::default(),
            deleted: Counter::default(),
        };
        counters.register(prefix);
        counters
    }

    fn register(&mut self, prefix: &str) {
        let registry = &mut self.registry;
        let name = |name: &str| format!("{prefix}{name}");
        let version = vec![("version", PROGRAM.version), ("revision", PROGRAM.revision)];
        registry.register(name("build"), "Version and source revision of the service", Info::new(version));
        registry.register(
            name("last_eval_timestamp_seconds"),
            "When the newest evaluation was made",
            self.last_round.clone(),
        );
        registry.register(
            name("evaluation_interval_seconds"),
            "Time from the start of one evaluation to the start of the next",
            self.interval.clone(),
        );
        registry.register(
            name("evaluation_duration_seconds"),
            "How long evaluations of all assets took",
            self.seconds.clone(),
        );
        registry.register(
            name("evaluations"),
            "Evaluations of single assets, by what came out",
            self.evaluations.clone(),
        );
        registry.register(
            name("store_requests"),
            "Requests to the store, by whether they were answered",
            self.store_requests.clone(),
        );
        registry.register(
            name("config_last_reload_successful"),
            "Whether the configuration in effect is the file as it was last read",
            self.reload.clone(),
        );
        registry.register(
            name("sync_last_success_timestamp_seconds"),
            "When transactions were last pulled from Liqwid without an error",
            self.last_sync.clone(),
        );
        registry.register(name("cleanup_deleted"), "Old charts that were deleted", self.deleted.clone());
        platform::exposition::process_metrics(registry);
    }

    /// A round has ended that began at `started_at`.
    pub(crate) fn evaluated(&self, advice: &[Advice], started_at: Timestamp, took: Duration) {
        for advice in advice {
            let result = match advice.decision.code() {
                1 => "withdraw_ok",
                0 => "hold",
                _ => "error",
            };
            self.evaluations.get_or_create(&Outcome { result }).inc();
        }
        self.seconds.observe(took.as_secs_f64());
        self.last_round.get_or_create(&NoLabels {}).set(seconds(started_at));
    }

    pub(crate) fn interval_is(&self, minutes: f64) {
        self.interval.set(minutes * 60.0);
    }

    pub(crate) fn reloaded(&self, successfully: bool) {
        self.reload.set(successfully.into());
    }

    pub(crate) fn synced(&self, at: Timestamp) {
        self.last_sync.get_or_create(&NoLabels {}).set(seconds(at));
    }

    pub(crate) fn deleted(&self, files: u64) {
        self.deleted.inc_by(files);
    }

    /// All of it in the OpenMetrics text format, without the end mark.
    pub(crate) fn text(&self, backend: Option<&Backend>) -> String {
        if let Some(backend) = backend {
            let RequestCounts { ok, failed } = backend.requests();
            for (result, count) in [("ok", ok), ("failed", failed)] {
                let request = Request { backend: backend.kind(), result };
                self.store_requests.get_or_create(&request).inner().store(count, Ordering::Relaxed);
            }
        }
        let mut text = String::new();
        match encode_registry(&mut text, &self.registry) {
            Ok(()) => text,
            Err(std::fmt::Error) => unreachable!("invariant: a string takes everything"),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
pub(crate) fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1e3
}
