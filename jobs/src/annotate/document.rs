//! A document's attachments: which to read, their bytes, and findings in the words of the extension.

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{GeneralPurposeConfig, STANDARD};
use fhir::findings::{Attribute, Concept, Entity};
use fhir::{Node, Resource, ResourceType};
use store::Snapshot;

/// Longest evidence, in characters.
const EVIDENCE_MAX: usize = 240;

/// FHIR's base64 may lack its padding in the wild.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
);

/// One note of a document.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// Its place in the list, from 0.
    pub place: u32,
    /// What it says it is.
    pub content_type: Option<String>,
    /// Base64, as written.
    pub data: Option<String>,
    /// Where it is, if not here.
    pub url: Option<String>,
    /// Bytes it says it has.
    pub size: Option<u64>,
}

/// Why a note could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Store the note as base64 or as a Binary of the same datastore.
    #[error("no data, and its url is no Binary of this datastore")]
    Elsewhere,

    /// Write the Binary; the document is read then.
    #[error("`{0}` is not in this datastore")]
    NoBinary(String),

    /// Send base64 as RFC 4648 describes it.
    #[error("data is not base64")]
    Base64,

    /// Raise `notes.attachment_bytes_max`, or split the note.
    #[error("{found} bytes, more than the {limit} allowed")]
    TooLarge {
        /// What it has.
        found: usize,
        /// What is allowed.
        limit: usize,
    },

    /// The data was cut off or padded on the way.
    #[error("{found} bytes where its size says {expected}")]
    Size {
        /// What it has.
        found: u64,
        /// What it says it has.
        expected: u64,
    },

    /// It is not text of a format that can be read.
    #[error("{0}")]
    Unreadable(String),

    /// A read of the store failed.
    #[error("the store could not be read")]
    Store(#[source] Box<store::Error>),
}

/// Whether there is anything to read.
pub(super) fn has_note(resource: &Resource) -> bool {
    !attachments(resource).is_empty()
}

/// The notes to read. A document's contents are renderings of one note, so the one that reads best
/// stands for all; a report's forms are read the same way.
pub fn attachments(resource: &Resource) -> Vec<Attachment> {
    let root = resource.root();
    let nodes: Vec<Node<'_>> = match resource.resource_type().name() {
        "DocumentReference" => root
            .get("content")
            .into_iter()
            .flat_map(Node::each)
            .filter_map(|content| content.get("attachment"))
            .collect(),
        "DiagnosticReport" => root.get("presentedForm").into_iter().flat_map(Node::each).collect(),
        _ => Vec::new(),
    };
    let text = |node: Node<'_>, name: &str| node.get(name).map(|value| value.text().into_owned());
    let mut all: Vec<Attachment> = nodes
        .into_iter()
        .enumerate()
        .map(|(place, node)| Attachment {
            place: place as u32,
            content_type: text(node, "contentType"),
            data: text(node, "data"),
            url: text(node, "url"),
            size: node.get("size").and_then(|size| size.text().parse().ok()),
        })
        // What lies elsewhere is never fetched.
        .filter(|attachment| {
            attachment.data.is_some() || attachment.url.as_deref().is_some_and(is_binary_here)
        })
        .filter(|attachment| rank(attachment.content_type.as_deref()) < UNREADABLE)
        .collect();
    all.sort_by_key(|a| (a.data.is_none(), rank(a.content_type.as_deref()), a.place));
    all.truncate(1);
    all
}

/// Whether a url names a Binary of this datastore: only a relative one does. A Binary of another
/// server or datastore may have the same id as one of ours.
fn is_binary_here(url: &str) -> bool {
    url.starts_with("Binary/")
}

/// Words as FHIR's strings hold them: without control characters.
fn clean(words: &str) -> String {
    words.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

const UNREADABLE: usize = 9;

/// How well a format reads: the lower the better.
fn rank(content_type: Option<&str>) -> usize {
    let Some(content_type) = content_type else { return 4 };
    let name = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match name.as_str() {
        "text/plain" | "text/markdown" => 0,
        "text/html" | "application/xhtml+xml" => 1,
        "text/xml"
        | "application/xml"
        | "application/hl7-cda+xml"
        | "application/cda+xml"
        | "text/cda"
        | "text/cda+xml"
        | "application/hl7-sda+xml" => 2,
        "text/rtf" | "application/rtf" => 3,
        "application/pdf" => 5,
        "" | "application/octet-stream" => 6,
        name if name.starts_with("text/") => 4,
        // Pictures, sound, video, archives.
        _ => UNREADABLE,
    }
}

/// The bytes of a note and what they are.
pub(super) fn bytes(
    attachment: &Attachment,
    snapshot: &Snapshot,
    limit: usize,
) -> Result<(Vec<u8>, Option<String>), NoteError> {
    let mut content_type = attachment.content_type.clone();
    let decoded = match (&attachment.data, &attachment.url) {
        (Some(data), _) => decode(data, limit)?,
        (None, Some(url)) => {
            let id = url.rsplit_once("Binary/").map(|(_, id)| id).ok_or(NoteError::Elsewhere)?;
            let id = id.split('/').next().unwrap_or_default();
            if !is_binary_here(url) || !Resource::is_id(id) {
                return Err(NoteError::Elsewhere);
            }
            let binary = ResourceType::parse("Binary").ok_or(NoteError::Elsewhere)?;
            let version = match snapshot.read(binary, id) {
                Ok(version) => version,
                Err(store::Error::NotFound { .. } | store::Error::Deleted { .. }) => {
                    return Err(NoteError::NoBinary(format!("Binary/{id}")));
                }
                Err(error) => return Err(NoteError::Store(Box::new(error))),
            };
            let body = version.body.ok_or_else(|| NoteError::NoBinary(format!("Binary/{id}")))?;
            let resource = Resource::parse(body.text())
                .map_err(|_| NoteError::Unreadable("a Binary that no longer parses".to_owned()))?;
            let text = |name| resource.root().get(name).map(|node| node.text().into_owned());
            content_type = text("contentType").or(content_type);
            decode(&text("data").unwrap_or_default(), limit)?
        }
        (None, None) => return Err(NoteError::Elsewhere),
    };
    match attachment.size {
        Some(expected) if expected != decoded.len() as u64 => {
            Err(NoteError::Size { found: decoded.len() as u64, expected })
        }
        _ => Ok((decoded, content_type)),
    }
}

fn decode(data: &str, limit: usize) -> Result<Vec<u8>, NoteError> {
    let about = data.len() / 4 * 3;
    if about > limit.saturating_add(3).saturating_mul(2) {
        return Err(NoteError::TooLarge { found: about, limit });
    }
    let decoded = if data.bytes().any(|byte| byte.is_ascii_whitespace()) {
        let dense: Vec<u8> = data.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        BASE64.decode(dense)
    } else {
        BASE64.decode(data).or_else(|_| STANDARD.decode(data))
    };
    let decoded = decoded.map_err(|_| NoteError::Base64)?;
    if decoded.len() > limit {
        return Err(NoteError::TooLarge { found: decoded.len(), limit });
    }
    Ok(decoded)
}

/// Findings as the extension says them.
pub(super) fn entities(attachment: u32, text: &str, notes: &nlp::Notes<'_>) -> Vec<Entity> {
    let offsets = nlp::document::OffsetMap::new(text);
    notes
        .entities
        .iter()
        .map(|entity| {
            let span = entity.span;
            let section = notes.analysis.sections.get(entity.section as usize);
            Entity {
                id: entity.id,
                attachment,
                text: clean(span.of(text)),
                begin: offsets.code_point(span.start as usize) as u32,
                end: offsets.code_point(span.end as usize) as u32,
                begin_byte: span.start,
                end_byte: span.end,
                score: entity.score,
                category: entity.category.as_str().to_owned(),
                kind: entity.entity_type.as_str().to_owned(),
                traits: entity.traits.iter().map(|(word, _)| word.as_str().to_owned()).collect(),
                section: section.map(|s| s.kind.as_str().to_owned()).unwrap_or_default(),
                evidence: clean(&evidence(text, notes, span)),
                attributes: entity
                    .attributes
                    .iter()
                    .map(|attribute| Attribute {
                        kind: attribute.entity_type.as_str().to_owned(),
                        text: clean(attribute.span.of(text)),
                        score: attribute.score,
                    })
                    .collect(),
                concepts: entity
                    .concepts
                    .iter()
                    .map(|concept| Concept {
                        system: concept.system.as_str().to_owned(),
                        code: concept.code.clone(),
                        description: concept.description.clone(),
                        score: concept.score,
                    })
                    .collect(),
            }
        })
        .collect()
}

/// The sentence around a finding, or as much of it as is readable.
fn evidence(text: &str, notes: &nlp::Notes<'_>, span: nlp::Span) -> String {
    let sentences = &notes.analysis.sentences;
    let at = sentences.partition_point(|sentence| sentence.span.end <= span.start);
    let Some(sentence) = sentences.get(at).filter(|s| s.span.start <= span.start) else {
        return span.of(text).to_owned();
    };
    let whole = nlp::Span { start: sentence.span.start, end: sentence.span.end.max(span.end) };
    let shown = whole.of(text);
    if shown.chars().count() <= EVIDENCE_MAX {
        return shown.to_owned();
    }
    // As much before it as after it.
    let before = &text[whole.start as usize..span.start as usize];
    let room = EVIDENCE_MAX.saturating_sub(span.of(text).chars().count()) / 2;
    let skip = before.chars().count().saturating_sub(room);
    let from = before.char_indices().nth(skip).map_or(before.len(), |(at, _)| at);
    let rest = &text[whole.start as usize + from..whole.end as usize];
    let mut cut: String = rest.chars().take(EVIDENCE_MAX).collect();
    if skip > 0 {
        cut.insert(0, '…');
    }
    if rest.chars().count() > EVIDENCE_MAX {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rendering_that_reads_best_stands_for_the_document() {
        let document = Resource::parse(
            r#"{"resourceType":"DocumentReference","id":"d","status":"current","content":[
                {"attachment":{"contentType":"application/pdf","data":"JVBERi0="}},
                {"attachment":{"contentType":"image/png","data":"iVBORw0="}},
                {"attachment":{"contentType":"text/plain; charset=utf-8","data":"SGk="}}]}"#,
        )
        .expect("valid");
        let found = attachments(&document);
        assert_eq!((found.len(), found[0].place), (1, 2));
        let picture = Resource::parse(
            r#"{"resourceType":"DocumentReference","id":"d","status":"current","content":[
                {"attachment":{"contentType":"image/png","data":"iVBORw0="}}]}"#,
        )
        .expect("valid");
        assert!(attachments(&picture).is_empty());
    }

    #[test]
    fn control_characters_and_foreign_binaries_stay_out() {
        assert_eq!(clean("heart\u{1}failure\0\n"), "heart failure  ");
        assert!(is_binary_here("Binary/a"));
        assert!(!is_binary_here("http://other/datastore/x/r4/Binary/a"));
    }

    #[test]
    fn base64_may_be_spaced_or_unpadded_and_is_bounded() {
        assert_eq!(decode("SGkg\ndGhlcmU=", 100).ok().as_deref(), Some(&b"Hi there"[..]));
        assert_eq!(decode("SGk", 100).ok().as_deref(), Some(&b"Hi"[..]));
        assert!(matches!(decode("SGkgdGhlcmU=", 4), Err(NoteError::TooLarge { found: 8, .. })));
        assert!(matches!(decode("no base64!", 100), Err(NoteError::Base64)));
    }
}
