//! Which names does a module define, bind and use?
//!
//! Start at [`names`], which reads the items of one module. Nothing is resolved here: that is `modules`.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ImplItem, Item, Lit, Meta, TraitItem, UseTree};

/// What one module says, without what only a test build has.
#[derive(Default)]
pub(super) struct Names {
    /// The modules directly below.
    pub(super) modules: Vec<Child>,
    /// What the module defines: types, functions, constants, macros.
    pub(super) items: BTreeSet<String>,
    /// What a `use` binds, and to which path.
    pub(super) bound: BTreeMap<String, Vec<String>>,
    /// Paths of which a `use` takes everything.
    pub(super) globs: Vec<Vec<String>>,
    /// Every path that may lead into another module.
    pub(super) imports: Vec<Import>,
}

/// `mod name;` or `mod name { … }`.
pub(super) struct Child {
    pub(super) name: String,
    /// What stands between its braces.
    pub(super) inline: Option<Names>,
    /// Where `#[path = "…"]` says that it is.
    pub(super) path: Option<String>,
}

/// A path, and the line where it stands.
pub(super) struct Import {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

/// Reads the items of one module.
pub(super) fn names(items: &[Item]) -> Names {
    let mut names = Names::default();
    for item in items {
        names.visit_item(item);
    }
    names
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_for_tests(attributes(item)) {
            return;
        }
        match item {
            Item::Mod(module) => self.modules.push(Child {
                name: module.ident.to_string(),
                inline: module.content.as_ref().map(|(_, items)| names(items)),
                path: module.attrs.iter().find_map(text_of_path),
            }),
            Item::Use(tree) if tree.leading_colon.is_none() => self.add_use(&mut Vec::new(), &tree.tree),
            _ => {
                self.items.extend(defined(item));
                visit::visit_item(self, item);
            }
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes: &[Attribute] = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            _ => &[],
        };
        if !is_for_tests(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        if !matches!(item, TraitItem::Fn(item) if is_for_tests(&item.attrs)) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        // A single name was bound by a `use`, which is read as well.
        if path.leading_colon.is_none() && path.segments.len() > 1 {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.imports.push(Import { path: segments, line: path.segments[0].ident.span().start().line });
        }
        visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {
        // `pub(in super::super)` names a module and imports nothing.
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.add_tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        // Derives and helpers name things by paths and, like serde, by paths in strings; a comment names nothing.
        if !attribute.path().is_ident("doc")
            && let Meta::List(list) = &attribute.meta
        {
            self.add_tokens(list.tokens.clone());
        }
    }
}

impl Names {
    fn add_use(&mut self, before: &mut Vec<String>, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.add_use(before, &path.tree);
                before.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_use(before, tree)),
            UseTree::Name(name) => self.bind(before, &name.ident, &name.ident),
            UseTree::Rename(name) => self.bind(before, &name.ident, &name.rename),
            UseTree::Glob(glob) => {
                self.imports.push(Import { path: before.clone(), line: glob.star_token.spans[0].start().line });
                self.globs.push(before.clone());
            }
        }
    }

    fn bind(&mut self, before: &[String], name: &syn::Ident, bound: &syn::Ident) {
        let mut path = before.to_vec();
        if name != "self" {
            path.push(name.to_string());
        }
        let bound = if bound == "self" { path.last().cloned() } else { Some(bound.to_string()) };
        self.imports.push(Import { path: path.clone(), line: name.span().start().line });
        self.bound.extend(bound.map(|bound| (bound, path)));
    }

    /// Paths in what a macro is given, which may be any tokens.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let colons = |at: usize| {
            let is_colon = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(p)) if p.as_char() == ':');
            is_colon(tokens.get(at)) && is_colon(tokens.get(at + 1))
        };
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                TokenTree::Group(group) => self.add_tokens(group.stream()),
                TokenTree::Literal(literal) => self.add_text(literal),
                TokenTree::Punct(_) => {}
                TokenTree::Ident(first) => {
                    let mut path = vec![first.to_string()];
                    while colons(at)
                        && let Some(TokenTree::Ident(next)) = tokens.get(at + 2)
                    {
                        path.push(next.to_string());
                        at += 3;
                    }
                    if path.len() > 1 {
                        self.imports.push(Import { path, line: first.span().start().line });
                    }
                }
            }
        }
    }

    /// A string that can be read as a path of several names.
    fn add_text(&mut self, literal: &proc_macro2::Literal) {
        if let Lit::Str(text) = Lit::new(literal.clone())
            && let Ok(path) = text.parse::<syn::Path>()
            && path.leading_colon.is_none()
        {
            let path: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            if path.len() > 1 {
                self.imports.push(Import { path, line: literal.span().start().line });
            }
        }
    }
}

/// Whether code is there in a test build only.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string().replace(' ', "");
            condition == "test" || condition.starts_with("all(test,")
        }
        _ => false,
    })
}

fn text_of_path(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// The name under which others find an item.
fn defined(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
