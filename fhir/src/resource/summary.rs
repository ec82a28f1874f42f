//! Part of a resource instead of all of it: `_summary` and `_elements`.
//!
//! What comes out is marked SUBSETTED, so that nobody writes it back as the whole.
//!
//! Spec: <https://hl7.org/fhir/R4/search.html#summary>

use super::{Kind, Node, Resource};
use crate::{ElementId, render};

/// The mark of a resource that is not whole.
const SUBSETTED: &[u8] =
    br#"{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}"#;

/// Which part of a resource is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View<'a> {
    /// `_summary=true`: elements marked as summary at any depth, and required ones.
    Summary,
    /// `_summary=text`: `text`, `id`, `meta` and required elements.
    Text,
    /// `_summary=data`: everything but `text`.
    Data,
    /// `_elements`: these, `id`, `meta` and required elements. `Patient.name` counts for patients.
    Elements(&'a [String]),
}

/// Renders part of a resource, marked as such.
pub fn summarise(resource: &Resource, view: View<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(resource.text().len());
    out.push(b'{');
    let type_and_id = [Some(resource.type_node()), resource.id_node()];
    for node in type_and_id.into_iter().flatten() {
        member(node, &mut out);
    }
    render::key("meta", &mut out);
    meta(resource.root().get("meta"), &mut out);
    for node in resource.root().children() {
        let Some(element) = node.element() else { continue };
        if matches!(element.name(), "id" | "meta") || !wanted(resource, element, view) {
            continue;
        }
        if view == View::Summary && !node.is_companion() {
            summary_member(node, &mut out);
        } else {
            member(node, &mut out);
        }
    }
    out.push(b'}');
    out
}

fn wanted(resource: &Resource, element: ElementId, view: View<'_>) -> bool {
    let required = element.min() > 0;
    match view {
        View::Summary => required || element.is_summary(),
        View::Text => required || element.name() == "text",
        View::Data => element.name() != "text",
        View::Elements(names) => {
            required
                || names.iter().any(|name| {
                    let name = match name.split_once('.') {
                        Some((owner, name)) if owner == resource.resource_type().name() => name,
                        Some(_) => return false,
                        None => name,
                    };
                    name == element.name() || Some(name) == element.choice()
                })
        }
    }
}

/// `meta` with the mark among its tags.
fn meta(meta: Option<Node<'_>>, out: &mut Vec<u8>) {
    out.push(b'{');
    let mut tagged = false;
    for node in meta.iter().flat_map(|meta| meta.children()) {
        let is_tag = node.element().is_some_and(|element| element.name() == "tag");
        member(node, out);
        if is_tag {
            out.truncate(out.len() - 1);
            while out.last().is_some_and(u8::is_ascii_whitespace) {
                out.pop();
            }
            let marked = node
                .children()
                .any(|tag| tag.get("code").is_some_and(|code| code.text() == "SUBSETTED"));
            if !marked {
                render::comma(out);
                out.extend_from_slice(SUBSETTED);
            }
            out.push(b']');
            tagged = true;
        }
    }
    if !tagged {
        render::key("tag", out);
        out.push(b'[');
        out.extend_from_slice(SUBSETTED);
        out.push(b']');
    }
    out.push(b'}');
}

/// A member as it stands.
fn member(node: Node<'_>, out: &mut Vec<u8>) {
    render::comma(out);
    out.extend_from_slice(&node.resource.text()[node.member_start()..node.range().end]);
}

/// A member reduced to its summary, or nothing if nothing of it is.
fn summary_member(node: Node<'_>, out: &mut Vec<u8>) {
    let before = out.len();
    render::comma(out);
    out.extend_from_slice(&node.resource.text()[node.member_start()..node.range().start]);
    if !summary_value(node, out) {
        out.truncate(before);
    }
}

/// A value reduced to its summary; false if nothing is left.
fn summary_value(node: Node<'_>, out: &mut Vec<u8>) -> bool {
    let before = out.len();
    match node.kind() {
        Kind::Array => {
            out.push(b'[');
            for item in node.children() {
                let before = out.len();
                render::comma(out);
                if !summary_value(item, out) {
                    out.truncate(before);
                }
            }
            if out.len() == before + 1 {
                return false;
            }
            out.push(b']');
        }
        Kind::Object if !node.is_companion() => {
            out.push(b'{');
            for child in node.children() {
                match child.element() {
                    None => member(child, out),
                    Some(element)
                        if child.is_companion() && (element.min() > 0 || element.is_summary()) =>
                    {
                        member(child, out)
                    }
                    Some(element) if element.min() > 0 || element.is_summary() => {
                        summary_member(child, out)
                    }
                    Some(_) => {}
                }
            }
            if out.len() == before + 1 {
                return false;
            }
            out.push(b'}');
        }
        _ => out.extend_from_slice(node.raw()),
    }
    true
}
