//! How is the configuration read again, without stopping?
//!
//! Start at [`Reload`]: what a service gives for it, to read, to check and to swap. `on_request` waits for SIGHUP, and
//! where that is wanted for a change of a file. A configuration with a fault is refused as a whole, and the one in effect
//! stays.

mod watched;

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use tracing::{error, info};

use crate::notify;
use watched::Watched;

/// How often the files of a configuration are looked at where that is wanted.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A configuration that is read again while the service runs.
pub trait Reload: Send + Sync + 'static {
    /// What is in the file, checked.
    type Config;

    /// The file that the service was started with.
    fn path(&self) -> &Path;

    /// All files that the configuration in effect is made of.
    fn files(&self) -> Vec<PathBuf> {
        vec![self.path().to_path_buf()]
    }

    /// Whether a change of one of them is enough for it to be read again.
    fn is_watched(&self) -> bool {
        false
    }

    /// Reads the file and checks it, silently.
    ///
    /// # Errors
    /// Every fault, one to a line.
    fn load(&self) -> Result<Self::Config, String>;

    /// Puts a configuration into effect as a whole, or changes nothing.
    ///
    /// # Errors
    /// Why it cannot be put into effect, one reason to a line.
    fn adopt(&self, config: Self::Config) -> Result<(), String>;

    /// The file was read again, and is in effect where `accepted` says so. What is told of it, and what follows from
    /// new settings, belongs here.
    fn reloaded(&self, accepted: bool);
}

/// Reads the configuration again at each of `requests` (see [`hangups`](crate::shutdown::hangups)), and where that is
/// wanted when a file of it changed. What came of it is logged, and systemd is told when it is done.
pub(crate) async fn on_request(source: impl Reload, mut requests: impl Stream<Item = ()> + Send + Unpin) {
    let mut watched = Watched::new(source.files());
    let mut outcome = Outcome::InEffect;
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            request = requests.next() => if request.is_none() { return },
            _ = looks.tick(), if source.is_watched() => {
                // What was wrong may be in a file that the refused configuration names and the one in effect does not.
                let is_mended = || outcome == Outcome::Unreadable && source.load().is_ok();
                if !watched.has_changed() && !is_mended() {
                    continue;
                }
            }
        }
        notify::reloading().await;
        // Looked at before it is read: what is written while it is read is a change of its own.
        watched = Watched::new(source.files());
        outcome = reload(&source);
        // At once, too: nothing may be written to a file that is new to us before it is watched.
        if outcome == Outcome::InEffect {
            watched.add_new(Watched::new(source.files()));
        }
        notify::ready().await;
    }
}

/// What became of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    InEffect,
    /// Its files say something wrong, or cannot be read.
    Unreadable,
    /// Its files are in order, and what they ask for cannot be had.
    NotAdopted,
}

/// Reads the file again and puts it into effect, where that is possible.
fn reload(source: &impl Reload) -> Outcome {
    let path = source.path().display();
    let outcome = match source.load().map(|config| source.adopt(config)) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(refusal)) => Err((Outcome::NotAdopted, refusal)),
        Err(refusal) => Err((Outcome::Unreadable, refusal)),
    };
    match &outcome {
        Ok(()) => info!("Reloaded configuration from {path}"),
        Err((_, refusal)) => {
            for line in refusal.lines() {
                error!("{line}");
            }
            error!("{path} was refused; the configuration read before stays in effect");
        }
    }
    source.reloaded(outcome.is_ok());
    outcome.map_or_else(|(outcome, _)| outcome, |()| Outcome::InEffect)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::{Arc, Mutex};

    use futures_util::stream;
    use tokio::sync::mpsc;

    use super::*;

    /// A file with one number, which may name another file; 13 is refused.
    struct Number {
        path: PathBuf,
        is_watched: bool,
        in_effect: Arc<Mutex<(u32, Vec<PathBuf>)>>,
        outcomes: mpsc::UnboundedSender<bool>,
    }

    impl Reload for Number {
        type Config = (u32, Vec<PathBuf>);

        fn path(&self) -> &Path {
            &self.path
        }

        fn files(&self) -> Vec<PathBuf> {
            self.in_effect.lock().unwrap().1.clone()
        }

        fn is_watched(&self) -> bool {
            self.is_watched
        }

        fn load(&self) -> Result<Self::Config, String> {
            let text = fs::read_to_string(&self.path).map_err(|error| error.to_string())?;
            let (number, other) = text.split_once(' ').unwrap_or((&text, ""));
            let mut files = vec![self.path.clone()];
            if !other.is_empty() {
                files.push(self.path.with_file_name(other));
                fs::read_to_string(&files[1]).map_err(|error| error.to_string())?;
            }
            Ok((number.parse().map_err(|_| format!("found {number}, expected a number"))?, files))
        }

        fn adopt(&self, config: Self::Config) -> Result<(), String> {
            if config.0 == 13 {
                return Err("13 brings bad luck".to_owned());
            }
            *self.in_effect.lock().unwrap() = config;
            Ok(())
        }

        fn reloaded(&self, accepted: bool) {
            self.outcomes.send(accepted).unwrap();
        }
    }

    /// A number that is read again, in a folder of its own.
    struct Running {
        folder: tempfile::TempDir,
        in_effect: Arc<Mutex<(u32, Vec<PathBuf>)>>,
        outcomes: mpsc::UnboundedReceiver<bool>,
        ask: mpsc::UnboundedSender<()>,
    }

    impl Running {
        async fn start(is_watched: bool) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("number");
            fs::write(&path, "1").unwrap();
            let in_effect = Arc::new(Mutex::new((1, vec![path.clone()])));
            let (sender, outcomes) = mpsc::unbounded_channel();
            let (ask, mut asked) = mpsc::unbounded_channel();
            let source = Number { path, is_watched, in_effect: Arc::clone(&in_effect), outcomes: sender };
            tokio::spawn(on_request(source, stream::poll_fn(move |context| asked.poll_recv(context))));
            let mut running = Self { folder, in_effect, outcomes, ask };
            assert!(running.is_left_alone().await);
            running
        }

        fn write(&self, file: &str, text: &str) {
            fs::write(self.folder.path().join(file), text).unwrap();
        }

        fn in_effect(&self) -> u32 {
            self.in_effect.lock().unwrap().0
        }

        /// Whether anything is read again within many looks.
        async fn is_left_alone(&mut self) -> bool {
            tokio::time::timeout(LOOK_EVERY * 50, self.outcomes.recv()).await.is_err()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_a_fault_is_refused_as_a_whole_and_the_rest_is_put_into_effect() {
        let mut running = Running::start(false).await;
        for (text, accepted, in_effect) in
            [("22", true, 22), ("many", false, 22), ("13", false, 22), ("333", true, 333)]
        {
            running.write("number", text);
            assert!(running.is_left_alone().await, "nobody asked for {text}");
            running.ask.send(()).unwrap();
            assert_eq!(running.outcomes.recv().await, Some(accepted), "{text}");
            assert_eq!(running.in_effect(), in_effect);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_of_a_watched_file_is_enough() {
        let mut running = Running::start(true).await;
        running.write("number", "22");
        assert_eq!(running.outcomes.recv().await, Some(true));
        assert_eq!(running.in_effect(), 22);
        assert!(running.is_left_alone().await, "it is read once");
        running.write("other", "a");
        running.write("number", "333 other");
        assert_eq!(running.outcomes.recv().await, Some(true));
        running.write("other", "as well");
        assert_eq!(running.outcomes.recv().await, Some(true), "a file that a reload has brought in is watched, too");
        fs::remove_file(running.folder.path().join("other")).unwrap();
        assert!(running.is_left_alone().await, "a file that is just being replaced is looked at the next time");
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_put_into_effect_is_refused_once() {
        let mut running = Running::start(true).await;
        running.write("number", "13");
        assert_eq!(running.outcomes.recv().await, Some(false));
        assert!(running.is_left_alone().await, "nothing has changed that could mend it");
        running.write("number", "444");
        assert_eq!(running.outcomes.recv().await, Some(true));
        assert_eq!(running.in_effect(), 444);
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_when_nobody_can_ask_any_more() {
        let running = Running::start(false).await;
        let Running { ask, mut outcomes, folder: _folder, .. } = running;
        drop(ask);
        assert_eq!(outcomes.recv().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_file_is_read_again_once_what_it_names_is_mended() {
        let mut running = Running::start(true).await;
        running.write("number", "22 other");
        assert_eq!(running.outcomes.recv().await, Some(false));
        assert!(running.is_left_alone().await);
        running.write("other", "is not watched: the file that names it is not in effect");
        assert_eq!(running.outcomes.recv().await, Some(true));
        assert_eq!(running.in_effect(), 22);
    }
}
