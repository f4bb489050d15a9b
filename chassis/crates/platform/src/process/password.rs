//! The `hash-password` command: a password in, what the configuration keeps of it out.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context as _, bail};

use super::ended::Ended;

/// Runs `hash-password`.
///
/// # Errors
/// No password, two that differ, or one that bcrypt would cut short.
pub fn hash_password() -> anyhow::Result<Ended> {
    let hash = crate::auth::hash_password(&read()?)?;
    writeln!(io::stdout().lock(), "{hash}")?;
    Ok(Ended::Done)
}

/// From a terminal twice and unseen, from anything else one line.
fn read() -> anyhow::Result<String> {
    if io::stdin().is_terminal() {
        let password = rpassword::prompt_password("Password: ").context("reading the password")?;
        if rpassword::prompt_password("Again: ").context("reading the password again")? != password {
            bail!("the two passwords differ");
        }
        return Ok(password);
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("reading the password from standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
