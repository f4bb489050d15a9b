//! What does a name with arguments mean?

use std::str::FromStr as _;

use rust_decimal::Decimal;

use super::{Compiler, MAX_FRAMES, Scope, Value, article};
use crate::counts::counted;
use crate::indicators::Length;
use crate::rule_file::fault::shortened;
use crate::rule_file::graph::{Arithmetic, Bits, Fixed, Frame, Input, NodeId, Op, Pointwise, Type};
use crate::rule_file::names::{
    self, Field, Function, Indicator, Meaning, Result as Answer, Signature, one_of, suggestion,
};
use crate::rule_file::parameters::nearest;
use crate::rule_file::syntax::{Expr, Kind};
use crate::time::Timeframe;

impl Compiler<'_> {
    pub(super) fn call(&mut self, name: &str, arguments: &[Expr], expr: &Expr, scope: Scope) -> Value {
        let place = expr.place;
        match names::meaning(name) {
            Some(Meaning::Function(function)) => {
                let is_pointwise = matches!(function, Function::If | Function::Min | Function::Max | Function::Abs);
                if scope == Scope::Require && !is_pointwise {
                    return self.fault(place, || format!("require knows parameters only, found {name}"));
                }
                if arguments.len() != function.arity() {
                    let (usage, found) = (function.usage(), arguments.len());
                    return self.fault(place, || {
                        format!("{usage} takes {}, found {found}", counted(function.arity(), "argument"))
                    });
                }
                self.function(function, arguments, expr, scope)
            }
            Some(Meaning::Indicator(_)) if scope == Scope::Require => {
                self.fault(place, || format!("require knows parameters only, found {name}"))
            }
            Some(Meaning::Indicator(signature)) if !signature.arguments.is_empty() => {
                if let Answer::Fields(fields) = signature.result {
                    let fields = one_of(fields);
                    return self.fault(place, || format!("{name} has several values; follow it with {fields}"));
                }
                self.indicator(signature, arguments, None, scope, place)
            }
            Some(_) => self.fault(place, || format!("{name} takes no brackets")),
            None if self.lets.iter().any(|known| known.name == name) => {
                self.fault(place, || format!("{name} is a let and takes no arguments"))
            }
            None => {
                let hint = suggestion(name, std::iter::empty());
                self.fault(place, || format!("unknown name {}{hint}", shortened(name)))
            }
        }
    }

    fn function(&mut self, function: Function, arguments: &[Expr], expr: &Expr, scope: Scope) -> Value {
        let place = expr.place;
        let need = |what: &str| format!("{} needs {what}", function.usage());
        match function {
            Function::On => self.on(&arguments[0], &arguments[1], scope),
            Function::Prev => {
                let of = self.value(&arguments[0], scope);
                let n = self.fixed(&arguments[1], function.usage(), "n", false);
                let ((of, kind), n) = of.zip(n)?;
                self.add(Op::Prev { of, n }, kind, scope, place)
            }
            Function::BarsSince => {
                let of = self.part(&arguments[0], scope);
                let of = self.wanted(&of, Type::Bool, &need("a bool first"));
                let n = self.fixed(&arguments[1], function.usage(), "n", false);
                let (of, n) = of.zip(n)?;
                self.add(Op::BarsSince { of, n }, Type::Number, scope, place)
            }
            Function::CrossesAbove | Function::CrossesBelow => {
                let [a, b] = self.numbers(arguments, scope, &need("numbers"))?;
                let is_above = function == Function::CrossesAbove;
                self.add(Op::Crosses { is_above, a, b }, Type::Bool, scope, place)
            }
            Function::Min | Function::Max => {
                let [a, b] = self.numbers(arguments, scope, &need("numbers"))?;
                let which = if function == Function::Min { Arithmetic::Min } else { Arithmetic::Max };
                self.add(Op::Pointwise(Pointwise::Arithmetic(which, a, b)), Type::Number, scope, place)
            }
            Function::Abs => {
                let of = self.part(&arguments[0], scope);
                let of = self.wanted(&of, Type::Number, &need("a number"))?;
                self.add(Op::Pointwise(Pointwise::Abs(of)), Type::Number, scope, place)
            }
            Function::If => self.choice(arguments, scope, place),
        }
    }

    fn numbers(&mut self, arguments: &[Expr], scope: Scope, need: &str) -> Option<[NodeId; 2]> {
        let [a, b] = [0, 1].map(|index| self.part(&arguments[index], scope));
        self.both(&a, &b, Type::Number, need)
    }

    fn choice(&mut self, arguments: &[Expr], scope: Scope, place: usize) -> Value {
        let [c, a, b] = [0, 1, 2].map(|index| self.part(&arguments[index], scope));
        let condition = self.wanted(&c, Type::Bool, "if(c, a, b) needs a bool first");
        let ((one, kind), (other, other_kind)) = a.value.zip(b.value)?;
        if kind != other_kind {
            let (kind, other_kind) = (article(kind), article(other_kind));
            return self
                .fault(a.place, || format!("if(c, a, b) needs a and b of one type, found {kind} and {other_kind}"));
        }
        self.add(Op::Pointwise(Pointwise::If(condition?, one, other)), kind, scope, place)
    }

    fn on(&mut self, frame: &Expr, of: &Expr, scope: Scope) -> Value {
        let place = frame.place;
        let Kind::Text(name) = &frame.kind else {
            let piece = self.found.piece(&frame.at);
            return self
                .fault(place, || format!("on(\"4h\", x) needs a frame in quotation marks first, found {piece}"));
        };
        if scope.frame() != Frame::Own {
            return self.fault(place, || "found on(…) within on(…); frames do not nest".into());
        }
        let Ok(timeframe) = Timeframe::from_str(name) else {
            let name = shortened(name);
            return self.fault(place, || format!("\"{name}\" is no frame, expected 1m, 5m, 15m, 1h, 4h or 1d"));
        };
        let index = self.frames.iter().position(|known| *known == timeframe).unwrap_or(self.frames.len());
        if index == MAX_FRAMES {
            return self.fault(place, || format!("the file has more than {MAX_FRAMES} frames"));
        }
        if index == self.frames.len() {
            self.frames.push(timeframe);
            self.frame_places.push(self.found.place(place));
        }
        self.value(of, Scope::Rule(Frame::Coarser(u8::try_from(index).ok()?)))
    }

    /// `output`: which of its values, where it has several.
    pub(super) fn indicator(
        &mut self,
        signature: &'static Signature,
        arguments: &[Expr],
        output: Option<usize>,
        scope: Scope,
        place: usize,
    ) -> Value {
        let usage = signature.usage();
        let has_series = signature.takes_series && arguments.first().is_some_and(|first| !is_fixed(first));
        let (series, rest) = arguments.split_at(usize::from(has_series));
        let takes_series_first = signature.takes_series && !has_series;
        if let Some(series) = rest.iter().find(|argument| takes_series_first && !is_fixed(argument)) {
            let others = rest.iter().filter(|argument| is_fixed(argument));
            let written: Vec<_> =
                std::iter::once(series).chain(others).map(|part| self.found.piece(&part.at)).collect();
            let (name, written) = (signature.name, written.join(", "));
            return self.fault(series.place, || format!("{usage} takes the series first: {name}({written})"));
        }
        if rest.len() > signature.arguments.len() {
            let most = signature.arguments.len() + usize::from(has_series);
            let without = if takes_series_first { " without x" } else { "" };
            let (arguments, found) = (counted(most, "argument"), arguments.len());
            return self.fault(place, || format!("{usage} takes at most {arguments}{without}, found {found}"));
        }
        let input = match series {
            [series] => self.input(signature, series, scope),
            _ if signature.takes_series => self.close(signature, scope, place),
            _ => Some(Input::Bar),
        };
        let mut given = [None; 3];
        let mut is_whole = true;
        for (index, argument) in signature.arguments.iter().enumerate() {
            given[index] = match (rest.get(index), argument.default) {
                (Some(expr), _) => self.fixed(expr, &usage, argument.name, argument.is_factor),
                (None, Some(default)) => Some(Fixed::Number(Bits::from(default))),
                // The parameter without its $ that stands as the series is told already.
                (None, None) if series.iter().any(|series| !self.hint_of(series).is_empty()) => None,
                (None, None) => self.fault(place, || format!("{usage} needs {}", argument.name)).and(None),
            };
            is_whole &= given[index].is_some();
        }
        let input = input.filter(|_| is_whole)?;
        let op = Op::Indicator { indicator: signature.indicator, input, arguments: given };
        let (of, _) = self.add(op, Type::Number, scope, place)?;
        let index = match signature.result {
            Answer::One(index) => index,
            Answer::Fields(_) => output.unwrap_or_default(),
        };
        self.add(Op::Output { of, index: u8::try_from(index).ok()? }, Type::Number, scope, place)
    }

    /// The hint of a parameter that is written without its $.
    fn hint_of(&self, expr: &Expr) -> String {
        if let Kind::Name(name) = &expr.kind { self.parameter_hint(name) } else { String::new() }
    }

    fn input(&mut self, signature: &Signature, series: &Expr, scope: Scope) -> Option<Input> {
        let series = self.part(series, scope);
        let id = self.wanted(&series, Type::Number, &format!("x of {} must be a number", signature.usage()))?;
        Some(self.exact_input(signature, id, scope))
    }

    fn close(&mut self, signature: &Signature, scope: Scope, place: usize) -> Option<Input> {
        let (id, _) = self.add(Op::Field(Field::Close), Type::Number, scope, place)?;
        Some(self.exact_input(signature, id, scope))
    }

    /// A series of the bar is taken as it is stored by all but the averages that need no sums.
    fn exact_input(&self, signature: &Signature, id: NodeId, scope: Scope) -> Input {
        let node = self.graph.node(id);
        match node.op {
            Op::Field(field)
                if node.frame == scope.frame() && !matches!(signature.indicator, Indicator::Ema | Indicator::Macd) =>
            {
                Input::Field(field)
            }
            _ => Input::Node(id),
        }
    }

    /// A literal or a parameter: a number of bars or a factor.
    fn fixed(&mut self, expr: &Expr, usage: &str, name: &str, is_factor: bool) -> Option<Fixed> {
        let place = expr.place;
        let fixed = match &expr.kind {
            Kind::Number(number) => Some(Fixed::Number(Bits::from(*number))),
            Kind::Minus(inner) => match inner.kind {
                Kind::Number(number) => Some(Fixed::Number(Bits::from(-number))),
                _ => None,
            },
            Kind::Parameter(parameter) => Some(Fixed::Parameter(self.parameter(parameter, place)?)),
            _ => None,
        };
        let Some(fixed) = fixed else {
            let kind = if is_factor { "a number" } else { "a whole number" };
            let (piece, hint) = (self.found.piece(&expr.at), self.hint_of(expr));
            self.found.add(place, || format!("{usage} needs {kind} or a parameter as {name}, found {piece}{hint}"));
            return None;
        };
        let (least, most, is_whole, found) = match fixed {
            Fixed::Number(bits) => {
                let number = f64::from(bits);
                (number, number, number.fract() == 0.0, number.to_string())
            }
            Fixed::Parameter(index) => {
                let parameter = &self.parameters[usize::from(index)];
                let [min, max] = parameter.bounds();
                let found = match parameter.range {
                    Some(_) => format!("${} from {min} to {max}", parameter.name),
                    None => format!("${} = {min}", parameter.name),
                };
                let [least, most] = [min, max].map(|bound: Decimal| nearest(bound));
                (least, most, parameter.is_whole(), found)
            }
        };
        let longest = Length::MAX.bars();
        let needs = match is_factor {
            true if least <= 0.0 => Some(format!("{name} > 0")),
            true => None,
            false if least < 1.0 => Some(format!("{name} >= 1")),
            false if most > longest as f64 => Some(format!("{name} <= {longest}")),
            false if !is_whole => Some(format!("a whole {name}")),
            false => None,
        };
        if let Some(needs) = needs {
            self.found.add(place, || format!("{usage} needs {needs}, found {found}"));
            return None;
        }
        Some(fixed)
    }
}

/// Whether an argument is n: a literal or a parameter.
fn is_fixed(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Number(_) | Kind::Parameter(_) => true,
        Kind::Minus(inner) => matches!(inner.kind, Kind::Number(_)),
        _ => false,
    }
}
