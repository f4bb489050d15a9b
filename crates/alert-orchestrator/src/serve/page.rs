//! The dashboard and the charts.

use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

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

/// Files that somebody has asked for, compressed once.
static RENDERED: LazyLock<Mutex<BTreeMap<String, Arc<Rendered>>>> = LazyLock::new(Mutex::default);

/// The page itself.
pub(super) async fn dashboard(headers: HeaderMap) -> Result<Response, Problem> {
    respond("index.html", &headers)
}

/// What the page loads.
pub(super) async fn asset(Path(file): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    respond(&format!("assets/{file}"), &headers)
}

fn respond(file: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let mut rendered = RENDERED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = rendered.get(file) {
        return Ok(known.respond(headers));
    }
    let found = Files::get(file).ok_or_else(|| not_found(file))?;
    let new = Arc::new(Rendered::new(content_type(file), found.data.into_owned()));
    rendered.insert(file.to_owned(), Arc::clone(&new));
    Ok(new.respond(headers))
}

fn content_type(file: &str) -> &'static str {
    match FilePath::new(file).extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json" | "webmanifest") => "application/json",
        _ => "text/plain; charset=utf-8",
    }
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
