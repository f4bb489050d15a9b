//! What every process tells of itself: the standard `process_*` metrics, read anew whenever metrics are written.

use prometheus_client::registry::Registry;

/// Adds the standard metrics of this process, without a prefix; nothing on systems without a Linux `/proc`.
pub(super) fn register(registry: &mut Registry) {
    #[cfg(target_os = "linux")]
    registry.register_collector(Box::new(linux::Process));
    #[cfg(not(target_os = "linux"))]
    let _ = registry;
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fmt;

    use procfs::process::LimitValue;
    use procfs::{ProcResult, boot_time_secs, page_size, ticks_per_second};
    use prometheus_client::collector::Collector;
    use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
    use prometheus_client::metrics::counter::ConstCounter;
    use prometheus_client::metrics::gauge::ConstGauge;
    use prometheus_client::registry::Unit;

    #[derive(Debug)]
    pub(super) struct Process;

    /// What `/proc/self` says, in the units of the metrics.
    struct Figures {
        cpu_seconds: f64,
        open_fds: usize,
        max_fds: f64,
        virtual_bytes: u64,
        virtual_max_bytes: f64,
        resident_bytes: u64,
        started_at: f64,
        threads: i64,
    }

    impl Figures {
        fn read() -> ProcResult<Self> {
            let process = procfs::process::Process::myself()?;
            let (stat, limits) = (process.stat()?, process.limits()?);
            let seconds = |ticks: u64| ticks as f64 / ticks_per_second() as f64;
            Ok(Self {
                cpu_seconds: seconds(stat.utime + stat.stime),
                open_fds: process.fd_count()?,
                max_fds: limit(limits.max_open_files.soft_limit),
                virtual_bytes: stat.vsize,
                virtual_max_bytes: limit(limits.max_address_space.soft_limit),
                resident_bytes: stat.rss * page_size(),
                started_at: boot_time_secs()? as f64 + seconds(stat.starttime),
                threads: stat.num_threads,
            })
        }
    }

    /// A limit, the largest number there is where there is none, as Prometheus' own clients write it.
    fn limit(value: LimitValue) -> f64 {
        match value {
            LimitValue::Unlimited => u64::MAX as f64,
            LimitValue::Value(value) => value as f64,
        }
    }

    impl Collector for Process {
        fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
            let figures = match Figures::read() {
                Ok(figures) => figures,
                Err(error) => {
                    tracing::debug!(%error, "cannot read /proc/self, so there are no process metrics");
                    return Ok(());
                }
            };
            let mut put = |name: &str, help: &str, unit: Option<&Unit>, metric: &dyn EncodeMetric| {
                metric.encode(encoder.encode_descriptor(name, help, unit, metric.metric_type())?)
            };
            let (seconds, bytes) = (Some(&Unit::Seconds), Some(&Unit::Bytes));
            let gauge = ConstGauge::new;
            let count = |count: usize| ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
            let cpu = ConstCounter::new(figures.cpu_seconds);
            put("process_cpu", "CPU time spent, in user and in system mode.", seconds, &cpu)?;
            put("process_open_fds", "Open file descriptors.", None, &count(figures.open_fds))?;
            put("process_max_fds", "Most file descriptors that may be open.", None, &gauge(figures.max_fds))?;
            let virtual_memory = gauge(figures.virtual_bytes as f64);
            put("process_virtual_memory", "Size of the virtual memory.", bytes, &virtual_memory)?;
            let most = gauge(figures.virtual_max_bytes);
            put("process_virtual_memory_max", "Most virtual memory there may be.", bytes, &most)?;
            let resident = gauge(figures.resident_bytes as f64);
            put("process_resident_memory", "Size of the memory that is resident.", bytes, &resident)?;
            let start = gauge(figures.started_at);
            put("process_start_time", "When the process started, since 1970.", seconds, &start)?;
            put("process_threads", "Threads of the process.", None, &ConstGauge::new(figures.threads))
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use jiff::Timestamp;
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::register;
    use crate::metrics::exposition::to_text_0_0_4;

    #[test]
    fn the_standard_metrics_have_their_names_and_sane_values() {
        let mut registry = Registry::default();
        register(&mut registry);
        let mut openmetrics = String::new();
        encode(&mut openmetrics, &registry).unwrap();
        let text = to_text_0_0_4(&openmetrics);
        let samples: Vec<(&str, f64)> = text
            .lines()
            .filter_map(|line| line.split_once(' ').filter(|(name, _)| *name != "#"))
            .map(|(name, value)| (name, value.parse().unwrap()))
            .collect();
        let now = Timestamp::now().as_duration().as_secs_f64();
        let expected = [
            ("process_cpu_seconds_total", 0.0, 1e6),
            ("process_open_fds", 3.0, 1e6),
            ("process_max_fds", 64.0, 2e19),
            ("process_virtual_memory_bytes", 1e6, 1e15),
            ("process_virtual_memory_max_bytes", 1e6, 2e19),
            ("process_resident_memory_bytes", 1e6, 1e12),
            ("process_start_time_seconds", now - 86_400.0, now + 5.0),
            ("process_threads", 1.0, 1e4),
        ];
        assert_eq!(samples.len(), expected.len(), "{text}");
        for ((name, value), (expected, low, high)) in samples.into_iter().zip(expected) {
            assert_eq!(name, expected);
            assert!((low..=high).contains(&value), "{name} {value}");
        }
        assert!(text.contains("# TYPE process_cpu_seconds_total counter\n"), "{text}");
    }
}
