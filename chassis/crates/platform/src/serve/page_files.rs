//! The files of a page that is embedded in the program.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use crate::http::{Problem, Rendered};

/// The bytes of an embedded file.
type Find = fn(&str) -> Option<Cow<'static, [u8]>>;

/// Embedded files as they are served: each is compressed once, when somebody asks for it first.
#[derive(Debug)]
pub struct PageFiles {
    find: Find,
    rendered: Mutex<BTreeMap<String, Arc<Rendered>>>,
}

impl PageFiles {
    /// What `find` gives: a file by its path in the page's folder, with slashes.
    pub fn new(find: Find) -> Self {
        Self { find, rendered: Mutex::default() }
    }

    pub(super) fn respond(&self, file: &str, headers: &HeaderMap) -> Result<Response, Problem> {
        let mut rendered = self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = rendered.get(file) {
            return Ok(known.respond(headers));
        }
        let found = (self.find)(file)
            .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, format!("there is no file {file:?}")))?;
        let new = Arc::new(Rendered::new(content_type(file), found.into_owned()));
        rendered.insert(file.to_owned(), Arc::clone(&new));
        Ok(new.respond(headers))
    }
}

fn content_type(file: &str) -> &'static str {
    match Path::new(file).extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json" | "webmanifest") => "application/json",
        _ => "text/plain; charset=utf-8",
    }
}
