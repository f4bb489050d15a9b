//! What is in a page: headings, links and blocks of code.

use std::collections::HashMap;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A page, taken apart.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The headings with what stands below each, up to the next heading of any level.
    pub(super) sections: Vec<Section>,
    /// Where links and images lead.
    pub(super) links: Vec<String>,
    /// Blocks of code.
    pub(super) blocks: Vec<Block>,
    /// Code within sentences.
    pub(super) codes: Vec<String>,
}

/// A heading and what stands below it.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) heading: String,
    /// The source.
    pub(super) text: String,
}

/// A block of code.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) language: String,
    pub(super) text: String,
    /// The line of the page that it begins on.
    pub(super) line: usize,
}

/// In which element the next text stands.
enum Within {
    Heading,
    Block,
    Other,
}

impl Page {
    /// Takes a page apart.
    pub(super) fn of(source: &str) -> Self {
        let mut page = Self::default();
        let (mut within, mut section_start) = (Within::Other, 0);
        for (event, range) in Parser::new_ext(source, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { .. }) => {
                    page.end_section(&source[section_start..range.start]);
                    (within, section_start) = (Within::Heading, range.end);
                    page.sections.push(Section { heading: String::new(), text: String::new() });
                }
                Event::Start(Tag::CodeBlock(kind)) => {
                    within = Within::Block;
                    let line = source[..range.start].lines().count() + 1;
                    page.blocks.push(Block { language: language(kind), text: String::new(), line });
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.into_string());
                }
                Event::End(TagEnd::Heading(_) | TagEnd::CodeBlock) => within = Within::Other,
                Event::Code(text) if matches!(within, Within::Other) => page.codes.push(text.into_string()),
                Event::Text(text) | Event::Code(text) => page.add_text(&within, &text),
                _ => {}
            }
        }
        page.end_section(&source[section_start..]);
        page
    }

    fn add_text(&mut self, within: &Within, text: &str) {
        match within {
            Within::Heading => self.sections.iter_mut().last().map(|section| &mut section.heading),
            Within::Block => self.blocks.iter_mut().last().map(|block| &mut block.text),
            Within::Other => None,
        }
        .into_iter()
        .for_each(|into| into.push_str(text));
    }

    fn end_section(&mut self, text: &str) {
        if let Some(section) = self.sections.last_mut() {
            text.clone_into(&mut section.text);
        }
    }

    /// What the headings can be linked to by, as mdBook and GitHub make it.
    pub(super) fn anchors(&self) -> Vec<String> {
        let mut times: HashMap<String, usize> = HashMap::new();
        let anchor = |section: &Section| {
            let anchor = anchor(&section.heading);
            let earlier = times.entry(anchor.clone()).or_default();
            *earlier += 1;
            if *earlier == 1 { anchor } else { format!("{anchor}-{}", *earlier - 1) }
        };
        self.sections.iter().map(anchor).collect()
    }
}

fn language(kind: CodeBlockKind<'_>) -> String {
    match kind {
        CodeBlockKind::Fenced(language) => language.into_string(),
        CodeBlockKind::Indented => String::new(),
    }
}

/// What a heading can be linked to by, the first of its name.
pub(super) fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || c.is_whitespace() || "-_".contains(*c));
    kept.map(|c| if c.is_whitespace() { '-' } else { c }).flat_map(char::to_lowercase).collect()
}
