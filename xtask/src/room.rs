//! Which rooms have a guide, and what must the check of a guide know of the program that it is about?
//!
//! Start at [`chosen`]. A folder of the project with a `guide.toml` is a room with a guide. Its program need not serve:
//! what only a service can be asked is behind [`Room::service`], which the `service.toml` beside it makes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::layout::Layout;
use crate::service::{self, Service};

/// What makes a folder a room with a guide.
const FILE: &str = "guide.toml";

/// A room with a guide, as its file describes it. The comments there say what the keys mean.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Room {
    /// Its folder, its program, and the package that makes the program.
    #[serde(skip)]
    pub(crate) name: String,
    /// What it is as a service; `None` where its program does not serve.
    #[serde(skip)]
    pub(crate) service: Option<Service>,
    pub(crate) commands: Vec<String>,
    pub(crate) configuration_sections: Vec<String>,
    pub(crate) show_configuration: Vec<String>,
    pub(crate) least_configuration: String,
    pub(crate) found: BTreeMap<String, String>,
    pub(crate) tutorials: Option<Tutorials>,
}

/// Pages whose steps are done.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tutorials {
    pub(crate) pages: Vec<String>,
    pub(crate) files: Vec<String>,
}

impl Room {
    /// The path from the project's root of a file in the room.
    pub(crate) fn inside(&self, file: &str) -> String {
        format!("{}/{file}", self.name)
    }

    /// How its book is laid out, and its releases, where it has some: only services are released.
    pub(crate) fn layout(&self) -> Layout<'_> {
        let ships = self.service.as_ref().map_or(&[][..], |service| &service.ships);
        Layout { room: &self.name, ships }
    }
}

/// The room of that name, or every room with a guide.
pub(crate) fn chosen(root: &Path, name: Option<&str>) -> anyhow::Result<Vec<Room>> {
    let names = service::rooms_with(root, FILE)?;
    if let Some(name) = name.filter(|name| !names.iter().any(|known| known == name)) {
        bail!("no room {name} with a guide, expected one of [{}]", names.join(", "));
    }
    names.iter().filter(|known| name.is_none_or(|name| name == known.as_str())).map(|name| read(root, name)).collect()
}

fn read(root: &Path, name: &str) -> anyhow::Result<Room> {
    let file = format!("{name}/{FILE}");
    let text = fs::read_to_string(root.join(&file)).with_context(|| format!("reading {file}"))?;
    let room: Room = toml::from_str(&text).with_context(|| file.clone())?;
    let service = service::all(root)?.into_iter().find(|service| service.name == name);
    Ok(Room { name: name.to_owned(), service, ..room })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::service::tests::{LAMP, lamp};

    const GUIDE: &str = r#"
        commands = ["lamp-keeper", "cargo run --"]
        configuration_sections = ["bulbs", "keeper"]
        show_configuration = ["config", "show"]
        least_configuration = "bulbs: {rooms: [attic]}"
        found = {}
    "#;

    /// The room of a service that the project does not have, for the tests of the guides' check.
    pub(crate) fn lamp_room() -> Room {
        Room { name: "lamp-keeper".to_owned(), service: Some(lamp()), ..toml::from_str(GUIDE).unwrap() }
    }

    /// A project with these files.
    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        root
    }

    #[test]
    fn a_room_is_of_a_service_where_it_says_what_it_serves() {
        let root = project(&[
            ("lamp-keeper/guide.toml", GUIDE),
            ("lamp-keeper/service.toml", LAMP),
            ("bell/guide.toml", GUIDE),
            ("horn/README.md", ""),
        ]);
        let rooms = chosen(root.path(), None).unwrap();
        let told: Vec<_> = rooms.iter().map(|room| (room.name.as_str(), room.service.is_some())).collect();
        assert_eq!(told, [("bell", false), ("lamp-keeper", true)]);
        let [bell] = &chosen(root.path(), Some("bell")).unwrap()[..] else { panic!("expected one room") };
        assert_eq!((bell.inside("docs/a.md").as_str(), bell.layout().ships.len()), ("bell/docs/a.md", 0));
        let error = chosen(root.path(), Some("horn")).unwrap_err().to_string();
        assert_eq!(error, "no room horn with a guide, expected one of [bell, lamp-keeper]");
    }

    #[test]
    fn a_fault_is_told_with_file_and_key() {
        let root = project(&[("bell/guide.toml", &GUIDE.replace("commands", "command"))]);
        let told = format!("{:#}", chosen(root.path(), None).unwrap_err());
        assert!(told.starts_with("bell/guide.toml: ") && told.contains("`command`"), "{told}");
    }
}
