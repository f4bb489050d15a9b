//! How many bars does a file need? Derived from its nodes, the operands of each first.

use super::computation::length;
use super::graph::{Frame, Graph, NodeId, Op};
use super::program::plan;
use crate::strategy::WarmUp;
use crate::time::Timeframe;

/// What a value needs that is there at once.
const NOTHING: WarmUp = WarmUp { defined: 1, settle: 1 };

/// The warm-up of all of `roots`: on a coarser frame its bars times the own bars in one of them, and one of them more,
/// since the first may be cut.
pub(super) fn warm_up(
    graph: &Graph,
    roots: &[NodeId],
    values: &[f64],
    frames: &[Timeframe],
    timeframe: Timeframe,
) -> WarmUp {
    let own_bars = |frame: u8| {
        let bars = frames[usize::from(frame)].micros() / timeframe.micros();
        usize::try_from(bars).unwrap_or(1)
    };
    let seen_from = |frame: Frame, of: NodeId, known: &[WarmUp]| {
        let WarmUp { defined, settle } = known[of.index()];
        match (frame, graph.node(of).frame) {
            (Frame::Own, Frame::Coarser(coarser)) => {
                let bars = own_bars(coarser);
                WarmUp { defined: defined * bars + bars, settle: settle * bars + bars }
            }
            _ => WarmUp { defined, settle },
        }
    };
    let mut known: Vec<WarmUp> = Vec::with_capacity(graph.nodes().len());
    let is_needed = graph.needed(roots.iter().copied());
    for id in graph.ids() {
        let node = graph.node(id);
        let operands = node.op.operands().map(|operand| seen_from(node.frame, operand, &known));
        let before = operands.fold(NOTHING, most);
        let added = match node.op {
            Op::Indicator { .. } if is_needed[id.index()] => {
                plan(graph, id, values).map_or(NOTHING, |plan| plan.build().warm_up())
            }
            Op::Prev { n, .. } | Op::BarsSince { n, .. } => bars(length(n, values).bars() + 1),
            Op::Crosses { .. } => bars(2),
            _ => NOTHING,
        };
        // The first bar of the one is the last of the other.
        known.push(WarmUp { defined: before.defined + added.defined - 1, settle: before.settle + added.settle - 1 });
    }
    roots.iter().map(|root| seen_from(Frame::Own, *root, &known)).fold(NOTHING, most)
}

fn bars(count: usize) -> WarmUp {
    WarmUp { defined: count, settle: count }
}

fn most(a: WarmUp, b: WarmUp) -> WarmUp {
    WarmUp { defined: a.defined.max(b.defined), settle: a.settle.max(b.settle) }
}
