//! How does an indicator run within a program? It reads its input from the bar or from a value, and writes its lines.

use super::graph::{Fixed, Input, NodeId};
use super::names::{Field, Indicator as Name};
use crate::bars::Bar;
use crate::indicators::{
    self, Adx, Atr, Bands, Bollinger, Count, Di, DirectionalIndex, Ema, Extreme, Indicator, Length, Macd, MacdLines,
    Real, Roc, Rsi, Sma, Stdev, Stochastic, StochasticLines, Sum, TrueRange, VolumeRatio, Zscore,
};
use crate::strategy::WarmUp;

/// An indicator with its place in a program.
pub(super) trait Computation: Send {
    /// One more bar.
    fn next(&mut self, bar: &Bar, numbers: &mut [Option<f64>]);

    /// The indicator's own.
    fn warm_up(&self) -> WarmUp;
}

/// What an indicator is to be built of.
pub(super) struct Plan<'p> {
    pub(super) indicator: Name,
    pub(super) input: Input,
    pub(super) arguments: [Option<Fixed>; 3],
    /// The values of the parameters.
    pub(super) values: &'p [f64],
    /// Which of its lines go where.
    pub(super) outputs: Vec<(usize, NodeId)>,
}

impl Plan<'_> {
    pub(super) fn build(self) -> Box<dyn Computation> {
        let n = || self.length(0);
        match self.indicator {
            Name::TrueRange => self.of_bar(TrueRange::new()),
            Name::Atr => self.of_bar(Atr::new(n())),
            Name::Directional => self.of_bar(DirectionalIndex::new(n())),
            Name::Adx => self.of_bar(Adx::new(n())),
            Name::Stochastic => self.of_bar(Stochastic::new(n(), self.length(1), self.length(2))),
            Name::VolumeRatio => boxed(OfField(Field::Volume), VolumeRatio::new(n()), self.outputs),
            Name::Ema | Name::Macd => self.of_real(),
            _ => match self.input {
                Input::Field(field) => self.of_series(OfField(field)),
                Input::Node(id) => self.of_series(OfNode(id)),
                Input::Bar => self.of_series(OfField(Field::Close)),
            },
        }
    }

    fn of_bar<I: Indicator<Input = Bar, Output: Lines> + Send + 'static>(&self, indicator: I) -> Box<dyn Computation> {
        boxed(OfBar, indicator, self.outputs.clone())
    }

    fn of_real(&self) -> Box<dyn Computation> {
        let Input::Node(id) = self.input else {
            unreachable!("invariant: an exponential average is computed of a node")
        };
        let outputs = self.outputs.clone();
        if self.indicator == Name::Ema {
            return boxed(OfNode(id), Ema::new(self.length(0)), outputs);
        }
        boxed(OfNode(id), Macd::new(self.length(0), self.length(1), self.length(2)), outputs)
    }

    fn of_series<S>(self, source: S) -> Box<dyn Computation>
    where
        S: Source<Item: indicators::Input<Sum: 'static, Moments: 'static> + 'static> + Send + 'static,
    {
        let n = self.length(0);
        match self.indicator {
            Name::Ema | Name::Macd => self.of_real(),
            Name::Rsi => boxed(source, Rsi::<S::Item>::new(n), self.outputs),
            Name::Bollinger => boxed(source, Bollinger::<S::Item>::new(n, self.number(1)), self.outputs),
            Name::Zscore => boxed(source, Zscore::<S::Item>::new(n), self.outputs),
            Name::Roc => boxed(source, Roc::<S::Item>::new(n), self.outputs),
            Name::Highest => boxed(source, Extreme::<S::Item>::highest(n), self.outputs),
            Name::Lowest => boxed(source, Extreme::<S::Item>::lowest(n), self.outputs),
            Name::Sum => boxed(source, Sum::<S::Item>::new(n), self.outputs),
            Name::Stdev => boxed(source, Stdev::<S::Item>::new(n), self.outputs),
            _ => boxed(source, Sma::<S::Item>::new(n), self.outputs),
        }
    }

    fn number(&self, index: usize) -> f64 {
        self.arguments[index].map_or(1.0, |fixed| number(fixed, self.values))
    }

    fn length(&self, index: usize) -> Length {
        self.arguments[index].map_or(Length::MAX, |fixed| length(fixed, self.values))
    }
}

/// A literal, or the value of a parameter.
pub(super) fn number(fixed: Fixed, values: &[f64]) -> f64 {
    match fixed {
        Fixed::Number(bits) => bits.into(),
        Fixed::Parameter(index) => values[usize::from(index)],
    }
}

/// A number of bars, which is whole and 1 to 5000: of literals and of the ranges of parameters that was checked.
pub(super) fn length(fixed: Fixed, values: &[f64]) -> Length {
    Length::whole(number(fixed, values)).unwrap_or(Length::MAX)
}

/// Where an indicator's input comes from.
trait Source {
    type Item;

    fn read(&self, bar: &Bar, numbers: &[Option<f64>]) -> Option<Self::Item>;
}

struct OfBar;

impl Source for OfBar {
    type Item = Bar;

    fn read(&self, bar: &Bar, _: &[Option<f64>]) -> Option<Bar> {
        Some(*bar)
    }
}

struct OfField(Field);

impl Source for OfField {
    type Item = Count;

    #[inline]
    fn read(&self, bar: &Bar, _: &[Option<f64>]) -> Option<Count> {
        match self.0 {
            Field::Open => Some(Count::open(bar)),
            Field::High => Some(Count::high(bar)),
            Field::Low => Some(Count::low(bar)),
            Field::Close => Some(Count::close(bar)),
            Field::Volume => Count::volume(bar),
        }
    }
}

struct OfNode(NodeId);

impl Source for OfNode {
    type Item = Real;

    #[inline]
    fn read(&self, _: &Bar, numbers: &[Option<f64>]) -> Option<Real> {
        numbers[self.0.index()].and_then(Real::new)
    }
}

/// What an indicator says, line by line, in the order of the language's fields.
trait Lines {
    fn line(&self, index: usize) -> Option<f64>;
}

impl Lines for f64 {
    #[inline]
    fn line(&self, _: usize) -> Option<f64> {
        Some(*self)
    }
}

impl Lines for MacdLines {
    fn line(&self, index: usize) -> Option<f64> {
        Some([self.line, self.signal, self.hist][index])
    }
}

impl Lines for Bands {
    fn line(&self, index: usize) -> Option<f64> {
        [Some(self.upper), Some(self.middle), Some(self.lower), self.position, self.width][index]
    }
}

impl Lines for StochasticLines {
    fn line(&self, index: usize) -> Option<f64> {
        Some([self.k, self.d][index])
    }
}

impl Lines for Di {
    fn line(&self, index: usize) -> Option<f64> {
        Some([self.plus, self.minus][index])
    }
}

struct Placed<S, I> {
    source: S,
    indicator: I,
    outputs: Vec<(usize, NodeId)>,
}

fn boxed<S, I>(source: S, indicator: I, outputs: Vec<(usize, NodeId)>) -> Box<dyn Computation>
where
    S: Source + Send + 'static,
    I: Indicator<Input = S::Item, Output: Lines> + Send + 'static,
{
    Box::new(Placed { source, indicator, outputs })
}

impl<S, I> Computation for Placed<S, I>
where
    S: Source + Send,
    I: Indicator<Input = S::Item, Output: Lines> + Send,
{
    #[inline]
    fn next(&mut self, bar: &Bar, numbers: &mut [Option<f64>]) {
        let lines = self.indicator.follow(self.source.read(bar, numbers));
        for &(index, output) in &self.outputs {
            numbers[output.index()] = lines.as_ref().and_then(|lines| lines.line(index));
        }
    }

    fn warm_up(&self) -> WarmUp {
        self.indicator.warm_up()
    }
}
