//! May this request run these statements?
//!
//! Start at [`login`]. Like a server with a static user provider: Basic only, and `x-greptime-auth` wins over
//! `Authorization` where both are present.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::dialect::Statement;
use super::error::{SqlError, code};

/// Somebody who may log in.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) may_write: bool,
}

/// The user a request comes from.
///
/// # Errors
/// What the server answers with 401: no header, a header it cannot read, an unknown user, a wrong password.
pub(crate) fn login<'a>(users: &'a [User], headers: &HeaderMap) -> Result<&'a User, SqlError> {
    let header = headers.get("x-greptime-auth").or_else(|| headers.get("authorization"));
    let header = header
        .ok_or_else(|| SqlError::new(code::AUTH_HEADER_NOT_FOUND, "Not found http or grpc authorization header"))?;
    let (name, password) = header
        .to_str()
        .ok()
        .and_then(basic_credentials)
        .ok_or_else(|| SqlError::new(code::INVALID_AUTH_HEADER, "Invalid http authorization header"))?;
    let user = users
        .iter()
        .find(|user| user.name == name)
        .ok_or_else(|| SqlError::new(code::USER_NOT_FOUND, format!("User not found, username: {name}")))?;
    if user.password != password {
        let message = format!("Username and password does not match, username: {name}");
        return Err(SqlError::new(code::PASSWORD_MISMATCH, message));
    }
    Ok(user)
}

/// Refuses writes of a user who may only read.
pub(crate) fn permit(user: &User, statements: &[Statement]) -> Result<(), SqlError> {
    if user.may_write || !statements.iter().any(Statement::writes) {
        return Ok(());
    }
    Err(SqlError::new(code::PERMISSION_DENIED, "User is not authorized to perform this action"))
}

fn basic_credentials(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}
