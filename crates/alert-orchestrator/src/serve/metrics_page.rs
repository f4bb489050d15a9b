//! The page that Prometheus reads, in the format that it asks for.
//!
//! Start at [`MetricsPage::get`]. What is counted all the time is read anew at most once a second, however many ask.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use axum::response::Response;
use platform::exposition::{self, Format};
use platform::http::Rendered;

/// For how long a page of metrics is served before its counters are read again.
const FRESH: Duration = Duration::from_secs(1);

/// The page of metrics, in memory.
#[derive(Default)]
pub(crate) struct MetricsPage(Mutex<Option<(Instant, Arc<Page>)>>);

struct Page {
    openmetrics: Rendered,
    text: Rendered,
}

impl MetricsPage {
    /// The page in the format that the client prefers; `read` gives its text, in the OpenMetrics format without the end
    /// mark.
    pub(crate) fn get(&self, headers: &HeaderMap, read: impl FnOnce() -> String) -> Response {
        let page = self.fresh(read);
        let rendered = match exposition::negotiate(headers) {
            Format::OpenMetrics => &page.openmetrics,
            Format::Text => &page.text,
        };
        rendered.respond(headers)
    }

    /// Makes the next reader see what has just been published.
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn fresh(&self, read: impl FnOnce() -> String) -> Arc<Page> {
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, page)) = cached.as_ref().filter(|(read_at, _)| read_at.elapsed() < FRESH) {
            return Arc::clone(page);
        }
        let page = Arc::new(Page::render(read()));
        *cached = Some((Instant::now(), Arc::clone(&page)));
        page
    }
}

impl Page {
    fn render(mut text: String) -> Self {
        text.push_str("# EOF\n");
        let plain = exposition::to_text_0_0_4(&text);
        Self {
            openmetrics: Rendered::new(Format::OpenMetrics.content_type(), text.into_bytes()),
            text: Rendered::new(Format::Text.content_type(), plain.into_bytes()),
        }
    }
}
