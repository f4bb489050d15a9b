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

# the documentation of every crate
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# write examples/liqwid again from data/
examples:
    cargo xtask examples

# microbenchmarks
bench:
    cargo bench --workspace

# everything that must hold before a change lands
ci:
    .ci/run
