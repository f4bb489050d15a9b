# What CI runs, piece by piece. `just` alone lists the pieces.

_list:
    @just --list --unsorted

# format every crate
fmt:
    cargo fmt --all

# format, clippy and layer checks
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo xtask check-arch

# all tests, doc examples included
test:
    cargo test --workspace

# which tests fail now and then: every test binary 30 times beside busy loops (at most 30 minutes)
flaky:
    chassis/tests/flaky

# the documentation of every crate
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# write the user guide's references again, and check that the guide is true
guide:
    cargo xtask docs
    cargo build --release
    cargo xtask docs alert-orchestrator --check --program target/release/alert-orchestrator

# the page in a real browser (needs Node.js and Chromium)
browser:
    cargo build --release
    npm --prefix alert-orchestrator/tests/browser ci
    ROOM=$PWD/alert-orchestrator PROGRAM=$PWD/target/release/alert-orchestrator npm --prefix alert-orchestrator/tests/browser test

# load, memory and hostile clients beside nginx and the node exporter (about 20 minutes)
load:
    cargo build --release
    alert-orchestrator/tests/load/measure.py alert-orchestrator target/release/alert-orchestrator

# write examples/liqwid again from a folder of market histories
examples history:
    cargo xtask examples --history {{quote(history)}}

# microbenchmarks
bench:
    cargo bench --workspace

# the trader's speed and memory beside backtesting.py and vectorbt (installs them; about 5 minutes)
peers:
    graphwiz-trader/benches/peers/measure.py

# everything that must hold before a change lands
ci:
    .ci/run
