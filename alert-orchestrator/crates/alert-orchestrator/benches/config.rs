//! What a configuration of many assets costs, from the file to its normalized form: `--print-config-normalized` in process.
//!
//! `cargo bench -p alert-orchestrator --bench config`. Ten times the assets must take ten times as long, not a hundred: every
//! asset is in the gate's list and has a gate of its own.

#![expect(clippy::unwrap_used, reason = "a measurement that fails has nothing to report")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use alert_orchestrator::config;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// A configuration whose lists and sections name all of so many assets.
fn configuration(assets: usize) -> String {
    let lines = |indent: &str, rest: &str| {
        (0..assets).fold(String::new(), |mut text, i| {
            writeln!(text, "{indent}a{i:05}{rest}").unwrap();
            text
        })
    };
    format!(
        "client:\n  assets:\n{}orchestrator:\n  decision_gate:\n    whitelist:\n{}    per_asset:\n{}",
        lines("  - ", ""),
        lines("    - ", ""),
        lines("      ", ": {k_sigma: 2.5}"),
    )
}

fn normalized(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("normalized");
    group.sample_size(10);
    for assets in [1_000, 10_000] {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("assets-{assets}.yaml"));
        fs::write(&path, configuration(assets)).unwrap();
        group.throughput(Throughput::Elements(assets as u64));
        group.bench_function(BenchmarkId::from_parameter(assets), |bencher| {
            bencher.iter(|| serde_json::to_vec_pretty(&config::load(&path, &|_| None).unwrap()).unwrap().len());
        });
    }
    group.finish();
}

criterion_group!(benches, normalized);
criterion_main!(benches);
