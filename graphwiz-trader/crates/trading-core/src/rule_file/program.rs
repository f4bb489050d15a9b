//! What does a rule file say of each bar? Its nodes run one after the other, and each remembers what it looks back at.

use rust_decimal::Decimal;

use super::computation::{Plan, length, number};
use super::frame::Gathering;
use super::graph::{Frame, Graph, Node, NodeId, Op, Type};
use super::parameters::nearest;
use super::sections::Draft;
use super::step::{Slots, Step, pointwise};
use crate::bars::Bar;
use crate::exact::decimal_of_f64;
use crate::indicators::window::Window;
use crate::strategy::{Position, Signal, Strategy, WarmUp};

/// A rule file at work on one instrument, with the values of its parameters.
///
/// One bar costs as many steps as the file has different parts.
pub struct Program {
    pub(super) own: Vec<Step>,
    frames: Vec<(Gathering, Vec<Step>)>,
    pub(super) slots: Slots,
    pub(super) enter: NodeId,
    exit: Option<NodeId>,
    pub(super) size: Option<NodeId>,
    limit: Option<NodeId>,
    valid_bars: u32,
    warm_up: WarmUp,
}

impl Program {
    pub(super) fn new(draft: &Draft, values: &[Decimal], warm_up: WarmUp) -> Self {
        let numbers: Vec<f64> = values.iter().copied().map(nearest).collect();
        let graph = &draft.graph;
        let roots = [Some(draft.enter), draft.exit, draft.size, draft.limit];
        let is_needed = graph.needed(roots.into_iter().flatten());
        let mut program = Self {
            own: Vec::new(),
            frames: draft.frames.iter().map(|frame| (Gathering::new(*frame), Vec::new())).collect(),
            slots: constants(graph, &numbers),
            enter: draft.enter,
            exit: draft.exit,
            size: draft.size,
            limit: draft.limit,
            valid_bars: draft.valid_bars.whole(values),
            warm_up,
        };
        for id in graph.ids().filter(|id| is_needed[id.index()]) {
            let node = graph.node(id);
            if let Some(step) = step(graph, id, node, &numbers) {
                match node.frame {
                    Frame::Own => program.own.push(step),
                    Frame::Coarser(index) => program.frames[usize::from(index)].1.push(step),
                }
            }
        }
        program
    }

    /// What `enter` is at the newest bar; `None`: undefined.
    #[must_use]
    pub fn enter(&self) -> Option<bool> {
        self.slots.bool(self.enter)
    }

    fn entry(&self) -> Signal {
        let size = self.size.map_or(Some(1.0), |size| self.slots.numbers[size.index()]).filter(|size| *size > 0.0);
        let Some(size) = size.map(|size| size.min(1.0)) else { return Signal::None };
        let Some(limit) = self.limit else { return Signal::Buy { size } };
        let price = self.slots.numbers[limit.index()].filter(|price| *price > 0.0).and_then(decimal_of_f64);
        price.map_or(Signal::None, |price| Signal::BuyLimit { price, valid_bars: self.valid_bars, size })
    }
}

impl Strategy for Program {
    fn warm_up(&self) -> WarmUp {
        self.warm_up
    }

    #[inline]
    fn on_bar(&mut self, bar: &Bar, position: Option<&Position>) -> Signal {
        for (gathering, steps) in &mut self.frames {
            for closed in gathering.add(bar).into_iter().flatten() {
                steps.iter_mut().for_each(|step| step.run(&closed, None, &mut self.slots));
            }
        }
        self.own.iter_mut().for_each(|step| step.run(bar, position, &mut self.slots));
        let is_exit = self.exit.and_then(|exit| self.slots.bool(exit)) == Some(true);
        match (self.enter() == Some(true), is_exit) {
            // While flat a sale does no more than to call an entry back, so the new entry is what counts.
            (true, false) => self.entry(),
            (true, true) if position.is_none() => self.entry(),
            (_, true) => Signal::Sell,
            (false, false) => Signal::None,
        }
    }
}

/// The values of all nodes before the first bar: those of the constants.
pub(super) fn constants(graph: &Graph, values: &[f64]) -> Slots {
    let count = graph.nodes().len();
    let mut slots = Slots { numbers: vec![None; count], bools: vec![None; count] };
    for id in graph.ids() {
        match graph.node(id) {
            Node { op: Op::Fixed(fixed), .. } => slots.numbers[id.index()] = Some(number(fixed, values)),
            Node { op: Op::Bool(value), .. } => slots.bools[id.index()] = Some(value),
            Node { op: Op::Pointwise(op), is_constant: true, kind, .. } => pointwise(op, kind, id, &mut slots),
            _ => {}
        }
    }
    slots
}

/// How the node is computed at each bar. Constants are not, nor are lines, which their indicator writes.
fn step(graph: &Graph, id: NodeId, node: Node, values: &[f64]) -> Option<Step> {
    let step = match node.op {
        Op::Pointwise(op) if !node.is_constant => Step::Pointwise(op, node.kind, id),
        Op::Pointwise(_) | Op::Fixed(_) | Op::Bool(_) | Op::Output { .. } => return None,
        Op::Field(field) => Step::Field(field, id),
        Op::Clock(clock) => Step::Clock(clock, id),
        Op::Held(held) => Step::Held(held, id),
        Op::Indicator { .. } => Step::Indicator(plan(graph, id, values)?.build()),
        Op::Prev { of, n } if node.kind == Type::Number => {
            Step::PrevNumber { of, before: Window::new(length(n, values)), to: id }
        }
        Op::Prev { of, n } => Step::PrevBool { of, before: Window::new(length(n, values)), to: id },
        Op::BarsSince { of, n } => {
            let n = u32::try_from(length(n, values).bars()).unwrap_or(u32::MAX);
            Step::BarsSince { of, n, since: None, to: id }
        }
        Op::Crosses { is_above, a, b } => Step::Crosses { is_above, a, b, before: None, to: id },
    };
    Some(step)
}

/// What the indicator at `id` is built of, with all of its lines that the file uses.
pub(super) fn plan<'p>(graph: &Graph, id: NodeId, values: &'p [f64]) -> Option<Plan<'p>> {
    let Op::Indicator { indicator, input, arguments } = graph.node(id).op else { return None };
    let line = |output: NodeId| match graph.node(output).op {
        Op::Output { of, index } if of == id => Some((usize::from(index), output)),
        _ => None,
    };
    let outputs = graph.ids().skip(id.index()).filter_map(line).collect();
    Some(Plan { indicator, input, arguments, values, outputs })
}
