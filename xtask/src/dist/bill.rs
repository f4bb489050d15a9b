//! The bill of materials: CycloneDX 1.6, which scanners compare with the advisories of the day.

use anyhow::Context as _;
use serde_json::{Value as Json, json};

use super::parts::Part;
use super::source::Source;
use super::toolchain::Toolchain;
use crate::sha256::sha256;

/// The bill as JSON. It is the same for the same commit, platform and toolchain: number and time come from the commit.
pub(super) fn of(source: &Source, package: &str, toolchain: &Toolchain, parts: &[Part]) -> anyhow::Result<String> {
    let program = parts.iter().find(|part| part.name == package).context("the program is not among its own parts")?;
    let others = parts.iter().filter(|part| part.name != package);
    let dependencies: Vec<Json> =
        parts.iter().map(|part| json!({ "ref": part.identity(), "dependsOn": part.uses })).collect();
    let mut root = component(program, "application");
    root["version"] = source.version.clone().into();
    root["properties"] = json!([
        { "name": "commit", "value": source.commit },
        { "name": "target", "value": toolchain.target },
    ]);
    let bill = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": serial_number(source, package, toolchain),
        "version": 1,
        "metadata": {
            "timestamp": source.committed_at.to_string(),
            "tools": { "components": [{ "type": "application", "name": "rustc", "version": toolchain.release }] },
            "component": root,
        },
        "components": others.map(|part| component(part, "library")).collect::<Vec<_>>(),
        "dependencies": dependencies,
    });
    Ok(format!("{bill:#}\n"))
}

/// A UUID of version 8, whose digits are the issuer's to choose.
fn serial_number(source: &Source, package: &str, toolchain: &Toolchain) -> String {
    let digits = sha256(format!("{package} {} {}", source.commit, toolchain.target).as_bytes());
    let (a, b, c, d, e) = (&digits[..8], &digits[8..12], &digits[12..15], &digits[15..18], &digits[18..30]);
    format!("urn:uuid:{a}-{b}-8{c}-8{d}-{e}")
}

fn component(part: &Part, kind: &str) -> Json {
    let mut component = json!({
        "type": kind,
        "bom-ref": part.identity(),
        "name": part.name,
        "version": part.version,
        "licenses": [{ "expression": part.licence }],
    });
    if let Some(purl) = &part.purl {
        component["purl"] = purl.as_str().into();
    }
    if let Some(cpe) = &part.cpe {
        component["cpe"] = cpe.as_str().into();
    }
    if let Some(sha256) = &part.sha256 {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": sha256 }]);
    }
    component
}
