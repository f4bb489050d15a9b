//! Is there a trend, and which way? Wilder's directional indicators and the average of their difference.

use super::average::Wilder;
use super::count::Count;
use super::indicator::{Indicator, Length};
use super::input::Input as _;
use super::range::TrueRange;
use crate::bars::Bar;
use crate::strategy::WarmUp;

/// The directional indicators +DI and −DI: 100·S(±DM)/S(true range), 0 where S(true range) is 0. Defined from bar
/// n + 1.
///
/// +DM is the move up from high to high if it is positive and larger than the move down from low to low, else 0; −DM
/// mirrored. S is the sum over the first n − 1 moves, then S − S/n + new at each bar.
/// Source: J. W. Wilder, *New Concepts in Technical Trading Systems* (1978); TA-Lib's PLUS_DI and MINUS_DI.
#[derive(Debug, Clone)]
pub struct DirectionalIndex {
    n: Length,
    range: TrueRange,
    before: Option<Bar>,
    /// Moves seen, up to n.
    moves: usize,
    /// S of the true range, +DM and −DM, in steps of the price.
    sums: [f64; 3],
}

/// What [`DirectionalIndex`] says of a bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Di {
    /// +DI, 0 to 100.
    pub plus: f64,
    /// −DI, 0 to 100.
    pub minus: f64,
}

impl DirectionalIndex {
    /// With sums over about `n` moves.
    #[must_use]
    pub fn new(n: Length) -> Self {
        Self { n, range: TrueRange::new(), before: None, moves: 0, sums: [0.0; 3] }
    }
}

impl Indicator for DirectionalIndex {
    type Input = Bar;
    type Output = Di;

    #[inline]
    fn next(&mut self, bar: Bar) -> Option<Di> {
        let range = self.range.next_steps(&bar);
        let before = self.before.replace(bar);
        let (range, before) = (range?, before?);
        let up = Count::high(&bar).above(Count::high(&before));
        let down = Count::low(&before).above(Count::low(&bar));
        let plus = if up > 0.0 && up > down { up } else { 0.0 };
        let minus = if down > 0.0 && down > up { down } else { 0.0 };
        let n = self.n.as_f64();
        self.moves = (self.moves + 1).min(self.n.bars());
        let is_over = self.moves == self.n.bars();
        for (sum, new) in self.sums.iter_mut().zip([range, plus, minus]) {
            *sum = if is_over { *sum - *sum / n + new } else { *sum + new };
        }
        let [ranges, plus, minus] = self.sums;
        let share = |moves: f64| if ranges == 0.0 { 0.0 } else { 100.0 * (moves / ranges) };
        is_over.then(|| Di { plus: share(plus), minus: share(minus) })
    }

    fn reset(&mut self) {
        *self = Self::new(self.n);
    }

    fn warm_up(&self) -> WarmUp {
        WarmUp { defined: self.n.bars() + 1, settle: 21 * self.n.bars() }
    }
}

/// The average directional index: Wilder's average of DX = 100·|+DI − −DI|/(+DI + −DI), 0 where both are 0. Defined
/// from bar 2n.
///
/// Source: as [`DirectionalIndex`]; TA-Lib's ADX.
#[derive(Debug, Clone)]
pub struct Adx {
    n: Length,
    index: DirectionalIndex,
    average: Wilder,
}

impl Adx {
    /// Over `n` values of DX, with sums over about `n` moves.
    #[must_use]
    pub fn new(n: Length) -> Self {
        Self { n, index: DirectionalIndex::new(n), average: Wilder::new(n) }
    }
}

impl Indicator for Adx {
    type Input = Bar;
    type Output = f64;

    #[inline]
    fn next(&mut self, bar: Bar) -> Option<f64> {
        let Di { plus, minus } = self.index.next(bar)?;
        let both = plus + minus;
        self.average.next(if both == 0.0 { 0.0 } else { 100.0 * ((plus - minus).abs() / both) })
    }

    fn reset(&mut self) {
        self.index.reset();
        self.average.reset();
    }

    fn warm_up(&self) -> WarmUp {
        WarmUp { defined: 2 * self.n.bars(), settle: 42 * self.n.bars() }
    }
}
