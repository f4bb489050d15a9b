//! Where do files of the repository lie in a service's release, and in the book of its guide?
//!
//! In the repository each service has a room, and what they share lies in the chassis' room. A release is of one service, so
//! that the two are laid over each other there: a page of `chassis/docs` becomes the neighbour of one of the room's `docs`.
//! Start at [`Layout::released`], which maps a path; [`Layout::relinked`] maps the links of a page.

use std::ops::Range;
use std::path::Path;

use pulldown_cmark::{Event, Options, Parser, Tag};

/// The room of what services share.
pub(crate) const CHASSIS: &str = "chassis";
/// Files of the root that belong in every release.
pub(crate) const OF_THE_ROOT: [&str; 5] =
    ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "SECURITY.md"];

/// How a release of one service is laid out.
pub(crate) struct Layout<'a> {
    /// The service's room: a folder of the root.
    pub(crate) room: &'a str,
    /// Files and folders of the root that only this service ships.
    pub(crate) ships: &'a [String],
}

impl Layout<'_> {
    /// What is looked for in the repository: every file that is released is one of these, or lies in one.
    pub(crate) fn sources(&self) -> Vec<String> {
        let of_the_root = OF_THE_ROOT.map(str::to_owned);
        let of_rooms = [
            format!("{}/README.md", self.room),
            format!("{}/deploy", self.room),
            format!("{}/docs", self.room),
            format!("{CHASSIS}/docs"),
        ];
        of_the_root.into_iter().chain(self.ships.iter().cloned()).chain(of_rooms).collect()
    }

    /// Where a file of the repository lies in the release; `None` where it is not part of it.
    pub(crate) fn released(&self, path: &str) -> Option<String> {
        if OF_THE_ROOT.contains(&path) || self.ships.iter().any(|shipped| Path::new(path).starts_with(shipped)) {
            return Some(path.to_owned());
        }
        let (room, inside) = path.split_once('/')?;
        let is_released = match inside.split('/').next()? {
            "docs" => room == CHASSIS || room == self.room,
            // What a service takes from the chassis' `deploy` stands in its own as a link.
            "deploy" | "README.md" => room == self.room,
            _ => false,
        };
        is_released.then(|| inside.to_owned())
    }

    /// A page whose links lead to where the files lie in the release. Links to what is not released stay as they are.
    pub(crate) fn relinked(&self, page: &str, text: &str) -> String {
        let Some(released_page) = self.released(page) else { return text.to_owned() };
        let mut new = text.to_owned();
        // From the last to the first: what stands before keeps its place.
        for (place, link) in links(text).into_iter().rev() {
            let (path, anchor) =
                link.split_once('#').map_or((link.as_str(), ""), |(path, _)| (path, &link[path.len()..]));
            let target = (!path.is_empty() && !path.contains("://")).then(|| joined(page, path)).flatten();
            if let Some(target) = target.and_then(|target| self.released(&target)) {
                new.replace_range(place, &format!("{}{anchor}", relative(&released_page, &target)));
            }
        }
        new
    }
}

/// The addresses of a page's links and pictures, each with its place in the text, in the order of the places.
fn links(text: &str) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        if let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event {
            // A picture may be the text of a link, so that the address is the last of its kind.
            if let Some(at) = text[range.clone()].rfind(&format!("]({dest_url}")) {
                let start = range.start + at + "](".len();
                found.push((start..start + dest_url.len(), dest_url.into_string()));
            }
        }
    }
    found.sort_by_key(|(place, _)| place.start);
    found
}

/// A path relative to the page that names it; `None` where it leads out of the project.
pub(crate) fn joined(page: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The way from a page to a file, both by their paths from the root.
fn relative(page: &str, target: &str) -> String {
    let folder: Vec<&str> = page.split('/').collect();
    let folder = &folder[..folder.len() - 1];
    let target: Vec<&str> = target.split('/').collect();
    let shared = folder.iter().zip(&target[..target.len() - 1]).take_while(|(a, b)| a == b).count();
    let up = folder[shared..].iter().map(|_| "..");
    up.chain(target[shared..].iter().copied()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ships() -> Vec<String> {
        vec!["config/a.yaml".to_owned(), "examples".to_owned()]
    }

    #[track_caller]
    fn check(path: &str, expected: Option<&str>) {
        let ships = ships();
        let layout = Layout { room: "service", ships: &ships };
        assert_eq!(layout.released(path).as_deref(), expected, "{path}");
        if expected.is_some() {
            let is_found = layout.sources().iter().any(|source| Path::new(path).starts_with(source));
            assert!(is_found, "{path} is released and in none of the places that are searched");
        }
    }

    #[test]
    fn the_service_and_the_chassis_are_laid_over_each_other() {
        check("service/docs/metrics.md", Some("docs/metrics.md"));
        check("chassis/docs/backup.md", Some("docs/backup.md"));
        check("service/deploy/systemd/a.service", Some("deploy/systemd/a.service"));
        check("service/README.md", Some("README.md"));
        check("LICENSE", Some("LICENSE"));
        check("config/a.yaml", Some("config/a.yaml"));
        check("examples/one/x.csv", Some("examples/one/x.csv"));
    }

    #[test]
    fn what_is_another_services_or_for_builders_stays_here() {
        for path in ["README.md", "other/docs/x.md", "chassis/deploy/x.sh", "chassis/README.md", "config/b.yaml"] {
            check(path, None);
        }
        for path in ["service/crates/a/src/lib.rs", "service/service.toml", "service/tests/x.py", "Cargo.toml"] {
            check(path, None);
        }
    }

    #[track_caller]
    fn relinks(page: &str, text: &str, expected: &str) {
        let ships = ships();
        assert_eq!(Layout { room: "service", ships: &ships }.relinked(page, text), expected);
    }

    #[test]
    fn links_lead_to_where_the_files_lie_in_the_release() {
        relinks("chassis/docs/backup.md", "[m](../../service/docs/m.md#a)", "[m](m.md#a)");
        relinks("service/docs/m.md", "[b](../../chassis/docs/b.md), [c](c.md)", "[b](b.md), [c](c.md)");
        relinks("service/README.md", "[l](../LICENSE) ![p](docs/p.png)", "[l](LICENSE) ![p](docs/p.png)");
        relinks("service/deploy/README.md", "[b](../../chassis/docs/b.md)", "[b](../docs/b.md)");
        relinks("ARCHITECTURE.md", "[m](service/docs/m.md)", "[m](docs/m.md)");
        relinks("service/README.md", "[![p](docs/p.png)](../ARCHITECTURE.md)", "[![p](docs/p.png)](ARCHITECTURE.md)");
    }

    #[test]
    fn other_links_stay_as_they_are() {
        for text in [
            "[w](https://example.org/a)",
            "[h](#heading)",
            "[s](service/crates/a/src/lib.rs)",
            "`[m](service/docs/m.md)`",
        ] {
            relinks("ARCHITECTURE.md", text, text);
        }
    }
}
