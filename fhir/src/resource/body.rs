//! How a resource is stored: without its stamps, and with the place where they belong.
//!
//! Always true:
//! - white space outside strings is left out; apart from that and `meta`, the text is the input's;
//! - equal content gives equal bytes, whatever `versionId` and `lastUpdated` came in.

use super::{Node, Resource};
use crate::date;
use bytes::Bytes;

/// Bytes before the text: a form, then where the stamps go (little-endian).
const HEADER: usize = 5;

/// The text has no `meta`: the stamps bring their own, after the member before the place.
const WITHOUT_META: u8 = 1;
/// The place is the beginning of `meta`, which has other members.
const INSIDE_META: u8 = 2;

/// The stored form of a resource: text without `meta.versionId` and `meta.lastUpdated`, and the
/// place where they belong. Equal bodies mean equal content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    bytes: Bytes,
}

impl Body {
    /// As stored (header and text).
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same without copying.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// From [`Body::as_bytes`]; checks only the header.
    pub fn from_bytes(bytes: Bytes) -> Option<Self> {
        let body = Self { bytes };
        let (form, place) = body.header()?;
        let known = matches!(form, WITHOUT_META | INSIDE_META);
        (known && place <= body.bytes.len() - HEADER).then_some(body)
    }

    /// Appends the resource with its stamps to `out`.
    pub fn render(&self, version_id: u64, last_updated_us: i64, out: &mut Vec<u8>) {
        let Some((form, place)) = self.header() else { return };
        let text = &self.bytes[HEADER..];
        out.reserve(text.len() + 80);
        out.extend_from_slice(&text[..place]);
        out.extend_from_slice(if form == INSIDE_META { b"" } else { b",\"meta\":{" });
        out.extend_from_slice(b"\"versionId\":\"");
        out.extend_from_slice(version_id.to_string().as_bytes());
        out.extend_from_slice(b"\",\"lastUpdated\":\"");
        out.extend_from_slice(date::instant(last_updated_us).as_bytes());
        out.extend_from_slice(if form == INSIDE_META { b"\"," } else { b"\"}" });
        out.extend_from_slice(&text[place..]);
    }

    /// The text without stamps: parseable as a resource.
    pub fn text(&self) -> Bytes {
        self.bytes.slice(HEADER..)
    }

    fn header(&self) -> Option<(u8, usize)> {
        match self.bytes.get(..HEADER)? {
            &[form, a, b, c, d] => Some((form, u32::from_le_bytes([a, b, c, d]) as usize)),
            _ => None,
        }
    }

    pub(super) fn of(resource: &Resource) -> Self {
        let text = &resource.text[..];
        let root = resource.root();
        let mut bytes = Vec::with_capacity(text.len() + HEADER);
        bytes.extend_from_slice(&[0; HEADER]);
        let copy = |from: usize, to: usize, bytes: &mut Vec<u8>| {
            if resource.spaced {
                squeeze(&text[from..to], bytes);
            } else {
                bytes.extend_from_slice(&text[from..to]);
            }
        };
        let meta = root.get("meta");
        let kept: Vec<Node<'_>> = meta
            .iter()
            .flat_map(|meta| meta.children())
            .filter(|member| !is_stamp(*member))
            .collect();
        let form_and_place = match meta {
            Some(meta) if !kept.is_empty() => {
                copy(0, meta.range().start, &mut bytes);
                bytes.push(b'{');
                let place = bytes.len() - HEADER;
                if kept.len() == meta.children().count() {
                    copy(meta.range().start + 1, text.len(), &mut bytes);
                } else {
                    for (at, member) in kept.iter().enumerate() {
                        if at > 0 {
                            bytes.push(b',');
                        }
                        copy(member.member_start(), member.range().end, &mut bytes);
                    }
                    bytes.push(b'}');
                    copy(meta.range().end, text.len(), &mut bytes);
                }
                (INSIDE_META, place)
            }
            meta => {
                // After the id, or else after the resourceType.
                let anchor = resource.id_node().unwrap_or_else(|| resource.type_node()).range().end;
                let cut = meta.map_or(anchor..anchor, |meta| without_comma(text, meta));
                let place;
                if cut.start < anchor {
                    copy(0, cut.start, &mut bytes);
                    copy(cut.end, anchor, &mut bytes);
                    place = bytes.len() - HEADER;
                    copy(anchor, text.len(), &mut bytes);
                } else {
                    copy(0, anchor, &mut bytes);
                    place = bytes.len() - HEADER;
                    copy(anchor, cut.start, &mut bytes);
                    copy(cut.end, text.len(), &mut bytes);
                }
                (WITHOUT_META, place)
            }
        };
        bytes[0] = form_and_place.0;
        bytes[1..HEADER].copy_from_slice(&(form_and_place.1 as u32).to_le_bytes());
        Self { bytes: bytes.into() }
    }
}

fn is_stamp(member: Node<'_>) -> bool {
    member.element().is_some_and(|element| matches!(element.name(), "versionId" | "lastUpdated"))
}

/// The range of a member with one of the commas beside it.
fn without_comma(text: &[u8], member: Node<'_>) -> std::ops::Range<usize> {
    let (start, end) = (member.member_start(), member.range().end);
    let after = text[end..].iter().position(|byte| !byte.is_ascii_whitespace()).map(|at| end + at);
    if let Some(comma) = after.filter(|at| text[*at] == b',') {
        return start..comma + 1;
    }
    let before = text[..start].iter().rposition(|byte| !byte.is_ascii_whitespace());
    before.filter(|at| text[*at] == b',').unwrap_or(start)..end
}

/// Copies JSON text without the white space outside strings.
fn squeeze(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(byte) = rest.first() {
        if byte.is_ascii_whitespace() {
            rest = &rest[1..];
            continue;
        }
        let mut end = rest
            .iter()
            .position(|byte| *byte == b'"' || byte.is_ascii_whitespace())
            .unwrap_or(rest.len());
        if rest.get(end) == Some(&b'"') {
            end += 1;
            while let Some(at) = memchr::memchr2(b'"', b'\\', &rest[end..]) {
                end += at + 1;
                if rest[end - 1] == b'"' {
                    break;
                }
                end += 1;
            }
        }
        out.extend_from_slice(&rest[..end]);
        rest = &rest[end..];
    }
}
