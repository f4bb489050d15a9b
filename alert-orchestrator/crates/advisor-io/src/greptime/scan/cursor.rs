//! Where does a JSON value end, and is all of it here?
//!
//! [`Cursor`] finds the bytes of values without converting them. Each method returns [`Stop::NeedsMore`] where the
//! bytes end inside the value, which a later chunk completes.

use client::shorten;
use memchr::{memchr2, memchr3};

use super::fault::Fault;

/// Deepest nesting of an unused field or cell.
const DEPTH_MAX: usize = 64;

/// Why reading stops.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    NeedsMore,
    Fault(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The next byte that is not white space, which stays the next one.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<u8, Stop> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(*byte);
            }
            self.at += 1;
        }
        Err(Stop::NeedsMore)
    }

    /// Passes the byte that was peeked at.
    #[inline]
    pub(super) fn advance(&mut self) {
        self.at += 1;
    }

    #[inline]
    pub(super) fn expect(&mut self, byte: u8, what: &str) -> Result<(), Stop> {
        if self.peek()? != byte {
            return Err(self.unexpected(what));
        }
        self.advance();
        Ok(())
    }

    #[cold]
    pub(super) fn unexpected(&self, expected: &str) -> Stop {
        let found = String::from_utf8_lossy(&self.bytes[self.at..]);
        Stop::Fault(Fault::Malformed(format!("expected {expected}, found {}", shorten(&found))))
    }

    /// A string with its quotes, escapes as they are.
    #[inline]
    pub(super) fn string(&mut self) -> Result<&'a [u8], Stop> {
        let start = self.at_value(b'"', "a string")?;
        self.skip_string().map(|_| &self.bytes[start..self.at])
    }

    fn at_value(&mut self, byte: u8, what: &str) -> Result<usize, Stop> {
        if self.peek()? == byte { Ok(self.at) } else { Err(self.unexpected(what)) }
    }

    /// Passes the string that begins here; says whether it has escapes.
    #[inline]
    pub(super) fn skip_string(&mut self) -> Result<bool, Stop> {
        let mut escapes = false;
        let mut at = self.at + 1;
        loop {
            let rest = self.bytes.get(at..).ok_or(Stop::NeedsMore)?;
            let found = memchr2(b'"', b'\\', rest).ok_or(Stop::NeedsMore)?;
            if rest[found] == b'"' {
                self.at = at + found + 1;
                return Ok(escapes);
            }
            escapes = true;
            at += found + 2;
        }
    }

    /// Passes the number, `true`, `false` or `null` that begins here; whoever converts it checks which. What follows it
    /// must be here too: `12` may go on.
    #[inline]
    pub(super) fn skip_scalar(&mut self) -> Result<(), Stop> {
        let rest = &self.bytes[self.at..];
        let end = memchr3(b',', b']', b'}', rest).ok_or(Stop::NeedsMore)?;
        let length = rest[..end].trim_ascii_end().len();
        if length == 0 {
            return Err(self.unexpected("a value"));
        }
        self.at += length;
        Ok(())
    }

    /// Passes the array or object that begins here.
    pub(super) fn skip_nested(&mut self) -> Result<(), Stop> {
        let mut depth = 0_usize;
        loop {
            match self.bytes.get(self.at).ok_or(Stop::NeedsMore)? {
                b'"' => {
                    self.skip_string()?;
                    continue;
                }
                b'[' | b'{' if depth == DEPTH_MAX => {
                    return Err(Fault::Malformed(format!("values nested deeper than {DEPTH_MAX} levels")).into());
                }
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// The bytes of the next value, whatever it is.
    pub(super) fn value(&mut self) -> Result<&'a [u8], Stop> {
        let next = self.peek()?;
        let start = self.at;
        match next {
            b'"' => self.skip_string().map(drop)?,
            b'[' | b'{' => self.skip_nested()?,
            _ => self.skip_scalar()?,
        }
        Ok(&self.bytes[start..self.at])
    }
}
