//! How is a long column added up fast, and can it be calculated with at all?

/// Largest magnitude the fits and smoothers accept: sums and products of any column that fits in memory stay finite
/// below it.
pub(crate) const LARGEST: f64 = 1e150;

/// Independent partial sums: enough to keep the adders busy and to let the compiler use vector registers.
const LANES: usize = 8;

/// Sum of `term(v)` over the column, in eight interleaved partial sums.
///
/// Several times faster than a sum in order, which waits for each addition, and its rounding error is an eighth of
/// that.
pub(crate) fn sum(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let (blocks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for block in blocks {
        for (lane, value) in lanes.iter_mut().zip(block) {
            *lane += term(*value);
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane += term(*value);
    }
    lanes.iter().sum()
}

/// The same of values that are made one by one.
pub(crate) fn sum_of(mut values: impl Iterator<Item = f64>) -> f64 {
    let mut lanes = [0.0; LANES];
    'all: loop {
        for lane in &mut lanes {
            let Some(value) = values.next() else { break 'all };
            *lane += value;
        }
    }
    lanes.iter().sum()
}

/// Least and greatest value; (∞, −∞) of none.
pub(crate) fn range(values: &[f64]) -> (f64, f64) {
    let (blocks, rest) = values.as_chunks::<LANES>();
    let (mut low, mut high) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
    for block in blocks.iter().map(<[f64; LANES]>::as_slice).chain([rest]) {
        for (lane, &value) in block.iter().enumerate() {
            low[lane] = low[lane].min(value);
            high[lane] = high[lane].max(value);
        }
    }
    (low.into_iter().fold(f64::INFINITY, f64::min), high.into_iter().fold(f64::NEG_INFINITY, f64::max))
}

/// Index of the first value that is NaN, infinite or beyond [`LARGEST`].
pub(crate) fn first_unusable(values: &[f64]) -> Option<usize> {
    // Asked as "is it within", so that NaN, which compares false with everything, is found too.
    let usable = |value: &f64| value.abs() <= LARGEST;
    // The usual answer is none, and a pass that never stops early is several times faster than one that may.
    if values.iter().fold(true, |all, value| all & usable(value)) {
        return None;
    }
    values.iter().position(|value| !usable(value))
}
