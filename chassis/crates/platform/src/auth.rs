//! Who asks, and is the password right?
//!
//! Start at [`Logins::check`], which takes the header of a request and answers with the name of the user or why there is none.
//! [`Users`] holds names and [`PasswordHash`]es as the configuration gives them; [`hash_password`] makes one. How often a
//! client may be wrong is in `attempts`. As a section of a configuration all of it is [`config`].
//!
//! Credentials are never logged, nor kept: what is remembered of a login is a hash keyed with random bytes of this process.

mod attempts;
pub mod config;
mod hash;
mod logins;
mod users;

pub use hash::{HashingError, InvalidHash, PasswordHash, hash_password};
pub use logins::{Logins, Refused};
pub use users::Users;
