//! What somebody asked for is done, also where they have gone away.

use std::sync::Arc;

use tokio::sync::RwLock;
use tracing::{Instrument as _, Span};

/// Work that is brought to its end once it was begun.
///
/// A handler is dropped where its client goes away. What it must not leave half done it does through
/// [`to_its_end`](Self::to_its_end), and a [`Service`](super::Service) that is told to stop waits for it.
#[derive(Debug, Clone, Default)]
pub struct Writes(Arc<RwLock<()>>);

impl Writes {
    /// Does this in a task of its own, under the log lines of the same request. Its panic goes on in the caller.
    pub async fn to_its_end<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        let writing = Arc::clone(&self.0).read_owned().await;
        let work = async move {
            let _writing = writing;
            work.await
        };
        let task = tokio::spawn(work.instrument(Span::current()));
        task.await.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))
    }

    /// Ready once everything that was begun has been done.
    pub(super) async fn finished(&self) {
        drop(self.0.write().await);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_was_begun_is_done_although_nobody_waits_for_it() {
        let writes = Writes::default();
        let (release, released) = oneshot::channel::<()>();
        let (done, mut is_done) = oneshot::channel();
        let work = async move {
            released.await.unwrap();
            done.send("done").unwrap();
        };
        assert!(writes.to_its_end(work).now_or_never().is_none(), "who asked has gone");
        assert!(writes.finished().now_or_never().is_none());
        release.send(()).unwrap();
        writes.finished().await;
        assert_eq!(is_done.try_recv(), Ok("done"));
        assert_eq!(writes.to_its_end(async { 1 }).await, 1);
    }
}
