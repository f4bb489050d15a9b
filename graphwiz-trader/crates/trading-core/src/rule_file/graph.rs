//! What is to be computed? A file's expressions as one list, equal parts once, each after what it needs.

use std::collections::HashMap;

use super::fault::Found;
use super::names::{Clock, Field, Held, Indicator};

/// Nodes of a program at most.
pub(super) const MAX_NODES: usize = 1000;
/// Indicators among them at most.
pub(super) const MAX_INDICATORS: usize = 100;

/// The place of a node in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NodeId(u16);

impl NodeId {
    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Type {
    Number,
    Bool,
}

/// The bars that a node is computed on: the strategy's own, or the n-th coarser frame of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Frame {
    Own,
    Coarser(u8),
}

/// One step of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub(super) op: Op,
    pub(super) frame: Frame,
    pub(super) kind: Type,
    /// Whether it is the same at every bar. Constants belong to no frame, and say [`Frame::Own`].
    pub(super) is_constant: bool,
}

/// A number that is known before the first bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Fixed {
    Number(Bits),
    /// By its place among the parameters.
    Parameter(u8),
}

/// A number that can be looked up: equal where its bits are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Bits(u64);

impl From<f64> for Bits {
    fn from(number: f64) -> Self {
        Self(number.to_bits())
    }
}

impl From<Bits> for f64 {
    fn from(bits: Bits) -> Self {
        Self::from_bits(bits.0)
    }
}

/// What an indicator is computed of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Input {
    Bar,
    /// A series of the bar itself, whose whole counts are summed exactly.
    Field(Field),
    Node(NodeId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Op {
    Fixed(Fixed),
    Bool(bool),
    Field(Field),
    Clock(Clock),
    Held(Held),
    /// What it says is in its [`Op::Output`]s.
    Indicator {
        indicator: Indicator,
        input: Input,
        arguments: [Option<Fixed>; 3],
    },
    Output {
        of: NodeId,
        index: u8,
    },
    Prev {
        of: NodeId,
        n: Fixed,
    },
    BarsSince {
        of: NodeId,
        n: Fixed,
    },
    Crosses {
        is_above: bool,
        a: NodeId,
        b: NodeId,
    },
    Pointwise(Pointwise),
}

/// What follows from other values of the same bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Pointwise {
    Minus(NodeId),
    Abs(NodeId),
    Arithmetic(Arithmetic, NodeId, NodeId),
    Compare(Comparison, NodeId, NodeId),
    /// Whether two bools are equal, or whether they are not.
    Same(bool, NodeId, NodeId),
    Not(NodeId),
    And(NodeId, NodeId),
    Or(NodeId, NodeId),
    If(NodeId, NodeId, NodeId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Arithmetic {
    Plus,
    Minus,
    Times,
    Over,
    Min,
    Max,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

/// The nodes of a program so far.
#[derive(Debug, Default, Clone)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    known: HashMap<Node, NodeId>,
    indicators: usize,
    is_full: bool,
}

impl Graph {
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(super) fn node(&self, id: NodeId) -> Node {
        self.nodes[id.index()]
    }

    pub(super) fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..self.nodes.len()).filter_map(|index| u16::try_from(index).ok()).map(NodeId)
    }

    /// The node of `op`: an old one where there is an equal one. Where there are too many it is `None`, which is told
    /// once, at `place`.
    pub(super) fn add(
        &mut self,
        op: Op,
        kind: Type,
        frame: Frame,
        place: usize,
        found: &mut Found<'_>,
    ) -> Option<NodeId> {
        let is_constant = match op {
            Op::Fixed(_) | Op::Bool(_) => true,
            Op::Pointwise(_) => op.operands().all(|operand| self.node(operand).is_constant),
            _ => false,
        };
        let frame = if is_constant { Frame::Own } else { frame };
        let node = Node { op, frame, kind, is_constant };
        if let Some(id) = self.known.get(&node) {
            return Some(*id);
        }
        let is_indicator = matches!(op, Op::Indicator { .. });
        self.indicators += usize::from(is_indicator);
        let too_many = [
            (self.nodes.len() == MAX_NODES, MAX_NODES, "parts"),
            (self.indicators > MAX_INDICATORS, MAX_INDICATORS, "indicators"),
        ];
        if let Some((_, most, what)) = too_many.into_iter().find(|(is_over, ..)| *is_over) {
            if !std::mem::replace(&mut self.is_full, true) {
                found.add(place, || format!("the file has more than {most} {what}; equal ones count once"));
            }
            return None;
        }
        let id = NodeId(u16::try_from(self.nodes.len()).ok()?);
        self.nodes.push(node);
        self.known.insert(node, id);
        Some(id)
    }

    /// For each node whether one of `roots` needs it.
    pub(super) fn needed(&self, roots: impl Iterator<Item = NodeId>) -> Vec<bool> {
        let mut is_needed = vec![false; self.nodes.len()];
        roots.for_each(|root| is_needed[root.index()] = true);
        for id in self.ids().rev() {
            if is_needed[id.index()] {
                self.node(id).op.operands().for_each(|operand| is_needed[operand.index()] = true);
            }
        }
        is_needed
    }
}

impl Op {
    /// The nodes that it is computed from.
    pub(super) fn operands(self) -> impl Iterator<Item = NodeId> {
        let operands = match self {
            Self::Fixed(_) | Self::Bool(_) | Self::Field(_) | Self::Clock(_) | Self::Held(_) => [None; 3],
            Self::Indicator { input: Input::Node(of), .. } => [Some(of), None, None],
            Self::Indicator { input: Input::Bar | Input::Field(_), .. } => [None; 3],
            Self::Output { of, .. } | Self::Prev { of, .. } | Self::BarsSince { of, .. } => [Some(of), None, None],
            Self::Crosses { a, b, .. } => [Some(a), Some(b), None],
            Self::Pointwise(op) => match op {
                Pointwise::Minus(a) | Pointwise::Abs(a) | Pointwise::Not(a) => [Some(a), None, None],
                Pointwise::Arithmetic(_, a, b)
                | Pointwise::Compare(_, a, b)
                | Pointwise::Same(_, a, b)
                | Pointwise::And(a, b)
                | Pointwise::Or(a, b) => [Some(a), Some(b), None],
                Pointwise::If(c, a, b) => [Some(c), Some(a), Some(b)],
            },
        };
        operands.into_iter().flatten()
    }
}
