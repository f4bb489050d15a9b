//! What does the service say while it runs? Log lines on standard error, as text or JSON.
//!
//! Start at [`init`]. Standard output belongs to the results; nothing here writes to it. Lines that belong to one
//! request carry its id, which a span has as its field `correlationId`.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::Cell;
use std::fmt::{self, Write as _};
use std::io;
use std::panic::PanicHookInfo;
use std::str::FromStr;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber, debug, error};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// The least severe lines that are written, by the names Python's logging uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Level {
    /// Everything a developer may want to know.
    Debug,
    /// What the service does.
    #[default]
    Info,
    /// What somebody should look at in time.
    Warning,
    /// What failed.
    Error,
    /// The same lines as [`Level::Error`]: nothing here is graver than an error.
    Critical,
}

impl Level {
    /// Every level by its name, the most talkative first.
    pub const NAMES: [&str; 5] = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];

    fn filter(self) -> LevelFilter {
        match self {
            Self::Debug => LevelFilter::DEBUG,
            Self::Info => LevelFilter::INFO,
            Self::Warning => LevelFilter::WARN,
            Self::Error | Self::Critical => LevelFilter::ERROR,
        }
    }
}

/// A text that names no log level.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("found log level {0:?}, expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL")]
pub struct UnknownLevel(String);

impl FromStr for Level {
    type Err = UnknownLevel;

    /// Upper and lower case are the same.
    fn from_str(name: &str) -> Result<Self, UnknownLevel> {
        match name.to_ascii_uppercase().as_str() {
            "DEBUG" => Ok(Self::Debug),
            "INFO" => Ok(Self::Info),
            "WARNING" => Ok(Self::Warning),
            "ERROR" => Ok(Self::Error),
            "CRITICAL" => Ok(Self::Critical),
            _ => Err(UnknownLevel(name.to_owned())),
        }
    }
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// `2026-01-29T00:00:00.000Z WARNING no oil, lamp=hall`; within a request, `, correlationId=…` follows.
    #[default]
    Text,
    /// One JSON object per line: `timestamp`, `level`, `message`, `fields`, and within a request `correlationId`.
    Json,
}

/// Sends the log of this process to standard error from here on, also what a panic says.
///
/// # Errors
/// The log of this process goes elsewhere already.
pub fn init(level: Level, format: Format) -> Result<(), tracing_subscriber::util::TryInitError> {
    subscriber(level, format, io::stderr).try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

thread_local! {
    /// Whether a panic of this thread is told by who catches it.
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Does something whose panics the caller catches and tells: the log itself has them, and where in the code they are,
/// only as lines of [`Level::Debug`].
#[inline]
pub fn told_by_the_catcher<T>(action: impl FnOnce() -> T) -> T {
    /// Sets it back however the action ends.
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            IS_CAUGHT.set(self.0);
        }
    }
    let _before = Before(IS_CAUGHT.replace(true));
    action()
}

/// One line of the log like all others, with the backtrace where `RUST_BACKTRACE` asks for one.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("no message");
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    if IS_CAUGHT.get() {
        return debug!(at, "panicked: {message}");
    }
    let backtrace = Backtrace::capture();
    match backtrace.status() {
        BacktraceStatus::Captured => error!(at, %backtrace, "panicked: {message}"),
        _ => error!(at, "panicked: {message}"),
    }
}

fn subscriber<W>(level: Level, format: Format, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        // A log that cannot be written must not take the service with it: the complaint would go to standard error,
        // too.
        .log_internal_errors(false)
        .with_max_level(level.filter())
        .fmt_fields(CorrelationId)
        .event_format(Lines(format))
        .with_writer(writer)
        .finish()
}

/// Keeps of a span's fields its `correlationId` and nothing else.
struct CorrelationId;

impl<'w> FormatFields<'w> for CorrelationId {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut line = Line::default();
        fields.record(&mut line);
        line.fields.get("correlationId").and_then(Json::as_str).map_or(Ok(()), |id| writer.write_str(id))
    }
}

/// The id of the request that an event belongs to, from the innermost span that has one.
fn correlation_id<S, N>(context: &FmtContext<'_, S, N>) -> Option<String>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    context.event_scope()?.find_map(|span| {
        let extensions = span.extensions();
        let id = &extensions.get::<FormattedFields<N>>()?.fields;
        (!id.is_empty()).then(|| id.clone())
    })
}

/// Writes one event as one line, whatever its texts contain.
struct Lines(Format);

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = Line::default();
        event.record(&mut line);
        let level = name(*event.metadata().level());
        let timestamp = format!("{:.3}", Timestamp::now());
        let id = correlation_id(context);
        match self.0 {
            Format::Json => {
                let Line { message, fields } = line;
                let mut line = json!({ "timestamp": timestamp, "level": level, "message": message, "fields": fields });
                if let Some(id) = id {
                    line["correlationId"] = id.into();
                }
                writeln!(writer, "{line}")
            }
            Format::Text => {
                let id = id.map(|id| format!(", correlationId={id}")).unwrap_or_default();
                writeln!(writer, "{timestamp} {level} {}{id}", line.text())
            }
        }
    }
}

fn name(level: tracing::Level) -> &'static str {
    match level {
        tracing::Level::ERROR => "ERROR",
        tracing::Level::WARN => "WARNING",
        tracing::Level::INFO => "INFO",
        _ => "DEBUG",
    }
}

#[derive(Default)]
struct Line {
    message: String,
    fields: Map<String, Json>,
}

impl Line {
    fn text(&self) -> String {
        let mut text = self.message.clone();
        for (name, value) in &self.fields {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text.push_str(&format!(", {name}={value}"));
        }
        // A fetched or stored text must not be able to write a log line of its own, nor to colour a terminal.
        legible::line(&text)
    }

    fn put(&mut self, field: &Field, value: Json) {
        match (field.name(), value) {
            ("message", Json::String(message)) => self.message = message,
            (name, value) => drop(self.fields.insert(name.to_owned(), value)),
        }
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        // Writing to a string fails only where the value's own formatting does; what it wrote until then is kept.
        let _ = write!(text, "{value:?}");
        self.put(field, text.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{Arc, LazyLock, Mutex};

    use tracing::Dispatch;
    use tracing::subscriber::NoSubscriber;

    use super::*;

    /// A log that is kept in memory.
    #[derive(Clone, Default)]
    pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Lines {
        /// What writes to it.
        pub(crate) fn subscriber(&self, level: Level, format: Format) -> impl Subscriber + Send + Sync + use<> {
            // While tracing knows of one subscriber only, a line that is first reached by a thread without it is off
            // for all.
            static OTHERS: LazyLock<[Dispatch; 2]> =
                LazyLock::new(|| [(); 2].map(|()| Dispatch::new(NoSubscriber::new())));
            LazyLock::force(&OTHERS);
            let writer = self.clone();
            subscriber(level, format, move || writer.clone())
        }

        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines that one event of each level leaves, split after the timestamp.
    fn logged(level: Level, format: Format) -> Vec<(String, String)> {
        let lines = Lines::default();
        tracing::subscriber::with_default(lines.subscriber(level, format), || {
            tracing::debug!(rows = 3_u64, share = 0.5, "read");
            tracing::info!("Loaded configuration from {}", "a.yaml");
            tracing::warn!(lamp = %"hall\n2026 forged \u{1b}[31m \u{202e}", out = true, "no oil");
            tracing::error!(code = -1, "failed");
        });
        let text = lines.text();
        text.lines()
            .map(|line| line.split_once(if format == Format::Text { ' ' } else { ',' }).unwrap())
            .map(owned)
            .collect()
    }

    fn owned((left, right): (&str, &str)) -> (String, String) {
        (left.to_owned(), right.to_owned())
    }

    #[test]
    fn text_lines_carry_pythons_names_and_stay_one_line() {
        let lines = logged(Level::Debug, Format::Text);
        let rest: Vec<&str> = lines.iter().map(|(_, rest)| rest.as_str()).collect();
        assert_eq!(
            rest,
            [
                "DEBUG read, rows=3, share=0.5",
                "INFO Loaded configuration from a.yaml",
                "WARNING no oil, lamp=hall\\n2026 forged \\u{1b}[31m \\u{202e}, out=true",
                "ERROR failed, code=-1",
            ]
        );
        for (timestamp, _) in &lines {
            assert!(timestamp.parse::<Timestamp>().is_ok(), "{timestamp}");
            assert_eq!(timestamp.len(), "2026-01-29T00:00:00.000Z".len(), "milliseconds: {timestamp}");
        }
    }

    #[test]
    fn json_lines_hold_timestamp_level_message_and_fields() {
        let lines = Lines::default();
        tracing::subscriber::with_default(lines.subscriber(Level::Info, Format::Json), || {
            tracing::warn!(lamp = "hall", wicks = 3, "no \"oil\"");
        });
        let mut line: Json = serde_json::from_str(&lines.text()).unwrap();
        assert!(line["timestamp"].take().as_str().unwrap().parse::<Timestamp>().is_ok());
        let expected = json!({ "timestamp": null, "level": "WARNING", "message": "no \"oil\"",
            "fields": { "lamp": "hall", "wicks": 3 } });
        assert_eq!(line, expected);
    }

    #[test]
    fn lines_within_a_request_carry_its_id_and_panics_that_are_told_elsewhere_leave_none() {
        for (format, expected) in [
            (Format::Text, "WARNING outside\nWARNING inside, lamp=hall, correlationId=7f.a\nERROR panicked: oh"),
            (Format::Json, r#"{"correlationId":"7f.a","fields":{"lamp":"hall"},"level":"WARNING","message":"inside","#),
        ] {
            let lines = Lines::default();
            tracing::subscriber::with_default(lines.subscriber(Level::Warning, format), || {
                tracing::warn!("outside");
                let request = tracing::error_span!("request", correlationId = "7f.a", other = 3);
                let inner = request.in_scope(|| tracing::error_span!("inner", step = "x"));
                inner.in_scope(|| tracing::warn!(lamp = "hall", "inside"));
                let hook = std::panic::take_hook();
                std::panic::set_hook(Box::new(log_panic));
                let caught = std::panic::catch_unwind(|| told_by_the_catcher(|| panic!("told elsewhere")));
                let panicked = std::panic::catch_unwind(|| panic!("oh {}", "dear"));
                std::panic::set_hook(hook);
                assert!(caught.is_err() && panicked.is_err());
            });
            let text: String = lines
                .text()
                .lines()
                .map(|line| line.split_once("Z ").map_or(line, |(_, rest)| rest).to_owned() + "\n")
                .collect();
            assert!(text.contains(expected), "{text}");
            assert!(!text.contains("told elsewhere"), "{text}");
        }
    }

    #[test]
    fn a_level_leaves_out_what_is_less_severe() {
        for (name, count) in Level::NAMES.iter().zip([4, 3, 2, 1, 1]) {
            let level = name.to_lowercase().parse().unwrap();
            assert_eq!(logged(level, Format::Text).len(), count, "{name}");
        }
        let error = "loud".parse::<Level>().unwrap_err().to_string();
        assert_eq!(error, "found log level \"loud\", expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL");
    }
}
