//! When is the service told to stop, or to read its configuration again?

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens from now on; what comes back completes with the first SIGTERM or SIGINT.
///
/// # Errors
/// The signals cannot be listened for.
pub(crate) fn requested() -> io::Result<impl Future<Output = ()> + Send> {
    let (mut terminated, mut interrupted) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
    })
}

/// SIGHUPs, by which a service is told to read its configuration again. Several that came since the last one was taken
/// are one.
#[derive(Debug)]
pub(crate) struct Hangups(Signal);

/// Listens for SIGHUP from now on.
///
/// # Errors
/// The signal cannot be listened for.
pub(crate) fn hangups() -> io::Result<Hangups> {
    signal(SignalKind::hangup()).map(Hangups)
}

impl Stream for Hangups {
    type Item = ();

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<()>> {
        self.0.poll_recv(context)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    #[tokio::test]
    async fn signals_are_heard_from_the_moment_they_are_listened_for() {
        let (stop, mut hangups) = (requested().unwrap(), hangups().unwrap());
        for _ in 0..2 {
            kill_process(getpid(), Signal::HUP).unwrap();
            assert_eq!(hangups.next().await, Some(()));
        }
        kill_process(getpid(), Signal::TERM).unwrap();
        stop.await;
        let stop = requested().unwrap();
        kill_process(getpid(), Signal::INT).unwrap();
        stop.await;
    }
}
