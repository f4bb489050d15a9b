//! What does an expression say? Its words as a tree.
//!
//! Start at [`parse`]. Method: one function a line of the grammar. An operator's operands are a list, so that only
//! brackets and signs nest, and no more than 64 of them.

use std::ops::Range;

use super::fault::{Found, shortened};
use super::lexer::{self, Token, Word};
use super::names;
use super::yaml::Scalar;

/// How deep an expression nests at most.
pub(super) const MAX_DEPTH: usize = 64;

/// A part of an expression and where it stands in the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expr {
    pub(super) kind: Kind,
    pub(super) at: Range<usize>,
    /// Where a fault of it is told: within its brackets.
    pub(super) place: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Number(f64),
    Bool(bool),
    Parameter(String),
    /// Only an argument.
    Text(String),
    Name(String),
    Call(String, Vec<Expr>),
    Field(Box<Expr>, String),
    Not(Box<Expr>),
    Minus(Box<Expr>),
    /// Operators of one rank, from the left.
    Chain(Box<Expr>, Vec<(Sign, Expr)>),
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Or,
    And,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    Plus,
    Minus,
    Times,
    Over,
}

/// How tight an operator binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    Or,
    And,
    Comparison,
    Sum,
    Product,
}

impl Sign {
    pub(super) fn written(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Over => "/",
        }
    }

    const ALL: [Self; 12] = [
        Self::Or,
        Self::And,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::Equal,
        Self::NotEqual,
        Self::Plus,
        Self::Minus,
        Self::Times,
        Self::Over,
    ];

    fn rank(self) -> Rank {
        match self {
            Self::Or => Rank::Or,
            Self::And => Rank::And,
            Self::Plus | Self::Minus => Rank::Sum,
            Self::Times | Self::Over => Rank::Product,
            _ => Rank::Comparison,
        }
    }
}

impl Expr {
    fn new(kind: Kind, at: Range<usize>) -> Self {
        Self { kind, place: at.start, at }
    }
}

/// The tree of `scalar`; `None` where there is a fault, which is told.
pub(super) fn parse(scalar: &Scalar, found: &mut Found<'_>) -> Option<Expr> {
    let tokens = lexer::words(scalar, found)?;
    let mut parser = Parser { tokens, next: 0, depth: 0 };
    match parser.whole() {
        Ok(expr) => Some(expr),
        Err(fault) => {
            found.add(fault.at, || fault.text);
            None
        }
    }
}

struct Unexpected {
    at: usize,
    text: String,
}

type Parsed<T = Expr> = Result<T, Unexpected>;

struct Parser {
    /// The last one is the end, and never passed.
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn whole(&mut self) -> Parsed {
        let expr = self.chain(Rank::Or)?;
        match self.peek().word {
            Word::End => Ok(expr),
            _ => Err(self.unexpected("an operator or the end")),
        }
    }

    fn peek(&self) -> &Token {
        &self.tokens[self.next]
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    fn is_next(&self, sign: &str) -> bool {
        matches!(self.peek().word, Word::Sign(found) if found == sign)
    }

    fn accept(&mut self, sign: &str) -> bool {
        let is_next = self.is_next(sign);
        if is_next {
            self.take();
        }
        is_next
    }

    fn unexpected(&self, expected: &str) -> Unexpected {
        let token = self.peek();
        let text = match &token.word {
            Word::Name(name) if name == "if" => {
                return Unexpected { at: token.at.start, text: "found if, write if(c, a, b)".to_owned() };
            }
            Word::Number(number) => number.to_string(),
            Word::Name(name) => shortened(name),
            Word::Parameter(name) => format!("${}", shortened(name)),
            Word::Text(text) => format!("\"{}\"", shortened(text)),
            Word::Sign(sign) => (*sign).to_owned(),
            Word::End => "the end".to_owned(),
        };
        Unexpected { at: token.at.start, text: format!("found {text}, expected {expected}") }
    }

    /// Parses what lies one deeper.
    fn deeper(&mut self, parse: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        if self.depth == MAX_DEPTH {
            let text = format!("nests deeper than {MAX_DEPTH}");
            return Err(Unexpected { at: self.peek().at.start, text });
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// The operands of one rank and what stands between them.
    fn chain(&mut self, rank: Rank) -> Parsed {
        let first = self.operand(rank)?;
        let mut rest = Vec::new();
        while let Some(sign) = self.sign(rank) {
            if rank == Rank::Comparison && !rest.is_empty() {
                let text = format!("found {}; comparisons do not chain, join two with and", sign.written());
                return Err(Unexpected { at: self.peek().at.start, text });
            }
            self.take();
            rest.push((sign, self.operand(rank)?));
        }
        let Some((_, last)) = rest.last() else { return Ok(first) };
        let (at, place) = (first.at.start..last.at.end, first.place);
        Ok(Expr { kind: Kind::Chain(Box::new(first), rest), at, place })
    }

    fn operand(&mut self, rank: Rank) -> Parsed {
        match rank {
            Rank::Or => self.chain(Rank::And),
            Rank::And => self.not(),
            Rank::Comparison => self.chain(Rank::Sum),
            Rank::Sum => self.chain(Rank::Product),
            Rank::Product => self.unary(),
        }
    }

    /// The operator that comes next, where it is of this rank.
    fn sign(&self, rank: Rank) -> Option<Sign> {
        let written = match &self.peek().word {
            Word::Sign(sign) => sign,
            Word::Name(name) => name.as_str(),
            _ => return None,
        };
        Sign::ALL.into_iter().find(|sign| sign.rank() == rank && sign.written() == written)
    }

    fn not(&mut self) -> Parsed {
        match &self.peek().word {
            Word::Name(name) if name == "not" => {
                let start = self.take().at.start;
                let inner = self.deeper(Self::not)?;
                let at = start..inner.at.end;
                Ok(Expr::new(Kind::Not(Box::new(inner)), at))
            }
            _ => self.chain(Rank::Comparison),
        }
    }

    fn unary(&mut self) -> Parsed {
        if !self.is_next("-") {
            return self.postfix();
        }
        let start = self.take().at.start;
        let inner = self.deeper(Self::unary)?;
        let at = start..inner.at.end;
        Ok(Expr::new(Kind::Minus(Box::new(inner)), at))
    }

    fn postfix(&mut self) -> Parsed {
        let inner = self.primary()?;
        if !self.accept(".") {
            return Ok(inner);
        }
        let Word::Name(name) = self.peek().word.clone() else { return Err(self.unexpected("the name of a field")) };
        let (at, place) = (inner.at.start..self.take().at.end, inner.place);
        if let (Kind::Name(before), true) = (&inner.kind, self.is_next("(")) {
            return Err(Unexpected { at: place, text: names::foreign_call(before, &name) });
        }
        Ok(Expr { kind: Kind::Field(Box::new(inner), name), at, place })
    }

    fn primary(&mut self) -> Parsed {
        let Token { word, at } = self.peek().clone();
        let kind = match word {
            Word::Number(number) => Kind::Number(number),
            Word::Parameter(name) => Kind::Parameter(name),
            Word::Name(name) if name == "true" || name == "false" => Kind::Bool(name == "true"),
            Word::Name(name) if !matches!(name.as_str(), "and" | "or" | "not") => return self.named(name),
            Word::Sign("(") => return self.bracketed(),
            _ => return Err(self.unexpected("a number, a name or (")),
        };
        self.take();
        Ok(Expr::new(kind, at))
    }

    fn bracketed(&mut self) -> Parsed {
        let start = self.take().at.start;
        let inner = self.deeper(|parser| parser.chain(Rank::Or))?;
        let end = self.peek().at.end;
        if !self.accept(")") {
            return Err(self.unexpected("an operator or )"));
        }
        Ok(Expr { at: start..end, ..inner })
    }

    /// A name, with its arguments where it has some.
    fn named(&mut self, name: String) -> Parsed {
        let Token { at, .. } = self.take();
        if !self.accept("(") {
            if name == "if" && self.peek().word != Word::End {
                return Err(Unexpected { at: at.start, text: "found if, write if(c, a, b)".to_owned() });
            }
            return Ok(Expr::new(Kind::Name(name), at));
        }
        let mut arguments = Vec::new();
        let mut end = self.peek().at.end;
        if !self.accept(")") {
            loop {
                arguments.push(self.deeper(Self::argument)?);
                end = self.peek().at.end;
                if self.accept(")") {
                    break;
                }
                if !self.accept(",") {
                    return Err(self.unexpected("an operator, a comma or )"));
                }
            }
        }
        Ok(Expr::new(Kind::Call(name, arguments), at.start..end))
    }

    fn argument(&mut self) -> Parsed {
        let Token { word, at } = self.peek().clone();
        let Word::Text(text) = word else { return self.chain(Rank::Or) };
        self.take();
        Ok(Expr::new(Kind::Text(text), at))
    }
}
