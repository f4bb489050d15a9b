//! How do the scripts of a host know whose they are?
//!
//! Start at [`run`]. The scripts under chassis/deploy/scripts name no service. A service has them in its own room as links,
//! and beside them a `host.sh` with every name, which is written from one template for each service. It is a file rather
//! than a step of the release because the scripts also run from a clone, and because an archive holds what git tracks.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::service::{self, FILE, Service};

const TEMPLATE: &str = "chassis/deploy/scripts/host.sh.in";

/// Writes the script of every service, or with `check` compares what is there.
pub(crate) fn run(root: &Path, check: bool) -> anyhow::Result<()> {
    let template = fs::read_to_string(root.join(TEMPLATE)).with_context(|| format!("reading {TEMPLATE}"))?;
    for service in service::all(root)? {
        let file = &service.inside(&service.host_script);
        let script = rendered(&template, &service).context(TEMPLATE)?;
        let path = root.join(file);
        if check {
            let committed = fs::read_to_string(&path).with_context(|| format!("reading {file}"))?;
            if committed != script {
                bail!("{file} is not what `cargo xtask service` writes");
            }
            println!("{file}: up to date");
        } else {
            fs::write(&path, script).with_context(|| format!("writing {file}"))?;
            println!("{file}: written");
        }
    }
    Ok(())
}

/// The template with the service's value in the place of each `@key@`.
fn rendered(template: &str, service: &Service) -> anyhow::Result<String> {
    let room = &service.name;
    let mut script = format!("# Rendered by `cargo xtask service` from {TEMPLATE} and {room}/{FILE}: edit those.\n");
    let mut parts = template.split('@');
    script.push_str(parts.next().unwrap_or_default());
    while let Some(part) = parts.next() {
        match value(service, part) {
            Some(value) => {
                script.push_str(&value.for_a_shell().with_context(|| format!("{room}/{FILE}: {part}"))?);
                script.push_str(parts.next().unwrap_or_default());
            }
            // What the shell has its own use for, as in "$@".
            None if !part.chars().all(is_of_a_key) || part.is_empty() => {
                script.push('@');
                script.push_str(part);
            }
            None => bail!("@{part}@: no such key of a service"),
        }
    }
    Ok(script)
}

fn is_of_a_key(c: char) -> bool {
    c.is_ascii_lowercase() || c == '_'
}

/// What stands in the place of a key.
enum Value<'s> {
    Text(&'s str),
    /// The elements of an array.
    Words(&'s [String]),
}

impl Value<'_> {
    fn for_a_shell(&self) -> anyhow::Result<String> {
        let words = match self {
            Self::Text(text) => return plain(text).map(str::to_owned),
            Self::Words(words) => words,
        };
        let quoted = words.iter().map(|word| Ok(format!("'{}'", plain(word)?)));
        Ok(quoted.collect::<anyhow::Result<Vec<_>>>()?.join(" "))
    }
}

fn value<'s>(service: &'s Service, key: &str) -> Option<Value<'s>> {
    if key == "command_examples" {
        return Some(Value::Words(&service.command_examples));
    }
    Some(Value::Text(match key {
        "name" => &service.name,
        "title" => &service.title,
        "configuration_section" => &service.configuration_section,
        "account" => &service.account,
        "root" => &service.root,
        "settings" => &service.settings,
        "data" => &service.data,
        "backups" => &service.backups,
        "logs" => &service.logs,
        "protected_address" => &service.protected_address,
        "round" => &service.round,
        "round_at_metric" => &service.round_at_metric,
        "round_interval_metric" => &service.round_interval_metric,
        _ => return None,
    }))
}

/// What a shell takes as it is between single quotes, and but for its spaces without them.
fn plain(value: &str) -> anyhow::Result<&str> {
    if value.is_empty() || value.chars().any(|c| !c.is_ascii_alphanumeric() && !"/_-. ".contains(c)) {
        bail!("found {value:?}, expected letters, digits and /_-. only, for the shell");
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::tests::lamp;

    #[track_caller]
    fn check(template: &str, expected: &str) {
        let found = rendered(template, &lamp()).map_or_else(
            |error| format!("{error:#}"),
            |script| script.split_once('\n').map_or(String::new(), |(_, rest)| rest.to_owned()),
        );
        assert_eq!(found, expected);
    }

    #[test]
    fn the_scripts_of_this_project_are_up_to_date() {
        run(crate::project_root(), true).unwrap();
    }

    #[test]
    fn the_first_line_says_what_to_edit() {
        let script = rendered("echo\n", &lamp()).unwrap();
        let sources = "chassis/deploy/scripts/host.sh.in and lamp-keeper/service.toml";
        assert_eq!(script, format!("# Rendered by `cargo xtask service` from {sources}: edit those.\necho\n"));
    }

    #[test]
    fn each_key_is_replaced_by_its_value() {
        check("service=@name@\ntitle='@title@'\n", "service=lamp-keeper\ntitle='Lamp Keeper'\n");
        check("@root@/@account@", "/opt/lamp-keeper/keeper");
    }

    #[test]
    fn a_list_becomes_the_elements_of_an_array() {
        check("examples=(@command_examples@)", "examples=('light hall' 'dim --all')");
        let mut service = lamp();
        service.command_examples = vec!["light hall".into(), "x' 'y".into()];
        let error = format!("{:#}", rendered("(@command_examples@)", &service).unwrap_err());
        assert!(error.contains("service.toml: command_examples: found \"x' 'y\""), "{error}");
    }

    #[test]
    fn the_shell_keeps_its_own_at_signs() {
        check(
            "main \"$@\"\nfor x in \"${y[@]}\"; do :; done\n@name@\n",
            "main \"$@\"\nfor x in \"${y[@]}\"; do :; done\nlamp-keeper\n",
        );
    }

    #[test]
    fn a_key_that_no_service_has_is_refused() {
        check("@colour@", "@colour@: no such key of a service");
    }

    #[test]
    fn a_value_that_a_shell_would_run_is_refused() {
        let mut service = lamp();
        service.title = "x'; reboot '".into();
        let error = format!("{:#}", rendered("'@title@'", &service).unwrap_err());
        assert!(
            error.starts_with("lamp-keeper/service.toml: title: found") && error.contains("for the shell"),
            "{error}"
        );
    }
}
