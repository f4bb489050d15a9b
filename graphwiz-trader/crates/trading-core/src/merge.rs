//! What is stored after more bars came in?
//!
//! Start at [`merge`]: of two bars at one time the new one stays, and where it differs that is told.

use std::cmp::Ordering;

use crate::bars::Record;

/// A stored bar that a later one took the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// What was stored.
    pub before: Record,
    /// What is stored now.
    pub after: Record,
}

/// Two series on one scale as one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Merged {
    /// All bars, oldest first, no open time twice.
    pub records: Vec<Record>,
    /// How many came in at times that had none.
    pub added: usize,
    /// How many were there already, the same.
    pub equal: usize,
    /// Those that took the place of another.
    pub replaced: Vec<Replaced>,
}

/// Puts `new` over `old`; each oldest first, no open time twice, and both on the same scale.
#[must_use]
pub fn merge(old: &[Record], new: &[Record]) -> Merged {
    let mut merged = Merged { records: Vec::with_capacity(old.len() + new.len()), ..Merged::default() };
    let (mut olds, mut news) = (old, new);
    while let ([before, older @ ..], [after, newer @ ..]) = (olds, news) {
        match before.open_time.cmp(&after.open_time) {
            Ordering::Less => {
                merged.records.push(*before);
                olds = older;
                continue;
            }
            Ordering::Greater => merged.added += 1,
            Ordering::Equal => {
                if before == after {
                    merged.equal += 1;
                } else {
                    merged.replaced.push(Replaced { before: *before, after: *after });
                }
                olds = older;
            }
        }
        merged.records.push(*after);
        news = newer;
    }
    merged.added += news.len();
    merged.records.extend_from_slice(olds);
    merged.records.extend_from_slice(news);
    merged
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn series(bars: &BTreeMap<i64, i64>) -> Vec<Record> {
        bars.iter().map(|(at, close)| bar(*at, *close)).collect()
    }

    fn bar(open_time: i64, close: i64) -> Record {
        Record { open_time, open: 1, high: 9, low: 1, close, volume: 0 }
    }

    #[test]
    fn the_new_bar_stays_and_is_told_where_it_differs() {
        let merged = merge(&[bar(1, 1), bar(2, 1), bar(4, 1)], &[bar(0, 1), bar(2, 2), bar(3, 1), bar(4, 1)]);
        assert_eq!(merged.records, [bar(0, 1), bar(1, 1), bar(2, 2), bar(3, 1), bar(4, 1)]);
        assert_eq!((merged.added, merged.equal), (2, 1));
        assert_eq!(merged.replaced, [Replaced { before: bar(2, 1), after: bar(2, 2) }]);
    }

    proptest! {
        #[test]
        fn merging_is_what_a_map_does_and_a_second_time_nothing(
            old in prop::collection::btree_map(0..30_i64, 1..3_i64, 0..20),
            new in prop::collection::btree_map(0..30_i64, 1..3_i64, 0..20),
        ) {
            let first = merge(&series(&old), &series(&new));
            let mut both = old.clone();
            both.extend(new.clone());
            prop_assert_eq!(&first.records, &series(&both));
            prop_assert_eq!(first.added, both.len() - old.len());
            prop_assert_eq!(first.added + first.equal + first.replaced.len(), new.len());
            let again = merge(&first.records, &series(&new));
            prop_assert_eq!((again.added, again.replaced.len(), again.equal), (0, 0, new.len()));
            prop_assert_eq!(again.records, first.records);
        }
    }
}
