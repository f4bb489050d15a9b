//! From OpenMetrics to Prometheus' text format 0.0.4, line by line.

use std::collections::HashMap;

/// The same metrics in the Prometheus text format 0.0.4.
///
/// `openmetrics` is OpenMetrics 1.0 text, with or without its end mark. Counters are called by the name of their
/// samples (`…_total`), infos and state sets become gauges, unknown types untyped; timestamps become milliseconds.
/// Units, exemplars and creation times have no place in the older format and are left out; so is a line that is not
/// OpenMetrics.
pub(crate) fn to_text_0_0_4(openmetrics: &str) -> String {
    let types: HashMap<&str, &str> =
        openmetrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    let mut text = String::with_capacity(openmetrics.len());
    for line in openmetrics.lines() {
        let converted = match line.strip_prefix('#') {
            Some(comment) => describe(comment, &types, &mut text),
            None => sample(line, &types, &mut text),
        };
        if converted.is_some() {
            text.push('\n');
        }
    }
    text
}

/// Writes a HELP or TYPE line; `None` for every other comment.
fn describe(comment: &str, types: &HashMap<&str, &str>, text: &mut String) -> Option<()> {
    let (keyword, rest) = comment.strip_prefix(' ')?.split_once(' ')?;
    let (name, words) = rest.split_once(' ').unwrap_or((rest, ""));
    let kind = types.get(name).copied().unwrap_or("unknown");
    let (suffix, kind) = match kind {
        "counter" => ("_total", "counter"),
        "info" => ("_info", "gauge"),
        "stateset" => ("", "gauge"),
        "gauge" | "histogram" | "summary" => ("", kind),
        _ => ("", "untyped"),
    };
    match keyword {
        // The older format knows no escaped quotes in a help text.
        "HELP" => text.extend(["# HELP ", name, suffix, " ", &unquoted(words)]),
        "TYPE" => text.extend(["# TYPE ", name, suffix, " ", kind]),
        _ => return None,
    }
    Some(())
}

/// `words` with `\"` as `"`; the other escapes, `\\` and `\n`, are the same in both formats.
fn unquoted(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    let mut chars = words.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('"')) => {}
            ('\\', Some('\\')) => {
                text.push_str("\\\\");
                chars.next();
            }
            _ => text.push(c),
        }
    }
    text
}

/// Writes a sample without its exemplar; `None` where there is no sample, or only in OpenMetrics.
fn sample(line: &str, types: &HashMap<&str, &str>, text: &mut String) -> Option<()> {
    let name = line.split(['{', ' ']).next().filter(|name| !name.is_empty())?;
    let has_creation_time = |base| matches!(types.get(base), Some(&("counter" | "histogram" | "summary")));
    if name.strip_suffix("_created").is_some_and(has_creation_time) {
        return None;
    }
    let labels = labels_length(&line[name.len()..])?;
    let (series, rest) = line.split_at(name.len() + labels);
    let mut words = rest.split_whitespace();
    let value = words.next().filter(|value| value.parse::<f64>().is_ok())?;
    text.extend([series, " ", value]);
    let timestamp = words.next().filter(|word| *word != "#").and_then(|seconds| seconds.parse::<f64>().ok());
    if let Some(seconds) = timestamp {
        text.push_str(&format!(" {:.0}", seconds * 1000.0));
    }
    Some(())
}

/// The length of the label set at the beginning of `rest`, 0 where there is none; `None` where it does not end.
pub(super) fn labels_length(rest: &str) -> Option<usize> {
    if !rest.starts_with('{') {
        return Some(0);
    }
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (index, byte) in rest.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_quoted,
            b'"' => is_quoted = !is_quoted,
            b'}' if !is_quoted => return Some(index + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::exemplar::CounterWithExemplar;
    use prometheus_client::metrics::family::Family;
    use prometheus_client::metrics::gauge::Gauge;
    use prometheus_client::metrics::histogram::Histogram;
    use prometheus_client::metrics::info::Info;
    use prometheus_client::registry::{Registry, Unit};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_the_registry_writes_becomes_the_older_format() {
        let mut registry = Registry::default();
        let requests = Family::<Vec<(String, String)>, Counter>::default();
        requests.get_or_create(&vec![("path".to_owned(), "a \"b\" \\ # {x} \n é".to_owned())]).inc();
        registry.register("requests", "Requests", requests);
        let traced = CounterWithExemplar::<Vec<(String, String)>>::default();
        traced.inc_by(3, Some(vec![("trace".to_owned(), "} # 1".to_owned())]), None);
        registry.register("traced", "Traced requests", traced);
        let age = Gauge::<f64, std::sync::atomic::AtomicU64>::default();
        age.set(-0.5);
        registry.register_with_unit("age", "Age", Unit::Seconds, age);
        let took = Histogram::new([0.5, 1.0]);
        took.observe(0.75);
        registry.register_with_unit("took", "Duration", Unit::Seconds, took);
        registry.register("build", "Version", Info::new(vec![("version", "0.1.0")]));
        let mut openmetrics = String::new();
        encode(&mut openmetrics, &registry).unwrap();
        let expected = r##"# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{path="a \"b\" \\ # {x} \n é"} 1
# HELP traced_total Traced requests.
# TYPE traced_total counter
traced_total 3
# HELP age_seconds Age.
# TYPE age_seconds gauge
age_seconds -0.5
# HELP took_seconds Duration.
# TYPE took_seconds histogram
took_seconds_sum 0.75
took_seconds_count 1
took_seconds_bucket{le="0.5"} 0
took_seconds_bucket{le="1.0"} 1
took_seconds_bucket{le="+Inf"} 1
# HELP build_info Version.
# TYPE build_info gauge
build_info{version="0.1.0"} 1
"##;
        assert_eq!(to_text_0_0_4(&openmetrics), expected);
    }

    #[test]
    fn what_only_openmetrics_knows_is_translated_or_left_out() {
        let openmetrics = "# TYPE a counter\n# HELP a Says \\\"a\\\", \\\\\" and \\n.\na_total 1 1520879607.789 # {t=\"x\"} 0.5 1.5\n\
                           a_created 1.5\n# TYPE s stateset\ns{s=\"on\"} 1\n# TYPE u unknown\n# UNIT u bytes\nu_created 2\n\
                           # HELP u\nnot a sample{\n\n# EOF\n";
        let expected = "# TYPE a_total counter\n# HELP a_total Says \"a\", \\\\\" and \\n.\na_total 1 1520879607789\n\
                        # TYPE s gauge\ns{s=\"on\"} 1\n# TYPE u untyped\nu_created 2\n# HELP u \n";
        assert_eq!(to_text_0_0_4(openmetrics), expected);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_no_label_value_breaks_a_line(text in any::<String>(), value in any::<String>()) {
            to_text_0_0_4(&text);
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let line = format!("m{{v=\"{escaped}\"}} 1");
            prop_assume!(!value.contains('\r'));
            prop_assert_eq!(to_text_0_0_4(&format!("{line} # {{e=\"{escaped}\"}} 2\n")), format!("{line}\n"));
        }
    }
}
