//! What somebody asked for is done, also where they have gone away.

use std::sync::Arc;

use tokio::sync::RwLock;
use tracing::{Instrument as _, Span};

use crate::process;

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
        process::outcome(tokio::spawn(work.instrument(Span::current()))).await
    }

    /// Ready once everything that was begun has been done.
    pub(super) async fn finished(&self) {
        drop(self.0.write().await);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_was_begun_is_done_although_nobody_waits_for_it() {
        let writes = Writes::default();
        let (begin, begun) = oneshot::channel();
        let (release, released) = oneshot::channel::<()>();
        let (done, mut is_done) = oneshot::channel();
        let work = async move {
            begin.send(()).unwrap();
            released.await.unwrap();
            done.send("done").unwrap();
        };
        let asking = tokio::spawn({
            let writes = writes.clone();
            async move { writes.to_its_end(work).await }
        });
        begun.await.unwrap();
        asking.abort();
        assert!(asking.await.unwrap_err().is_cancelled(), "who asked has gone");
        assert!(writes.0.try_write().is_err(), "a stop has to wait");
        release.send(()).unwrap();
        writes.finished().await;
        assert_eq!(is_done.try_recv(), Ok("done"));
        assert_eq!(writes.to_its_end(async { 1 }).await, 1);
    }
}
