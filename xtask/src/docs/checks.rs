//! Does what the pages say hold? Links, configuration snippets, commands, and the entries of the troubleshooting page.
//!
//! Start at [`Guide::faults`]. A snippet in YAML that begins with a section of the program's configuration is one,
//! whole or in part, and is loaded; a command in a shell block that starts this program is put before it, as far as it
//! goes without running it. Blocks in other languages show output and are left alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::markdown::{Block, Page};
use super::program::Program;
use super::running::Running;
use super::{api, reasons};
use crate::layout::{CHASSIS, joined};
use crate::room::Room;
use crate::service::Service;

/// Pages of the guide, in its room.
const SUMMARY: &str = "docs/SUMMARY.md";
const TROUBLESHOOTING: &str = "docs/troubleshooting.md";
/// Pages beside the guide that are held to the same.
const OTHERS: [&str; 6] =
    ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "chassis/README.md"];
/// The same, in the room of the guide.
const OTHERS_OF_A_ROOM: [&str; 2] = ["README.md", "ARCHITECTURE.md"];
/// The same, in the room of a service.
const OTHERS_OF_A_SERVICE: [&str; 1] = ["deploy/README.md"];

/// Every page, by its path from the project's folder.
pub(super) struct Guide<'r> {
    root: PathBuf,
    /// Whose guide it is. Its pages may not lead out of their folders, because only they are published.
    room: &'r Room,
    pub(super) pages: BTreeMap<String, Page>,
}

/// What has been looked at.
#[derive(Default)]
struct Count {
    links: usize,
    snippets: usize,
    commands: usize,
}

impl<'r> Guide<'r> {
    /// Reads every page.
    pub(super) fn read(root: &Path, room: &'r Room) -> anyhow::Result<Self> {
        let mut names: Vec<String> = OTHERS.map(str::to_owned).to_vec();
        let of_a_service = room.service.iter().flat_map(|_| OTHERS_OF_A_SERVICE);
        names.extend(OTHERS_OF_A_ROOM.into_iter().chain(of_a_service).map(|name| room.inside(name)));
        for folder in folders(room) {
            let context = || format!("looking for pages in {folder}");
            for entry in fs::read_dir(root.join(&folder)).with_context(context)? {
                let name = entry.with_context(context)?.file_name();
                names.extend(name.to_str().filter(|name| name.ends_with(".md")).map(|name| format!("{folder}/{name}")));
            }
        }
        let read = |name: String| {
            let source = fs::read_to_string(root.join(&name)).with_context(|| format!("reading {name}"))?;
            Ok((name, Page::of(&source)))
        };
        let pages = names.into_iter().map(read).collect::<anyhow::Result<_>>()?;
        Ok(Self { root: root.to_owned(), room, pages })
    }

    /// Whether a file is in one of the folders of the guide.
    fn has(&self, path: &str) -> bool {
        folders(self.room).iter().any(|folder| Path::new(path).starts_with(folder))
    }

    /// One line on what there is.
    pub(super) fn summary(&self) -> String {
        let count = self.count();
        format!(
            "{} pages; {} links, {} configuration snippets and {} commands hold{}",
            self.pages.len(),
            count.links,
            count.snippets,
            count.commands,
            if self.room.service.is_some() { "; every reason has its entry" } else { "" }
        )
    }

    fn count(&self) -> Count {
        let blocks = || self.pages.values().flat_map(|page| &page.blocks);
        Count {
            links: self.pages.values().map(|page| page.links.len()).sum(),
            snippets: blocks().filter(|block| is_configuration(block, self.room)).count(),
            commands: self.pages.values().map(|page| page_commands(page, self.room).len()).sum(),
        }
    }

    /// A sentence for everything that does not hold; `running` is the program of a service.
    pub(super) fn faults(&self, program: &Program<'_>, running: Option<&Running<'_>>) -> anyhow::Result<Vec<String>> {
        let mut faults = self.broken_links();
        faults.extend(self.unlisted());
        for (name, page) in &self.pages {
            for block in page.blocks.iter().filter(|block| is_configuration(block, self.room)) {
                let fault = program.normalized_part(&block.text)?.err();
                faults.extend(fault.map(|fault| format!("{name}:{}: {fault}", block.line)));
            }
            for command in page_commands(page, self.room) {
                let words: Vec<&str> = command.split_whitespace().collect();
                let complaint = program.misunderstands(&words)?;
                faults.extend(complaint.map(|complaint| format!("{name}: {} {command}: {complaint}", self.room.name)));
            }
        }
        if let Some(running) = running {
            faults.extend(self.unknown_addresses(running.service)?);
            faults.extend(self.missing_reasons());
            faults.extend(self.missing_warning(&running.warnings()?));
        }
        Ok(faults)
    }

    /// Addresses of the service that a page asks for and the API does not have.
    fn unknown_addresses(&self, service: &Service) -> anyhow::Result<Vec<String>> {
        let addresses = addresses(&self.root, service)?;
        let blocks = self.pages.iter().flat_map(|(name, page)| page.blocks.iter().map(move |block| (name, block)));
        let fault = |(name, block): (&String, &Block)| {
            let unknown = unknown_addresses(block, service.http_port, &addresses).into_iter();
            let told =
                unknown.map(|address| format!("{name}:{}: {address}: not an address of the service", block.line));
            told.collect::<Vec<_>>()
        };
        Ok(blocks.flat_map(fault).collect())
    }

    /// Links to files and headings that are not there.
    pub(super) fn broken_links(&self) -> Vec<String> {
        let links = self.pages.iter().flat_map(|(name, page)| page.links.iter().map(move |link| (name, link)));
        let inside = links.filter(|(_, link)| !link.contains("://") && !link.starts_with("mailto:"));
        inside.filter_map(|(name, link)| Some(format!("{name}: {link}: {}", self.why_broken(name, link)?))).collect()
    }

    fn why_broken(&self, page: &str, link: &str) -> Option<&'static str> {
        let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
        let target = if path.is_empty() { Some(page.to_owned()) } else { joined(page, path) };
        let Some(target) = target else { return Some("leads out of the project") };
        if self.has(page) && !self.has(&target) {
            return Some("leads out of the guide, where readers of the book have nothing");
        }
        if !self.root.join(&target).exists() {
            return Some("no such file");
        }
        let layout = self.room.layout();
        let is_released = self.room.service.is_some() && layout.released(page).is_some();
        if is_released && layout.released(&target).is_none() {
            return Some("not in a release, where this page is");
        }
        let known = self.pages.get(&target).map(Page::anchors);
        let is_there = anchor.is_none_or(|anchor| known.is_some_and(|known| known.iter().any(|known| known == anchor)));
        (!is_there).then_some("no such heading")
    }

    /// Pages of the guide that its table of contents does not have.
    fn unlisted(&self) -> Vec<String> {
        let summary = self.room.inside(SUMMARY);
        let links = self.pages.get(&summary).into_iter().flat_map(|page| &page.links);
        let listed: BTreeSet<String> = links.filter_map(|link| joined(&summary, link)).collect();
        let pages = self.pages.keys().filter(|name| self.has(name) && **name != summary);
        pages.filter(|name| !listed.contains(*name)).map(|name| format!("{name}: not in {summary}")).collect()
    }

    /// Reasons that the troubleshooting page does not explain, or quotes in other words than the program's.
    pub(super) fn missing_reasons(&self) -> Vec<String> {
        let page = self.room.inside(TROUBLESHOOTING);
        let sections = self.pages.get(&page).map_or(&[][..], |page| &page.sections);
        let mut faults = Vec::new();
        for (code, sentence) in reasons::all() {
            match sections.iter().find(|section| section.heading == code) {
                None => faults.push(format!("{page}: no entry for {code}")),
                Some(section) if !section.text.contains(&sentence) => {
                    faults.push(format!("{page}: entry {code} does not quote: {sentence}"));
                }
                Some(_) => {}
            }
        }
        faults
    }

    /// The warning that a withdrawal may have been a gain must be quoted as the service gives it.
    fn missing_warning(&self, given: &[String]) -> Vec<String> {
        let Some(warning) = given.iter().find(|warning| warning.starts_with("withdrawn ")) else {
            return vec![format!("the service did not warn of a withdrawal without a tag; it warned of {given:?}")];
        };
        let page = self.room.inside(TROUBLESHOOTING);
        let sections = self.pages.get(&page).map_or(&[][..], |page| &page.sections);
        let is_quoted = sections.iter().any(|section| section.text.contains(warning));
        if is_quoted { Vec::new() } else { vec![format!("{page}: does not quote: {warning}")] }
    }
}

/// Where the pages of a guide are: those that hold for every service, where it is of one, and the room's own.
pub(super) fn folders(room: &Room) -> Vec<String> {
    let shared = room.service.iter().map(|_| format!("{CHASSIS}/docs"));
    shared.chain([room.inside("docs")]).collect()
}

/// The addresses of the API as prefixes: what stands before a variable part.
fn addresses(root: &Path, service: &Service) -> anyhow::Result<Vec<String>> {
    let document = api::document(root, service)?;
    Ok(document["paths"].as_object().into_iter().flat_map(|paths| paths.keys().cloned()).collect())
}

/// Whether a block is a configuration of this program, whole or in part. Other YAML is for programs that are not ours.
pub(super) fn is_configuration(block: &Block, room: &Room) -> bool {
    let first_key = block.text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'));
    block.language == "yaml"
        && first_key
            .is_some_and(|line| room.configuration_sections.iter().any(|name| line.starts_with(&format!("{name}:"))))
}

fn is_shell(block: &Block) -> bool {
    block.language == "sh"
}

/// The commands of a page: those of its blocks, and those in its sentences.
fn page_commands(page: &Page, room: &Room) -> Vec<String> {
    let in_sentences = page.codes.iter().filter_map(|code| code.strip_prefix(&room.name)?.strip_prefix(' '));
    let in_blocks = page.blocks.iter().flat_map(|block| commands(block, room));
    in_blocks.chain(in_sentences.map(str::to_owned)).collect()
}

/// What follows the name of the program in the commands of a block, without comments, pipes and redirections.
pub(super) fn commands(block: &Block, room: &Room) -> Vec<String> {
    let whole = block.text.replace("\\\n", " ");
    let lines = whole.lines().filter(|_| is_shell(block)).map(|line| line.split(" #").next().unwrap_or_default());
    let parts =
        lines.flat_map(|line| line.split(['|', ';', '&'])).map(|part| part.split('>').next().unwrap_or_default());
    let ours = parts.map(str::trim).filter_map(|part| {
        // To kubectl the name is one of its own objects, but behind ` -- ` a command in a pod.
        let part = if part.starts_with("kubectl ") { part.split_once(" -- ")?.1 } else { part };
        let arguments = room.commands.iter().find_map(|name| part.split_once(name).map(|(_, rest)| rest))?;
        let arguments = arguments.strip_suffix(')').unwrap_or(arguments);
        arguments.is_empty().then_some("").or_else(|| arguments.strip_prefix(' '))
    });
    ours.map(|arguments| arguments.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// Addresses of this service that a block asks for and the API does not have.
fn unknown_addresses(block: &Block, port: u16, addresses: &[String]) -> Vec<String> {
    let host = format!("localhost:{port}");
    let asked = block.text.split(&host).skip(1).filter(|_| is_shell(block));
    let paths =
        asked.map(|rest| rest.split(|c: char| c.is_whitespace() || "?'\"".contains(c)).next().unwrap_or_default());
    let is_known = |path: &str| {
        addresses.iter().any(|address| match address.split_once('{') {
            Some((before, _)) => path.starts_with(before),
            None => path == address,
        })
    };
    paths.filter(|path| !is_known(path)).map(str::to_owned).collect()
}
