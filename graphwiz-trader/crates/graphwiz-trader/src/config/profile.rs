//! Which settings go together? Profiles: by name, from a file beside the configuration or from the program.
//!
//! Start at `read`. A profile is a part of a configuration. What stands at its key `strategies[]` is laid over each
//! strategy.

use std::fs;
use std::io;
use std::path::Path;

use platform::config::{Document, Fault, Faults, did_you_mean};

/// The folder of profiles beside a configuration.
const FOLDER: &str = "profiles";

/// The profiles that come with the program, by name.
pub const SHIPPED: [(&str, &str); 6] = [
    ("conservative", include_str!("../../../../profiles/conservative.yaml")),
    ("paper", include_str!("../../../../profiles/paper.yaml")),
    ("swing", include_str!("../../../../profiles/swing.yaml")),
    ("scalping", include_str!("../../../../profiles/scalping.yaml")),
    ("aggressive", include_str!("../../../../profiles/aggressive.yaml")),
    ("germany_live", include_str!("../../../../profiles/germany_live.yaml")),
];

/// The profile of this name: the file `profiles/NAME.yaml` in `folder`, else one that comes with the program. A name
/// that neither has, or a folder of profiles that cannot be read, gives a document with this fault and nothing else, so
/// that it is told beside the others.
///
/// # Errors
/// The file cannot be read, or is not YAML.
pub(super) fn read(name: &str, folder: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Document, Faults> {
    let folder = folder.join(FOLDER);
    let fault = |message: String| {
        let mut nothing = Document::parse_named(&format!("--profile {name:?}"), "{}", env)?;
        nothing.report([Fault::new(1, "", message)]);
        Ok(nothing)
    };
    let own = match own(&folder) {
        Ok(own) => own,
        // A profile of the user may be in it: one of the program in its place would be another than was asked for.
        Err(error) => {
            let folder = legible::full_path(&folder);
            return fault(format!("reading the folder {folder}: {error}; expected one that can be read, or none"));
        }
    };
    if own.iter().any(|own| own == name) {
        return Document::read(&folder.join(format!("{name}.yaml")), env);
    }
    if let Some((_, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
        return Document::parse_named(&format!("profile {name}"), text, env);
    }
    let is_other = |own: &&str| SHIPPED.iter().all(|(shipped, _)| shipped != own);
    let further = || own.iter().map(String::as_str).filter(is_other);
    let known = || SHIPPED.iter().map(|(shipped, _)| *shipped).chain(further());
    fault(format!(
        "found no such profile, expected one of {}, or {} with it{}",
        known().collect::<Vec<_>>().join(", "),
        legible::full_path(&folder.join("NAME.yaml")),
        did_you_mean(name, known())
    ))
}

/// The names of the profiles in a folder, in their order; none where it is not there.
fn own(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().to_str().and_then(|name| name.strip_suffix(".yaml")).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}
