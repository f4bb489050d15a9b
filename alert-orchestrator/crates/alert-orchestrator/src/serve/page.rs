//! The files of the dashboard, and the charts.

use std::borrow::Cow;
use std::path::Path as FilePath;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use platform::http::{Problem, Rendered};
use platform::process;
use rust_embed::RustEmbed;

use super::live::Live;

/// The page's files, as they are in the binary.
#[derive(RustEmbed)]
#[folder = "web/"]
struct Files;

/// A file of the page.
pub(super) fn file(path: &str) -> Option<Cow<'static, [u8]>> {
    Files::get(path).map(|file| file.data)
}

/// A chart of `diagnostics.dir`, and nothing else of the file system.
pub(super) async fn chart(
    State(live): State<Arc<Live>>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let is_plain = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if !is_plain(&file) || file.starts_with('.') || !file.ends_with(".png") {
        return Err(not_found(&file));
    }
    let folder = live.settings().config.orchestrator.diagnostics.dir.clone();
    let read = tokio::task::spawn_blocking(move || read_inside(&folder, &file).ok_or_else(|| not_found(&file)));
    let png = process::outcome(read).await?;
    Ok(Rendered::new("image/png", png).respond(&headers))
}

/// A regular file of `folder`; one that a link takes elsewhere is none.
fn read_inside(folder: &FilePath, file: &str) -> Option<Vec<u8>> {
    let path = folder.join(file);
    path.symlink_metadata().ok().filter(|metadata| metadata.is_file())?;
    std::fs::read(path).ok()
}

fn not_found(file: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is no file {file:?}"))
}
