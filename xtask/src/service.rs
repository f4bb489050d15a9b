//! Which services does the project have, and what is each called, wherever a tool has to say it?
//!
//! Start at [`all`]. A folder of the project with a `service.toml` is the room of a service; [`chosen`] picks the one
//! that a command is about. The Python tests read the same file (`chassis/tests/support/service.py`), the scripts of a host a
//! part of it that [`crate::host_script`] writes out.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::layout::Layout;

/// What makes a folder the room of a service.
pub(crate) const FILE: &str = "service.toml";

/// A service, as its file describes it. The comments there say what the keys mean.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) package: String,
    pub(crate) http_port: u16,
    pub(crate) metrics_prefix: String,
    pub(crate) metrics_job: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "the Python tests and a test here read it"))]
    pub(crate) configuration: String,
    pub(crate) configuration_section: String,
    pub(crate) variables: String,
    pub(crate) account: String,
    pub(crate) root: String,
    pub(crate) settings: String,
    pub(crate) data: String,
    #[expect(dead_code, reason = "the Python tests read it")]
    store: String,
    pub(crate) backups: String,
    pub(crate) logs: String,
    #[expect(dead_code, reason = "the Python tests read it")]
    memory_mib: u32,
    pub(crate) protected_address: String,
    pub(crate) round: String,
    pub(crate) round_at_metric: String,
    pub(crate) round_interval_metric: String,
    pub(crate) command_examples: Vec<String>,
    pub(crate) ships: Vec<String>,
    pub(crate) openapi: String,
    pub(crate) alerts: String,
    pub(crate) alerts_resource: String,
    pub(crate) host_script: String,
}

impl Service {
    /// The path from the project's root of a file in the service's room.
    pub(crate) fn inside(&self, file: &str) -> String {
        format!("{}/{file}", self.name)
    }

    /// How a release of it is laid out.
    pub(crate) fn layout(&self) -> Layout<'_> {
        Layout { room: &self.name, ships: &self.ships }
    }
}

/// The names of the rooms with such a file, sorted.
pub(crate) fn rooms_with(root: &Path, file: &str) -> anyhow::Result<Vec<String>> {
    let context = || format!("looking for rooms in {}", root.display());
    let mut rooms = Vec::new();
    for entry in fs::read_dir(root).with_context(context)? {
        let entry = entry.with_context(context)?;
        let name = entry.file_name();
        rooms.extend(name.to_str().filter(|_| entry.path().join(file).is_file()).map(str::to_owned));
    }
    rooms.sort();
    Ok(rooms)
}

/// Every service of the project, by the names of their rooms.
pub(crate) fn all(root: &Path) -> anyhow::Result<Vec<Service>> {
    rooms_with(root, FILE)?.iter().map(|room| read(root, room)).collect()
}

/// The service of that name. Without one there must be a single service; what several could be meant by has to be said.
pub(crate) fn chosen(root: &Path, name: Option<&str>) -> anyhow::Result<Service> {
    let mut services = all(root)?;
    let names = services.iter().map(|service| service.name.as_str()).collect::<Vec<_>>().join(", ");
    let at = match name {
        Some(name) => services.iter().position(|service| service.name == name),
        None if services.len() > 1 => bail!("which service? Name one of {names}"),
        None => services.len().checked_sub(1),
    };
    let at = at.with_context(|| format!("no service {}, expected one of [{names}]", name.unwrap_or("at all")))?;
    Ok(services.swap_remove(at))
}

fn read(root: &Path, room: &str) -> anyhow::Result<Service> {
    let file = format!("{room}/{FILE}");
    let text = fs::read_to_string(root.join(&file)).with_context(|| format!("reading {file}"))?;
    let service: Service = toml::from_str(&text).with_context(|| file.clone())?;
    if service.name != room {
        bail!("{file}: name: found {:?}, expected that of its room, {room:?}", service.name);
    }
    Ok(service)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A service that the project does not have, for the tests of the tools.
    pub(crate) const LAMP: &str = r#"
        name = "lamp-keeper"
        title = "Lamp Keeper"
        package = "lamp"
        http_port = 7000
        metrics_prefix = "lamp_"
        metrics_job = "lamps"
        configuration = "config/lamp.yaml"
        configuration_section = "keeper"
        variables = "LAMP_"
        account = "keeper"
        root = "/opt/lamp-keeper"
        settings = "/etc/lamp-keeper"
        data = "/var/lib/lamp-keeper"
        store = "lamps.db"
        backups = "/var/backups/keeper"
        logs = "/var/log/lamp-keeper"
        memory_mib = 64
        protected_address = "/api/lamps"
        round = "lighting"
        round_at_metric = "lit_at_seconds"
        round_interval_metric = "lighting_interval_seconds"
        command_examples = ["light hall", "dim --all"]
        ships = ["config/lamp.yaml", "examples"]
        openapi = "lamp.json"
        alerts = "rules/lamps.yml"
        alerts_resource = "kubernetes/lamps.yaml"
        host_script = "deploy/host.sh"
    "#;

    pub(crate) fn lamp() -> Service {
        toml::from_str(LAMP).unwrap()
    }

    /// A project with these rooms.
    fn project(rooms: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("docs")).unwrap(); // a folder that is no room
        for (room, text) in rooms {
            fs::create_dir(root.path().join(room)).unwrap();
            fs::write(root.path().join(room).join(FILE), text).unwrap();
        }
        root
    }

    #[track_caller]
    fn choose(rooms: &[(&str, &str)], name: Option<&str>, expected: &str) {
        let root = project(rooms);
        let found = chosen(root.path(), name).map_or_else(|error| format!("{error:#}"), |service| service.name);
        assert_eq!(found, expected);
    }

    #[test]
    fn every_service_of_this_project_can_be_read() {
        let rooms = std::fs::read_dir(crate::project_root()).unwrap().map(|entry| entry.unwrap().path());
        let rooms = rooms.filter(|folder| folder.join("service.toml").exists()).count();
        assert_eq!(all(crate::project_root()).unwrap().len(), rooms);
        assert!(rooms > 0);
    }

    #[test]
    fn the_only_service_need_not_be_named() {
        choose(&[("lamp-keeper", LAMP)], None, "lamp-keeper");
        choose(&[("lamp-keeper", LAMP)], Some("lamp-keeper"), "lamp-keeper");
    }

    #[test]
    fn one_of_several_must_be_named() {
        let other = LAMP.replace("name = \"lamp-keeper\"", "name = \"bell\"");
        let rooms = [("lamp-keeper", LAMP), ("bell", other.as_str())];
        choose(&rooms, None, "which service? Name one of bell, lamp-keeper");
        choose(&rooms, Some("bell"), "bell");
        choose(&rooms, Some("horn"), "no service horn, expected one of [bell, lamp-keeper]");
        choose(&[], None, "no service at all, expected one of []");
    }

    #[test]
    fn a_fault_is_told_with_file_and_key() {
        let told = |from: &str, to: &str| {
            let root = project(&[("lamp-keeper", &LAMP.replace(from, to))]);
            format!("{:#}", all(root.path()).unwrap_err())
        };
        let unknown = told("http_port", "port");
        assert!(unknown.starts_with("lamp-keeper/service.toml: ") && unknown.contains("`port`"), "{unknown}");
        let wrong = told("7000", "\"many\"");
        assert!(wrong.starts_with("lamp-keeper/service.toml: ") && wrong.contains("http_port"), "{wrong}");
        let elsewhere = told("name = \"lamp-keeper\"", "name = \"bell\"");
        let expected = "name: found \"bell\", expected that of its room, \"lamp-keeper\"";
        assert_eq!(elsewhere, format!("lamp-keeper/service.toml: {expected}"));
    }
}
