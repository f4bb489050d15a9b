//! Waiting for work that is done in a task of its own.

use tokio::task::JoinHandle;

/// What the task gave. Its panic goes on in whoever waits for it, as if he had done the work himself.
pub(crate) async fn outcome<T>(task: JoinHandle<T>) -> T {
    task.await.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))
}
