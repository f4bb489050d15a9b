//! What `data` has to tell.

use std::fmt::Display;
use std::path::Path;

use serde_json::{Value, json};
use trading_core::counts::counted;
use trading_core::time::{millis, shown};
use trading_io::bar_file::{BarFile, Listed};
use trading_io::cut::Cut;
use trading_io::market_store::{Imported, Resampled, Stored, Verified};

use crate::commands::Fact;
use crate::data::Import;

/// Of how many gaps and flagged bars there is a line.
const LISTED: usize = 20;

pub(super) fn stored(stored: &Stored) -> Fact {
    let Stored { key, bars, first, last, hash, .. } = stored;
    let source = stored.sources.first().map(|source| source.name.as_str());
    let span = first.zip(*last).map(|(first, last)| format!("{} to {}", shown(first), shown(last)));
    let (span, from) = (span.unwrap_or_default(), legible::line(source.unwrap_or("unknown")));
    let value = json!({
        "series": key.to_string(),
        "bars": bars,
        "first": first.map(millis),
        "last": last.map(millis),
        "from": source,
        "hash": hash.to_string(),
    });
    Fact { value, lines: format!("{key}: {}, {span}, from {from}, hash {hash}\n", counted(*bars, "bar")) }
}

pub(super) fn verified(verified: &Verified) -> Fact {
    let Verified { key, report, broken, disagreements } = verified;
    let span = report.first.zip(report.last).map(|(first, last)| format!(", {} to {}", shown(first), shown(last)));
    let mut lines = format!(
        "{key}: {}{}, {}, {} flat, {} without volume, {} flagged, {} broken, {} that disagree\n",
        counted(report.bars, "bar"),
        span.unwrap_or_default(),
        counted(report.gaps.len(), "gap"),
        report.flat,
        report.zero_volumes,
        report.flagged.len(),
        broken.count,
        disagreements.count
    );
    for gap in report.gaps.iter().take(LISTED) {
        lines += &format!("  gap of {}, {} to {}\n", counted(gap.bars, "bar"), shown(gap.from), shown(gap.to));
    }
    for at in report.flagged.iter().take(LISTED) {
        lines += &format!("  flagged {}\n", shown(*at));
    }
    lines += &line("broken", broken);
    lines += &line("disagree", disagreements);
    let gaps =
        report.gaps.iter().map(|gap| json!({ "from": millis(gap.from), "to": millis(gap.to), "bars": gap.bars }));
    let value = json!({
        "series": key.to_string(),
        "is_sound": verified.is_sound(),
        "bars": report.bars,
        "first": report.first.map(millis),
        "last": report.last.map(millis),
        "gaps": gaps.collect::<Vec<_>>(),
        "flat": report.flat,
        "zero_volumes": report.zero_volumes,
        "flagged": report.flagged.iter().copied().map(millis).collect::<Vec<_>>(),
        "broken": listed(broken),
        "disagreements": listed(disagreements),
    });
    Fact { value, lines }
}

pub(super) fn resampled(resampled: &Resampled) -> Fact {
    let Resampled { made_of, imported } = resampled;
    let (key, added, replaced) = (&imported.key, imported.added, imported.replaced.count);
    let (bars, frame) = (made_of.bars, made_of.timeframe);
    let value = json!({
        "series": key.to_string(),
        "added": added,
        "replaced": replaced,
        "made_of": { "timeframe": frame, "bars": bars },
    });
    let lines = format!(
        "{key}: {} added, {replaced} replaced, made of {} of {frame}\n",
        counted(added, "bar"),
        counted(bars, "bar")
    );
    Fact { value, lines }
}

pub(super) fn imported(path: &Path, Import { file, imported, notes }: &Import) -> Fact {
    let Imported { key, added, equal, replaced, .. } = imported;
    let BarFile { lines: read, rejected, contradicted, .. } = file;
    let value = json!({
        "file": path.to_string_lossy(),
        "series": key.to_string(),
        "lines": read,
        "added": added,
        "equal": equal,
        "replaced": listed(replaced),
        "rejected": listed(rejected),
        "contradicted": listed(contradicted),
        "notes": notes,
    });
    let path = legible::full_path(path);
    let head = format!(
        "{path}: {key}: {}, {} added, {equal} stored already, {} replaced, {} rejected\n",
        counted(*read, "line"),
        counted(*added, "bar"),
        replaced.count,
        rejected.count
    );
    let further = [
        line("rejected", rejected),
        line("said twice, the later line counts", contradicted),
        line("replaced", replaced),
    ];
    let notes: String = notes.iter().map(|note| format!("  {note}\n")).collect();
    Fact { value, lines: head + &further.concat() + &notes }
}

pub(super) fn cut(output: &Path, cut: Cut) -> Fact {
    let Cut { kept, left_out, unreadable } = cut;
    let value =
        json!({ "file": output.to_string_lossy(), "kept": kept, "left_out": left_out, "unreadable": unreadable });
    let output = legible::full_path(output);
    let more = match unreadable {
        0 => String::new(),
        count => format!(", {count} of which the time cannot be read left out, too"),
    };
    let lines = format!("{output}: {} kept, {left_out} left out{more}\n", counted(kept, "line"));
    Fact { value, lines }
}

/// How many there are, and the first in words.
fn listed<T: Display>(listed: &Listed<T>) -> Value {
    json!({ "count": listed.count, "first": listed.first.iter().map(ToString::to_string).collect::<Vec<_>>() })
}

/// A line about many things; none where there are none.
fn line<T: Display>(what: &str, listed: &Listed<T>) -> String {
    if listed.count > 0 { format!("  {what}: {listed}\n") } else { String::new() }
}
