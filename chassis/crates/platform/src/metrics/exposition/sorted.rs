//! In which order are metrics told? By their names, and the series of each by labels, so that two pages can be compared
//! line by line.

use super::text::labels_length;

/// A metric: the lines about it, and its samples with what they are sorted by.
struct Family<'t> {
    name: &'t str,
    about: Vec<&'t str>,
    samples: Vec<(&'t str, &'t str)>,
}

/// The same OpenMetrics text in this order. What belongs to one histogram stays together and in order, as it has to.
pub(crate) fn sorted(openmetrics: &str) -> String {
    let mut families: Vec<Family<'_>> = Vec::new();
    for line in openmetrics.lines() {
        let about = line.strip_prefix("# ").and_then(|words| words.split(' ').nth(1));
        match (about, families.last_mut()) {
            (Some(name), Some(family)) if family.name == name => family.about.push(line),
            (Some(name), _) => families.push(Family { name, about: vec![line], samples: Vec::new() }),
            (None, Some(family)) => family.samples.push((series(line), line)),
            // A sample of which nothing is said.
            (None, None) => families.push(Family { name: "", about: vec![line], samples: Vec::new() }),
        }
    }
    families.sort_by_key(|family| family.name);
    let mut text = String::with_capacity(openmetrics.len());
    for Family { about, mut samples, .. } in families {
        samples.sort_by_key(|(series, _)| *series);
        for line in about.into_iter().chain(samples.into_iter().map(|(_, line)| line)) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// The labels of a sample but for a bucket's limit, `le`, which the encoder writes first.
fn series(line: &str) -> &str {
    let Some((start, length)) = line.find('{').and_then(|start| Some((start, labels_length(&line[start..])?))) else {
        return "";
    };
    let labels = &line[start + 1..start + length - 1];
    let behind_limit = labels.strip_prefix("le=\"").and_then(|limit| limit.split_once('"'));
    behind_limit.map_or(labels, |(_, others)| others.strip_prefix(',').unwrap_or(others))
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode_registry;
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::family::Family;
    use prometheus_client::metrics::histogram::Histogram;
    use prometheus_client::registry::Registry;

    use super::*;

    type Labels = Vec<(&'static str, String)>;

    fn labels(asset: impl ToString) -> Labels {
        vec![("asset", asset.to_string())]
    }

    #[test]
    fn names_and_labels_are_in_order_and_buckets_stay_in_theirs() {
        let mut registry = Registry::default();
        let visits = Family::<Labels, Counter>::default();
        for asset in 0..100 {
            visits.get_or_create(&labels(format!("{:03}", (asset * 37) % 100))).inc();
        }
        registry.register("visits", "Visits", visits);
        let took = Family::<Labels, Histogram>::new_with_constructor(|| Histogram::new([0.5, 10.0]));
        for asset in ["b,le=", "a"] {
            took.get_or_create(&labels(asset)).observe(0.75);
        }
        registry.register("took", "How long", took);
        registry.register("alone", "One", Counter::<u64>::default());
        let mut text = String::new();
        encode_registry(&mut text, &registry).unwrap();
        let text = sorted(&text);
        let lines: Vec<&str> = text.lines().collect();
        let of_took = |asset: &str| {
            let of = |suffix: &str| lines.iter().position(|line| line.starts_with(&format!("took_{suffix}")));
            let bucket = |le: &str| of(&format!("bucket{{le=\"{le}\",asset=\"{asset}\"}}"));
            [of(&format!("sum{{asset=\"{asset}\"}}")), bucket("0.5"), bucket("10.0"), bucket("+Inf")]
                .map(Option::unwrap)
        };
        let (first, second) = (of_took("a"), of_took("b,le="));
        assert!(first[1..].is_sorted() && second[1..].is_sorted(), "{text}");
        assert!(first.iter().max() < second.iter().min(), "the lines of a series stand together: {text}");
        let abouts: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        assert_eq!(abouts, ["alone counter", "took histogram", "visits counter"]);
        let visited: Vec<&str> = lines.iter().copied().filter(|line| line.starts_with("visits_total")).collect();
        let expected: Vec<String> = (0..100).map(|asset| format!("visits_total{{asset=\"{asset:03}\"}} 1")).collect();
        assert_eq!(visited, expected);
        assert_eq!(lines.len(), 3 * 2 + 1 + 2 * 5 + 100, "{text}");
    }

    #[test]
    fn what_is_no_metric_is_kept() {
        assert_eq!(sorted("b 1\n"), "b 1\n");
        assert_eq!(sorted(""), "");
    }
}
