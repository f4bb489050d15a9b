//! What does Prometheus see of the service?
//!
//! Start at [`Metrics`], in which a service enters what it counts; [`MetricsPage`] serves the text of it, and of
//! whatever else the service writes. What every service has is one call each: [`Metrics::build`], [`Metrics::reload`],
//! [`Metrics::process`]. A [`LateGauge`] is for what may not have happened yet.
//!
//! Inside: in which format the text leaves the process is said by `exposition`, what every process has by `process`.

mod exposition;
mod page;
mod process;

use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

pub use page::MetricsPage;

/// A gauge of fractions.
pub type FloatGauge = Gauge<f64, AtomicU64>;

/// Metrics of a service, whose names begin with its prefix. Their text has them in the order in which they were entered,
/// the page by name.
#[derive(Debug)]
pub struct Metrics {
    prefix: String,
    registry: Registry,
}

impl Metrics {
    /// None yet; names will begin with `prefix`, to which nothing is added.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), registry: Registry::default() }
    }

    /// Enters a metric and gives it back, to be counted with. `help` has no period at its end: one is added.
    pub fn add<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.registry.register(self.name(name), help, metric.clone());
        metric
    }

    /// Enters `build_info`: which program this is.
    pub fn build(&mut self, version: &'static str, revision: &'static str) {
        let labels = vec![("version", version), ("revision", revision)];
        self.registry.register(self.name("build"), "Version and source revision of the service", Info::new(labels));
    }

    /// Enters `config_last_reload_successful`, which is 1 from the start, and to be set by every
    /// [reload](crate::reload).
    pub fn reload(&mut self) -> Gauge {
        let gauge = self.add(
            "config_last_reload_successful",
            "Whether the configuration in effect is the file as it was last read",
            Gauge::default(),
        );
        gauge.set(1);
        gauge
    }

    /// Enters the standard metrics of the process, which have no prefix.
    pub fn process(&mut self) {
        process::register(&mut self.registry);
    }

    /// All of them in the OpenMetrics text format, without the end mark.
    pub fn text(&self) -> String {
        let mut text = String::new();
        match encode_registry(&mut text, &self.registry) {
            Ok(()) => text,
            Err(std::fmt::Error) => unreachable!("invariant: a string takes everything"),
        }
    }

    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

/// A gauge that is not shown until it has been set: an instant that never was is not 1970.
#[derive(Debug, Clone, Default)]
pub struct LateGauge(Family<NoLabels, FloatGauge>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NoLabels {}

impl LateGauge {
    /// Shows this value from now on.
    pub fn set(&self, value: f64) {
        self.0.get_or_create(&NoLabels {}).set(value);
    }
}

impl EncodeMetric for LateGauge {
    fn encode(&self, encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.0.encode(encoder)
    }

    fn metric_type(&self) -> MetricType {
        self.0.metric_type()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// An instant as metrics tell it: seconds since 1970, to the millisecond.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
pub fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;

    use super::*;

    #[test]
    fn metrics_are_written_in_the_order_in_which_they_were_entered() {
        let mut metrics = Metrics::new("x_");
        metrics.build("1.2.3", "abc");
        let visits: Counter = metrics.add("visits", "Visits", Counter::default());
        let reload = metrics.reload();
        visits.inc();
        let text = "# HELP x_build Version and source revision of the service.\n\
             # TYPE x_build info\n\
             x_build_info{version=\"1.2.3\",revision=\"abc\"} 1\n\
             # HELP x_visits Visits.\n\
             # TYPE x_visits counter\n\
             x_visits_total 1\n\
             # HELP x_config_last_reload_successful \
             Whether the configuration in effect is the file as it was last read.\n\
             # TYPE x_config_last_reload_successful gauge\n\
             x_config_last_reload_successful 1\n";
        assert_eq!(metrics.text(), text);
        reload.set(false.into());
        assert_eq!(metrics.text(), text.replace("successful 1", "successful 0"));
    }

    #[test]
    fn a_late_gauge_is_not_shown_before_it_was_set() {
        let mut metrics = Metrics::new("");
        let seen = metrics.add("seen_timestamp_seconds", "When it was seen", LateGauge::default());
        assert_eq!(metrics.text(), "");
        seen.set(seconds("2026-01-01T00:00:00.25Z".parse().unwrap()));
        let text = "# HELP seen_timestamp_seconds When it was seen.\n\
             # TYPE seen_timestamp_seconds gauge\n\
             seen_timestamp_seconds{} 1767225600.25\n";
        assert_eq!(metrics.text(), text);
    }
}
