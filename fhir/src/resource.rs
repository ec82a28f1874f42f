//! A resource: its JSON text and the tree parsed over it.
//!
//! Parsing is one pass that checks structure as it goes: JSON grammar, `resourceType`, element
//! names, types, cardinalities, choices, primitive formats, id grammar, duplicate keys, depth.
//!
//! Always true:
//! - the tree has a node per value, in document order; a resource in hand is structurally valid;
//! - nothing is copied: nodes are ranges of the text.
//!
//! Spec: <https://hl7.org/fhir/R4/json.html>

mod body;
mod format;
mod parse;
mod summary;

pub use body::Body;
pub use summary::{View, summarise};

use crate::{ElementId, Outcome, ResourceType, TypeId, render};
use bytes::Bytes;
use std::borrow::Cow;

/// Deepest nesting of objects and arrays accepted.
pub const DEPTH_MAX: usize = 64;

/// What [`Raw::element`] holds for the root and for `resourceType`.
pub(crate) const NO_ELEMENT: u16 = u16::MAX;

/// A structurally valid R4 resource.
#[derive(Clone, Debug)]
pub struct Resource {
    text: Bytes,
    nodes: Box<[Raw]>,
    resource_type: ResourceType,
    spaced: bool,
}

/// One value of the tree, in document order. `next` is the index of the first node after this
/// one's subtree, so the first child of node `i` is `i + 1`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw {
    pub start: u32,
    pub end: u32,
    pub next: u32,
    pub element: u16,
    pub kind: Kind,
    pub companion: bool,
}

/// What a JSON value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Object,
    Array,
    String,
    /// A string holding backslash escapes.
    EscapedString,
    Number,
    True,
    False,
    Null,
}

impl Resource {
    /// Parses and checks one resource.
    ///
    /// # Errors
    /// An [`Outcome`] with every structural issue found, up to 20.
    pub fn parse(text: impl Into<Bytes>) -> Result<Self, Outcome> {
        let text = text.into();
        let parsed = parse::parse(&text)?;
        let resource = Self {
            text,
            nodes: parsed.nodes,
            resource_type: parsed.resource_type,
            spaced: parsed.spaced,
        };
        // Escapes in an id are allowed and pointless; without them the id is a piece of the text.
        match resource.id_node() {
            Some(node) if node.kind() == Kind::EscapedString => Ok(resource.with_id(&node.text())),
            _ => Ok(resource),
        }
    }

    /// Its type.
    #[inline]
    pub fn resource_type(&self) -> ResourceType {
        self.resource_type
    }

    /// Its logical id, if it has one.
    pub fn id(&self) -> Option<&str> {
        std::str::from_utf8(self.id_node()?.content()).ok()
    }

    fn id_node(&self) -> Option<Node<'_>> {
        // The first element of every resource.
        self.root().child(self.resource_type.type_id().elements().next()?)
    }

    /// The text as given (an id written with escapes is written plainly).
    #[inline]
    pub fn text(&self) -> &Bytes {
        &self.text
    }

    /// The object itself.
    #[inline]
    pub fn root(&self) -> Node<'_> {
        Node { resource: self, index: 0 }
    }

    /// The node with this [`Node::index`].
    #[inline]
    pub fn node(&self, index: u32) -> Option<Node<'_>> {
        (usize::try_from(index).ok()? < self.nodes.len()).then_some(Node { resource: self, index })
    }

    /// How many nodes the tree has.
    #[inline]
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// Whether `id` keeps to R4's grammar of logical ids.
    ///
    /// Spec: <https://hl7.org/fhir/R4/datatypes.html#id>
    pub fn is_id(id: &str) -> bool {
        format::id(id.as_bytes())
    }

    /// The same resource with `id` set or replaced.
    ///
    /// # Panics
    /// When `id` does not keep to the grammar: ask [`Resource::is_id`] first.
    #[must_use]
    pub fn with_id(&self, id: &str) -> Self {
        assert!(Self::is_id(id), "the id was not checked by the caller");
        let mut text = Vec::with_capacity(self.text.len() + id.len() + 8);
        let (from, to) = match self.id_node() {
            Some(node) => (node.raw_node().start as usize, node.raw_node().end as usize),
            None => {
                let after = self.type_node().raw_node().end as usize;
                (after, after)
            }
        };
        text.extend_from_slice(&self.text[..from]);
        if from == to {
            text.extend_from_slice(b",\"id\":");
        }
        render::string(id, &mut text);
        text.extend_from_slice(&self.text[to..]);
        Self::parse(text).expect("a valid id keeps a resource valid")
    }

    /// The `resourceType` member of the root.
    fn type_node(&self) -> Node<'_> {
        self.root()
            .children()
            .find(|node| node.element().is_none())
            .expect("a resource has its resourceType")
    }

    /// The stored form.
    pub fn body(&self) -> Body {
        Body::of(self)
    }
}

/// A value in a resource's tree.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    resource: &'a Resource,
    index: u32,
}

impl std::fmt::Debug for Node<'_> {
    /// Never shows the value: it may be about a person.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let element = self.element().map(ElementId::name);
        f.debug_struct("Node")
            .field("index", &self.index)
            .field("element", &element)
            .field("kind", &self.kind())
            .finish()
    }
}

impl<'a> Node<'a> {
    #[inline]
    fn raw_node(self) -> &'a Raw {
        &self.resource.nodes[self.index as usize]
    }

    /// Its place in the tree, for [`Resource::node`].
    #[inline]
    pub fn index(self) -> u32 {
        self.index
    }

    /// Index of the first node that is not inside this one.
    #[inline]
    pub fn next_index(self) -> u32 {
        self.raw_node().next
    }

    /// The resource it is part of.
    #[inline]
    pub fn resource(self) -> &'a Resource {
        self.resource
    }

    /// What it is.
    #[inline]
    pub fn kind(self) -> Kind {
        self.raw_node().kind
    }

    /// Its definition. Items of an array share the array's. `None` for the root and `resourceType`.
    #[inline]
    pub fn element(self) -> Option<ElementId> {
        let element = self.raw_node().element;
        (element != NO_ELEMENT).then_some(ElementId(element))
    }

    /// True for `_birthDate`: the id and extensions of a primitive (element is `birthDate`'s).
    #[inline]
    pub fn is_companion(self) -> bool {
        self.raw_node().companion
    }

    /// The structure of an object: what its members are elements of. `None` for other values.
    pub fn structure(self) -> Option<TypeId> {
        if self.kind() != Kind::Object {
            return None;
        }
        match self.element() {
            _ if self.is_companion() => Some(TypeId::companion()),
            Some(element) if !element.type_id().is_any_resource() => Some(element.type_id()),
            _ => self.resource_type().map(ResourceType::type_id),
        }
    }

    /// Members of an object (each knows its element), or items of an array; else nothing.
    #[inline]
    pub fn children(self) -> Children<'a> {
        Children { resource: self.resource, at: self.index + 1, end: self.raw_node().next }
    }

    /// The member with this JSON name (not the companion).
    pub fn get(self, name: &str) -> Option<Node<'a>> {
        match self.structure()?.element(name) {
            Some(element) => self.child(element),
            None if name == "resourceType" => self.children().find(|node| node.element().is_none()),
            None => None,
        }
    }

    /// The member that is this element's value (not the companion).
    #[inline]
    pub fn child(self, element: ElementId) -> Option<Node<'a>> {
        self.children().find(|node| {
            let raw = node.raw_node();
            raw.element == element.0 && !raw.companion
        })
    }

    /// The member that is this element's companion: the `_birthDate` of `birthDate`.
    pub fn companion(self, element: ElementId) -> Option<Node<'a>> {
        self.children().find(|node| {
            let raw = node.raw_node();
            raw.element == element.0 && raw.companion
        })
    }

    /// The items of an array, or the value itself: FHIR treats both alike.
    #[inline]
    pub fn each(self) -> Children<'a> {
        let raw = self.raw_node();
        let at = if raw.kind == Kind::Array { self.index + 1 } else { self.index };
        Children { resource: self.resource, at, end: raw.next }
    }

    /// The JSON text of the value, quotes included.
    #[inline]
    pub fn raw(self) -> &'a [u8] {
        let raw = self.raw_node();
        &self.resource.text[raw.start as usize..raw.end as usize]
    }

    /// Where [`Node::raw`] lies in the resource's text.
    #[inline]
    pub fn range(self) -> std::ops::Range<usize> {
        let raw = self.raw_node();
        raw.start as usize..raw.end as usize
    }

    /// A string's content, escapes as written; any other value's text.
    #[inline]
    pub fn content(self) -> &'a [u8] {
        let raw = self.raw_node();
        let quote = u32::from(matches!(raw.kind, Kind::String | Kind::EscapedString));
        &self.resource.text[(raw.start + quote) as usize..(raw.end - quote) as usize]
    }

    /// A string's value unescaped, or a number's or boolean's text.
    #[inline]
    pub fn text(self) -> Cow<'a, str> {
        let content = self.content();
        if self.kind() == Kind::EscapedString {
            Cow::Owned(parse::unescape(content))
        } else {
            Cow::Borrowed(std::str::from_utf8(content).unwrap_or_default())
        }
    }

    /// For an object that is itself a resource (root, contained, entry.resource): its type.
    pub fn resource_type(self) -> Option<ResourceType> {
        if self.index == 0 {
            return Some(self.resource.resource_type);
        }
        if self.kind() != Kind::Object || !self.element()?.type_id().is_any_resource() {
            return None;
        }
        let name = self.children().find(|node| node.element().is_none())?;
        ResourceType::parse(&name.text())
    }

    /// Where a member of an object starts: its key's opening quote. Between a key and its value
    /// stand only a colon and white space, and an element's name holds no quote even when escaped.
    fn member_start(self) -> usize {
        let before = &self.resource.text[..self.raw_node().start as usize];
        let closing = memchr::memrchr(b'"', before).unwrap_or(0);
        memchr::memrchr(b'"', &before[..closing]).unwrap_or(0)
    }
}

/// The nodes directly inside another: see [`Node::children`] and [`Node::each`].
#[derive(Clone)]
pub struct Children<'a> {
    resource: &'a Resource,
    at: u32,
    end: u32,
}

impl<'a> Iterator for Children<'a> {
    type Item = Node<'a>;

    #[inline]
    fn next(&mut self) -> Option<Node<'a>> {
        if self.at >= self.end {
            return None;
        }
        let node = Node { resource: self.resource, index: self.at };
        self.at = node.raw_node().next;
        Some(node)
    }
}
