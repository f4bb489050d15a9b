//! The page that Prometheus reads.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::Response;
use tokio::time::Instant;

use super::exposition::{self, Format};
use crate::http::Rendered;

/// For how long a page of metrics is served before its counters are read again.
const FRESH: Duration = Duration::from_secs(1);

/// The page of metrics, in memory: written anew at most once a second, however many ask.
#[derive(Debug, Default)]
pub struct MetricsPage(Mutex<Option<(Instant, Arc<Page>)>>);

#[derive(Debug)]
struct Page {
    openmetrics: Rendered,
    text: Rendered,
}

impl MetricsPage {
    /// The page in the format that the client prefers, sorted by names and labels. `write` gives the metrics as
    /// OpenMetrics text without the end mark, where that is due.
    pub fn get(&self, headers: &HeaderMap, write: impl FnOnce() -> String) -> Response {
        let page = self.fresh(write);
        let rendered = match exposition::negotiate(headers) {
            Format::OpenMetrics => &page.openmetrics,
            Format::Text => &page.text,
        };
        rendered.respond(headers)
    }

    /// Makes the next reader see what has just changed.
    pub fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn fresh(&self, write: impl FnOnce() -> String) -> Arc<Page> {
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, page)) = cached.as_ref().filter(|(read_at, _)| read_at.elapsed() < FRESH) {
            return Arc::clone(page);
        }
        let page = Arc::new(Page::new(&write()));
        *cached = Some((Instant::now(), Arc::clone(&page)));
        page
    }
}

impl Page {
    fn new(text: &str) -> Self {
        let mut text = exposition::sorted(text);
        text.push_str("# EOF\n");
        let plain = exposition::to_text_0_0_4(&text);
        Self {
            openmetrics: Rendered::new(Format::OpenMetrics.content_type(), text.into_bytes()),
            text: Rendered::new(Format::Text.content_type(), plain.into_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::http::HeaderValue;
    use axum::http::header::{ACCEPT, CONTENT_TYPE};

    use super::*;

    async fn body(page: &MetricsPage, headers: &HeaderMap, text: &str) -> (String, String) {
        let response = page.get(headers, || text.to_owned());
        let kind = response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (kind, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn the_page_is_written_once_a_second_or_when_something_changed() {
        let (page, any) = (MetricsPage::default(), HeaderMap::new());
        assert_eq!(body(&page, &any, "a 1\n").await.1, "a 1\n");
        tokio::time::advance(Duration::from_millis(999)).await;
        assert_eq!(body(&page, &any, "a 2\n").await.1, "a 1\n");
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(body(&page, &any, "a 3\n").await.1, "a 3\n");
        page.forget();
        assert_eq!(body(&page, &any, "a 4\n").await.1, "a 4\n");
    }

    #[tokio::test]
    async fn who_asks_for_openmetrics_gets_it_in_order_with_its_end_mark() {
        let page = MetricsPage::default();
        let text = "# TYPE b gauge\nb 2\n# TYPE a counter\na_total 1\n";
        let accept = HeaderValue::from_static("application/openmetrics-text");
        let (kind, openmetrics) = body(&page, &HeaderMap::from_iter([(ACCEPT, accept)]), text).await;
        assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
        assert_eq!(openmetrics, "# TYPE a counter\na_total 1\n# TYPE b gauge\nb 2\n# EOF\n");
        let (kind, plain) = body(&page, &HeaderMap::new(), text).await;
        assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
        assert_eq!(plain, "# TYPE a_total counter\na_total 1\n# TYPE b gauge\nb 2\n");
    }
}
