//! What does an expression mean? Trees of [`super::syntax`] become nodes of a [`Graph`]; names and types are checked.
//!
//! Start at [`Compiler::rule`]. What is faulty is told once and becomes `None`, so that one cause gives one fault.

mod calls;

use std::ops::Range;
use std::rc::Rc;

use super::fault::{Found, shortened};
use super::graph::{Arithmetic, Bits, Comparison, Fixed, Frame, Graph, NodeId, Op, Pointwise, Type};
use super::names::{self, Meaning, Result as Answer, one_of, suggestion, suggestion_with_field};
use super::parameters::Parameter;
use super::syntax::{Expr, Kind, Sign};
use crate::time::Timeframe;

/// Coarser frames of a file at most.
pub(super) const MAX_FRAMES: usize = 3;

/// A node and what it is; `None` where there was a fault.
pub(super) type Value = Option<(NodeId, Type)>;

/// What an expression may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Everything, on these bars.
    Rule(Frame),
    /// Parameters alone.
    Require,
}

impl Scope {
    fn frame(self) -> Frame {
        match self {
            Self::Rule(frame) => frame,
            Self::Require => Frame::Own,
        }
    }
}

/// A part of an expression that has been compiled.
struct Part {
    value: Value,
    at: Range<usize>,
    place: usize,
}

pub(super) struct Compiler<'t> {
    pub(super) found: Found<'t>,
    pub(super) graph: Graph,
    pub(super) parameters: Vec<Parameter>,
    pub(super) frames: Vec<Timeframe>,
    /// Line and column of the first use of each frame.
    pub(super) frame_places: Vec<(usize, usize)>,
    lets: Vec<Let>,
    /// Names of all lets, for what is used before it is there.
    pub(super) later: Vec<String>,
}

/// An expression with a name.
struct Let {
    name: String,
    expr: Option<Rc<Expr>>,
    /// The lets that it uses, itself among them, one bit each.
    needs: u64,
    own: Value,
    /// Its value on each coarser frame, once that is asked for.
    coarser: [Option<Value>; MAX_FRAMES],
}

impl<'t> Compiler<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            found: Found::new(text),
            graph: Graph::default(),
            parameters: Vec::new(),
            frames: Vec::new(),
            frame_places: Vec::new(),
            lets: Vec::new(),
            later: Vec::new(),
        }
    }

    /// The value of a key, which must be of one type.
    pub(super) fn rule(&mut self, key: &str, expr: &Expr, wanted: Type, scope: Scope) -> Option<NodeId> {
        let part = self.part(expr, scope);
        let (id, kind) = part.value?;
        if kind != wanted {
            let piece = self.found.piece(&part.at);
            self.found
                .add(part.place, || format!("{key} must be {}, found {} ({piece})", article(wanted), article(kind)));
            return None;
        }
        Some(id)
    }

    /// Adds a let; `expr` is `None` where it could not be read.
    pub(super) fn define(&mut self, name: String, expr: Option<Expr>) {
        let own = expr.as_ref().and_then(|expr| self.value(expr, Scope::Rule(Frame::Own)));
        let mut needs = 1 << self.lets.len();
        if let Some(expr) = &expr {
            self.add_needs(expr, &mut needs);
        }
        self.lets.push(Let { name, expr: expr.map(Rc::new), needs, own, coarser: [None; MAX_FRAMES] });
    }

    fn add_needs(&self, expr: &Expr, needs: &mut u64) {
        match &expr.kind {
            Kind::Name(name) => {
                let used = self.lets.iter().find(|known| known.name == *name);
                *needs |= used.map_or(0, |used| used.needs);
            }
            Kind::Call(_, inner) => inner.iter().for_each(|inner| self.add_needs(inner, needs)),
            Kind::Field(inner, _) | Kind::Not(inner) | Kind::Minus(inner) => self.add_needs(inner, needs),
            Kind::Chain(first, rest) => {
                self.add_needs(first, needs);
                rest.iter().for_each(|(_, inner)| self.add_needs(inner, needs));
            }
            Kind::Number(_) | Kind::Bool(_) | Kind::Parameter(_) | Kind::Text(_) => {}
        }
    }

    /// The value of a let. On a coarser frame those that it uses are computed there first, the earliest first.
    fn let_value(&mut self, index: usize, scope: Scope) -> Value {
        let Frame::Coarser(frame) = scope.frame() else { return self.lets[index].own };
        let needs = self.lets[index].needs;
        for needed in (0..=index).filter(|needed| needs & (1 << needed) != 0) {
            let Let { expr, own, coarser, .. } = &self.lets[needed];
            if coarser[usize::from(frame)].is_some() {
                continue;
            }
            let expr = expr.clone().filter(|_| own.is_some()); // a fault of it is not told again
            let value = expr.and_then(|expr| self.value(&expr, scope));
            self.lets[needed].coarser[usize::from(frame)] = Some(value);
        }
        self.lets[index].coarser[usize::from(frame)].flatten()
    }

    fn part(&mut self, expr: &Expr, scope: Scope) -> Part {
        Part { value: self.value(expr, scope), at: expr.at.clone(), place: expr.place }
    }

    fn fault(&mut self, place: usize, text: impl FnOnce() -> String) -> Value {
        self.found.add(place, text);
        None
    }

    fn add(&mut self, op: Op, kind: Type, scope: Scope, place: usize) -> Value {
        self.graph.add(op, kind, scope.frame(), place, &mut self.found).map(|id| (id, kind))
    }

    fn value(&mut self, expr: &Expr, scope: Scope) -> Value {
        if self.found.is_full() {
            return None; // looking for what may be meant costs more than the text
        }
        let place = expr.place;
        match &expr.kind {
            Kind::Number(number) => self.number(*number, scope, place),
            Kind::Bool(value) => self.add(Op::Bool(*value), Type::Bool, scope, place),
            Kind::Parameter(name) => {
                let index = self.parameter(name, place)?;
                self.add(Op::Fixed(Fixed::Parameter(index)), Type::Number, scope, place)
            }
            Kind::Text(_) => {
                self.fault(place, || "found a text; only the first argument of on(\"4h\", x) is one".into())
            }
            Kind::Name(name) => self.name(name, scope, place),
            Kind::Call(name, arguments) => self.call(name, arguments, expr, scope),
            Kind::Field(inner, field) => self.field(inner, field, expr, scope),
            Kind::Not(inner) => {
                let inner = self.part(inner, scope);
                let inner = self.wanted(&inner, Type::Bool, "not needs a bool")?;
                self.add(Op::Pointwise(Pointwise::Not(inner)), Type::Bool, scope, place)
            }
            Kind::Minus(inner) => {
                if let Kind::Number(number) = inner.kind {
                    return self.number(-number, scope, place);
                }
                let inner = self.part(inner, scope);
                let inner = self.wanted(&inner, Type::Number, "- needs a number")?;
                self.add(Op::Pointwise(Pointwise::Minus(inner)), Type::Number, scope, place)
            }
            Kind::Chain(first, rest) => self.chain(first, rest, scope),
        }
    }

    fn number(&mut self, number: f64, scope: Scope, place: usize) -> Value {
        self.add(Op::Fixed(Fixed::Number(Bits::from(number))), Type::Number, scope, place)
    }

    fn parameter(&mut self, name: &str, place: usize) -> Option<u8> {
        let index = self.parameters.iter().position(|parameter| parameter.name == name);
        if index.is_none() {
            let known = self.parameters.iter().map(|parameter| parameter.name.as_str());
            let hint = super::fault::did_you_mean(name, known).replace("mean ", "mean $");
            self.found.add(place, || format!("unknown parameter ${}{hint}", shortened(name)));
        }
        index.and_then(|index| u8::try_from(index).ok())
    }

    /// `; did you mean $n?` where a parameter has this name, and nothing else has.
    fn parameter_hint(&self, name: &str) -> String {
        let is_parameter = self.parameters.iter().any(|parameter| parameter.name == name);
        let is_let = self.later.iter().any(|later| later == name);
        if is_parameter && !is_let { format!("; did you mean ${name}?") } else { String::new() }
    }

    fn name(&mut self, name: &str, scope: Scope, place: usize) -> Value {
        if scope == Scope::Require {
            let hint = self.parameter_hint(name);
            return self.fault(place, || format!("require knows parameters only, found {}{hint}", shortened(name)));
        }
        if let Some(index) = self.lets.iter().position(|known| known.name == name) {
            return self.let_value(index, scope);
        }
        match names::meaning(name) {
            Some(Meaning::Field(field)) => self.add(Op::Field(field), Type::Number, scope, place),
            Some(Meaning::Clock(clock)) => self.add(Op::Clock(clock), Type::Number, scope, place),
            Some(Meaning::Held(_)) if scope.frame() != Frame::Own => {
                self.fault(place, || format!("{name} is not known on another frame; use it outside of on(…)"))
            }
            Some(Meaning::Held(held)) => {
                let kind = if held == names::Held::Is { Type::Bool } else { Type::Number };
                self.add(Op::Held(held), kind, scope, place)
            }
            Some(Meaning::Indicator(signature)) if signature.arguments.is_empty() => {
                self.indicator(signature, &[], None, scope, place)
            }
            Some(Meaning::Indicator(signature)) => {
                self.fault(place, || format!("{name} needs its arguments: {}", signature.usage()))
            }
            Some(Meaning::Function(function)) => {
                self.fault(place, || format!("{name} needs its arguments: {}", function.usage()))
            }
            None => {
                let is_later = self.later.iter().any(|later| later == name);
                let known = self.lets.iter().map(|known| known.name.as_str());
                let hint = match self.parameter_hint(name) {
                    hint if !hint.is_empty() => hint,
                    _ if is_later => "; a let may use earlier ones only".into(),
                    _ => suggestion(name, known),
                };
                self.fault(place, || format!("unknown name {}{hint}", shortened(name)))
            }
        }
    }

    fn field(&mut self, inner: &Expr, field: &str, expr: &Expr, scope: Scope) -> Value {
        if let Kind::Call(name, arguments) = &inner.kind
            && let Some(Meaning::Indicator(signature)) = names::meaning(name)
            && let Answer::Fields(fields) = signature.result
        {
            let Some(index) = fields.iter().position(|known| *known == field) else {
                let (field, fields) = (shortened(field), one_of(fields));
                return self.fault(inner.at.end, || format!("{name} has no .{field}, expected {fields}"));
            };
            return self.indicator(signature, arguments, Some(index), scope, expr.place);
        }
        if let Kind::Call(name, _) | Kind::Name(name) = &inner.kind
            && names::meaning(name).is_none()
            && !self.later.contains(name)
        {
            let hint = suggestion_with_field(name, field);
            return self.fault(inner.place, || format!("unknown name {}{hint}", shortened(name)));
        }
        let piece = self.found.piece(&inner.at);
        let field = shortened(field);
        self.fault(inner.at.end, || format!("found .{field}, but {piece} has one value only"))
    }

    fn chain(&mut self, first: &Expr, rest: &[(Sign, Expr)], scope: Scope) -> Value {
        let mut left = self.part(first, scope);
        for (sign, operand) in rest {
            let right = self.part(operand, scope);
            let at = left.at.start..right.at.end;
            left = Part { value: self.joined(*sign, &left, &right, scope), at, place: left.place };
        }
        left.value
    }

    fn joined(&mut self, sign: Sign, left: &Part, right: &Part, scope: Scope) -> Value {
        let place = left.place;
        let op = match sign {
            Sign::And | Sign::Or => {
                let [a, b] = self.both(left, right, Type::Bool, &format!("{} needs bools", sign.written()))?;
                if sign == Sign::And { Pointwise::And(a, b) } else { Pointwise::Or(a, b) }
            }
            Sign::Equal | Sign::NotEqual => {
                let ((a, one), (b, other)) = left.value.zip(right.value)?;
                if one != other {
                    let [left, right] = [&left.at, &right.at].map(|at| self.found.piece(at));
                    let (sign, one, other) = (sign.written(), article(one), article(other));
                    return self.fault(place, || {
                        format!("{sign} compares two of one type, found {one} ({left}) and {other} ({right})")
                    });
                }
                match (one, sign == Sign::Equal) {
                    (Type::Bool, is_equal) => Pointwise::Same(is_equal, a, b),
                    (Type::Number, true) => Pointwise::Compare(Comparison::Equal, a, b),
                    (Type::Number, false) => Pointwise::Compare(Comparison::NotEqual, a, b),
                }
            }
            _ => {
                let [a, b] = self.both(left, right, Type::Number, &format!("{} needs numbers", sign.written()))?;
                arithmetic(sign, a, b)
            }
        };
        let kind = if matches!(op, Pointwise::Arithmetic(..)) { Type::Number } else { Type::Bool };
        self.add(Op::Pointwise(op), kind, scope, place)
    }

    fn both(&mut self, left: &Part, right: &Part, wanted: Type, need: &str) -> Option<[NodeId; 2]> {
        let (left, right) = (self.wanted(left, wanted, need), self.wanted(right, wanted, need));
        Some([left?, right?])
    }

    /// The node of `part`, which must be of one type; `need` says so.
    fn wanted(&mut self, part: &Part, wanted: Type, need: &str) -> Option<NodeId> {
        let (id, kind) = part.value?;
        if kind == wanted {
            return Some(id);
        }
        let piece = self.found.piece(&part.at);
        self.found.add(part.place, || format!("{need}, found {} ({piece})", article(kind)));
        None
    }
}

/// The operator between two numbers.
fn arithmetic(sign: Sign, a: NodeId, b: NodeId) -> Pointwise {
    match sign {
        Sign::Plus => Pointwise::Arithmetic(Arithmetic::Plus, a, b),
        Sign::Minus => Pointwise::Arithmetic(Arithmetic::Minus, a, b),
        Sign::Times => Pointwise::Arithmetic(Arithmetic::Times, a, b),
        Sign::Over => Pointwise::Arithmetic(Arithmetic::Over, a, b),
        Sign::Less => Pointwise::Compare(Comparison::Less, a, b),
        Sign::LessOrEqual => Pointwise::Compare(Comparison::LessOrEqual, a, b),
        Sign::Greater => Pointwise::Compare(Comparison::Greater, a, b),
        _ => Pointwise::Compare(Comparison::GreaterOrEqual, a, b),
    }
}

fn article(kind: Type) -> &'static str {
    match kind {
        Type::Number => "a number",
        Type::Bool => "a bool",
    }
}
