//! What is counted while the service runs, as Prometheus sees it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use advisor_core::advice::Advice;
use advisor_core::decision::Decision;
use advisor_io::{AnyStore, RequestCounts};
use jiff::Timestamp;
use platform::metrics::{FloatGauge, LateGauge, Metrics, seconds};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use crate::version::PROGRAM;

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
    metrics: Metrics,
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
        let mut metrics = Metrics::new(prefix);
        metrics.build(PROGRAM.version, PROGRAM.revision);
        let last_round =
            metrics.add("last_eval_timestamp_seconds", "When the newest evaluation was made", LateGauge::default());
        let interval = metrics.add(
            "evaluation_interval_seconds",
            "Time from the start of one evaluation to the start of the next",
            FloatGauge::default(),
        );
        let seconds = metrics.add(
            "evaluation_duration_seconds",
            "How long evaluations of all assets took",
            Histogram::new(SECONDS),
        );
        let evaluations =
            metrics.add("evaluations", "Evaluations of single assets, by what came out", Family::default());
        let store_requests =
            metrics.add("store_requests", "Requests to the store, by whether they were answered", Family::default());
        let reload = metrics.reload();
        let last_sync = metrics.add(
            "sync_last_success_timestamp_seconds",
            "When transactions were last pulled from Liqwid without an error",
            LateGauge::default(),
        );
        let deleted = metrics.add("cleanup_deleted", "Old charts that were deleted", Counter::default());
        metrics.process();
        Self { metrics, evaluations, seconds, last_round, interval, store_requests, reload, last_sync, deleted }
    }

    /// A round has ended that began at `started_at`.
    pub(crate) fn evaluated(&self, advice: &[Advice], started_at: Timestamp, took: Duration) {
        self.evaluated_anew(advice);
        self.seconds.observe(took.as_secs_f64());
        self.last_round.set(seconds(started_at));
    }

    /// Assets were evaluated that are no round.
    pub(crate) fn evaluated_anew(&self, advice: &[Advice]) {
        for advice in advice {
            let result = match advice.decision {
                Decision::Withdraw { .. } => "withdraw_ok",
                Decision::Hold(_) => "hold",
                Decision::Error(_) => "error",
            };
            self.evaluations.get_or_create(&Outcome { result }).inc();
        }
    }

    pub(crate) fn interval_is(&self, minutes: f64) {
        self.interval.set(minutes * 60.0);
    }

    pub(crate) fn reloaded(&self, successfully: bool) {
        self.reload.set(successfully.into());
    }

    pub(crate) fn synced(&self, at: Timestamp) {
        self.last_sync.set(seconds(at));
    }

    pub(crate) fn deleted(&self, files: u64) {
        self.deleted.inc_by(files);
    }

    /// All of it in the OpenMetrics text format, without the end mark.
    pub(crate) fn text(&self, store: Option<&AnyStore>) -> String {
        if let Some(store) = store {
            let RequestCounts { ok, failed } = store.requests();
            for (result, count) in [("ok", ok), ("failed", failed)] {
                let request = Request { backend: store.kind(), result };
                self.store_requests.get_or_create(&request).inner().store(count, Ordering::Relaxed);
            }
        }
        self.metrics.text()
    }
}
