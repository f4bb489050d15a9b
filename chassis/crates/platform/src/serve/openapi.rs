//! Does the description of the API name the addresses that there are?

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::guard::Access;
use super::routes::Routes;

/// How an OpenAPI document differs from the routes that it describes: an address that only one of them has, or has with
/// another login. None where it is right.
///
/// The document is written by hand, so that it says what the answers mean; a test of the service calls this. The login
/// is each operation's `security`: none, `basic` or none, or `basic`.
///
/// # Errors
/// The document is not JSON, or has no `paths`.
pub fn differences<S>(routes: &Routes<S>, document: &[u8]) -> Result<Vec<String>, String> {
    let document: Json = serde_json::from_slice(document).map_err(|error| error.to_string())?;
    let paths = document["paths"].as_object().ok_or("the document has no paths")?;
    let methods = |(path, of): (&String, &Json)| {
        let operations = of.as_object().into_iter().flat_map(|of| of.values());
        operations.map(|of| format!("{path} with security {}", of["security"])).collect::<Vec<_>>()
    };
    let described: BTreeSet<String> = paths.iter().flat_map(methods).collect();
    // Axum marks a part that may contain slashes.
    let served =
        routes.iter().map(|of| format!("{} with security {}", of.path.replace("{*", "{"), security(of.access)));
    let served: BTreeSet<String> = served.collect();
    let only = |these: &BTreeSet<String>, those: &BTreeSet<String>, are: &str| {
        these.difference(those).map(|route| format!("{route} is only {are}")).collect::<Vec<_>>()
    };
    Ok([only(&served, &described, "served"), only(&described, &served, "described")].concat())
}

/// What a route asks of whoever wants to use it, as the description says it.
fn security(access: Access) -> &'static str {
    match access {
        Access::Open => "[]",
        Access::Page => r#"[{},{"basic":[]}]"#,
        Access::Sensitive => r#"[{"basic":[]}]"#,
    }
}
