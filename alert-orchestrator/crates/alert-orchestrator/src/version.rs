//! Which program is this?

use std::sync::LazyLock;

use platform::process::Program;

/// This one.
pub(crate) const PROGRAM: Program = Program {
    name: "alert-orchestrator",
    version: env!("CARGO_PKG_VERSION"),
    revision: build_info::REVISION,
    built_at: build_info::BUILT_AT,
};

/// What `--version` says behind the program's name.
pub(crate) static LINE: LazyLock<String> = LazyLock::new(|| PROGRAM.line());
