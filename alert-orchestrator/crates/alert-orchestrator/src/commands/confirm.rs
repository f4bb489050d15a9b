//! The question before a command changes what cannot be had back with ease.

use std::io::{self, BufRead as _, Write};

/// Asks on `out`; whether the next line of standard input says yes.
pub(super) fn confirm(out: &mut impl Write, question: &str) -> io::Result<bool> {
    write!(out, "{question} [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
