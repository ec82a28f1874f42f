//! CDA documents: the narrative a clinician reads, under the titles of its sections.
//!
//! Only `section/title` and `section/text` are read; entries repeat the narrative in codes.
//! Entities of a document type are never expanded.
//!
//! Spec: <https://www.hl7.org/implement/standards/product_brief.cfm?product_id=7>,
//! section 4.3.5 (narrative block).

use std::ops::Range;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::flow::Flow;
use super::{Document, Format, Limits, ReadError, read_nested};
use crate::text::SectionKind;

/// Reads base64 as found in documents: padding or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What an open element is to the reader.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Any element that is only passed through.
    Other,
    Section,
    /// The title of a section or of the document.
    Title,
    /// A section's narrative.
    Narrative,
    /// A document in another format.
    Foreign,
    /// A block inside narrative: ends with a line break.
    Block,
    /// Hidden inside narrative.
    Silent,
}

/// The state of one pass over a document.
struct Pass {
    flow: Flow,
    sections: Vec<(Range<usize>, SectionKind)>,
    open: Vec<Role>,
    /// Open elements beyond the depth that is kept.
    beyond: usize,
    /// The kinds of the open sections, and where the innermost one's own text begins.
    kinds: Vec<SectionKind>,
    start: Option<usize>,
    /// Narrative elements open, silent elements open.
    narrative: usize,
    silent: usize,
    foreign: Option<(String, String)>,
}

/// Reads CDA, or the text of all elements of other XML.
pub fn read(
    xml: &str,
    charset: &'static str,
    format: Format,
    limits: &Limits,
    may_nest: bool,
) -> Result<Document, ReadError> {
    let mut reader = Reader::from_str(xml);
    let settings = reader.config_mut();
    settings.check_end_names = false;
    settings.allow_unmatched_ends = true;
    settings.expand_empty_elements = true;
    let mut pass = Pass {
        flow: Flow::new(limits),
        sections: Vec::new(),
        open: Vec::new(),
        beyond: 0,
        kinds: Vec::new(),
        start: None,
        narrative: 0,
        silent: 0,
        foreign: None,
    };
    let any_xml = format == Format::Xml;
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => pass.start(&tag, limits, any_xml),
            Ok(Event::End(_)) => pass.end(),
            Ok(Event::Text(text)) => pass.text(&text, any_xml),
            Ok(Event::CData(text)) => pass.text(&text, any_xml),
            Ok(Event::GeneralRef(name)) => {
                let text = resolve(&name);
                let mut buffer = [0; 4];
                pass.text(text.encode_utf8(&mut buffer).as_bytes(), any_xml);
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            // What was read up to the fault is still true; a document of which nothing was read
            // is broken.
            Err(_) if pass.flow.len() > 0 => break,
            Err(_) => return Err(ReadError::Broken { format, reason: "not well-formed" }),
        }
        pass.flow.check()?;
    }
    pass.close_section_text();
    if let Some((media, data)) = pass.foreign.take()
        && may_nest
    {
        let compact: Vec<u8> = data.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let bytes = BASE64
            .decode(compact)
            .map_err(|_| ReadError::Broken { format, reason: "body is not base64" })?;
        return read_nested(&bytes, Some(&media), limits, false);
    }
    let mut text = pass.flow.finish();
    let mut sections = pass.sections;
    // Sections without a word in them are dropped; ends stay inside the text.
    sections.retain(|(range, _)| range.start < range.end);
    if text.trim().is_empty() {
        text.clear();
    }
    Ok(Document { text, sections, format, charset })
}

impl Pass {
    fn start(&mut self, tag: &BytesStart, limits: &Limits, any_xml: bool) {
        if self.open.len() >= limits.depth_max {
            self.beyond += 1;
            return;
        }
        let role = if any_xml { Role::Block } else { self.role(tag) };
        self.open.push(role);
    }

    /// Decides what an element is and does what its start asks for.
    fn role(&mut self, tag: &BytesStart) -> Role {
        let name = tag.local_name();
        let parent = self.open.last().copied().unwrap_or(Role::Other);
        if self.narrative > 0 {
            return self.narrative_role(name.as_ref());
        }
        match name.as_ref() {
            b"section" => {
                self.close_section_text();
                self.kinds.push(SectionKind::Other);
                Role::Section
            }
            b"code" if parent == Role::Section => {
                if let (Some(code), Some(kind)) = (attribute(tag, b"code"), self.kinds.last_mut()) {
                    *kind = kind_of_loinc(&code);
                }
                Role::Other
            }
            b"title" if parent == Role::Section || self.open.len() == 1 => {
                self.flow.paragraph();
                if parent == Role::Section {
                    let at = self.flow.position();
                    self.start.get_or_insert(at);
                }
                self.flow.line_with("# ");
                Role::Title
            }
            b"text" if parent == Role::Section => {
                self.flow.paragraph();
                let at = self.flow.position();
                self.start.get_or_insert(at);
                self.narrative += 1;
                Role::Narrative
            }
            b"text" if attribute(tag, b"representation").is_some_and(|how| how == "B64") => {
                let media = attribute(tag, b"mediaType").unwrap_or_default();
                if self.foreign.is_none() {
                    self.foreign = Some((media, String::new()));
                    return Role::Foreign;
                }
                Role::Other
            }
            // A body that is plain text.
            b"text" if attribute(tag, b"mediaType").is_some() => {
                self.flow.paragraph();
                self.narrative += 1;
                Role::Narrative
            }
            _ => Role::Other,
        }
    }

    fn narrative_role(&mut self, name: &[u8]) -> Role {
        match name {
            b"paragraph" | b"table" | b"list" | b"caption" | b"thead" | b"tbody" | b"tfoot"
            | b"tr" | b"footnote" | b"div" | b"p" => {
                self.flow.line();
                Role::Block
            }
            b"item" | b"li" => {
                self.flow.line_with("- ");
                Role::Block
            }
            b"td" | b"th" => {
                self.flow.cell();
                Role::Other
            }
            b"br" => {
                self.flow.line();
                Role::Other
            }
            b"renderMultiMedia" | b"colgroup" => {
                self.silent += 1;
                Role::Silent
            }
            _ => Role::Other,
        }
    }

    fn end(&mut self) {
        if self.beyond > 0 {
            self.beyond -= 1;
            return;
        }
        match self.open.pop() {
            Some(Role::Section) => {
                self.close_section_text();
                self.kinds.pop();
            }
            Some(Role::Title) => self.flow.line(),
            Some(Role::Narrative) => {
                self.narrative -= 1;
                self.flow.paragraph();
            }
            Some(Role::Block) => self.flow.line(),
            Some(Role::Silent) => self.silent -= 1,
            Some(Role::Other | Role::Foreign) | None => {}
        }
    }

    fn text(&mut self, bytes: &[u8], any_xml: bool) {
        let text = String::from_utf8_lossy(bytes);
        match self.open.last() {
            Some(Role::Foreign) => {
                if let Some((_, data)) = &mut self.foreign {
                    data.push_str(&text);
                }
            }
            Some(Role::Title) => self.flow.text(&text),
            _ if any_xml || (self.narrative > 0 && self.silent == 0) => self.flow.text(&text),
            _ => {}
        }
    }

    /// Ends the text that belongs to the innermost open section.
    fn close_section_text(&mut self) {
        if let Some(start) = self.start.take() {
            let kind = self.kinds.last().copied().unwrap_or(SectionKind::Other);
            self.sections.push((start..self.flow.len(), kind));
        }
    }
}

fn attribute(tag: &BytesStart, name: &[u8]) -> Option<String> {
    // An element's attributes are few; a hostile one's are looked at no further than this.
    tag.attributes()
        .with_checks(false)
        .take(64)
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == name)
        .map(|attribute| String::from_utf8_lossy(&attribute.value).into_owned())
}

/// A character reference or one of XML's five entities; anything else is a space, so that no
/// declared entity is ever expanded.
fn resolve(name: &[u8]) -> char {
    let number = |digits: &[u8], radix| {
        let digits = std::str::from_utf8(digits).ok()?;
        char::from_u32(u32::from_str_radix(digits, radix).ok()?)
    };
    match name {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16).unwrap_or(' '),
        [b'#', digits @ ..] => number(digits, 10).unwrap_or(' '),
        _ => ' ',
    }
}

/// What a section is about, by the LOINC code of C-CDA's section templates.
///
/// Spec: <https://hl7.org/cda/us/ccda/>
pub fn kind_of_loinc(code: &str) -> SectionKind {
    use SectionKind as Kind;
    match code {
        "10154-3" | "29299-5" | "46239-0" | "42349-1" => Kind::ChiefComplaint,
        "10164-2" | "61150-9" => Kind::PresentIllness,
        "11348-0" | "11450-4" | "75310-3" => Kind::PastMedical,
        "10167-5" | "67803-7" => Kind::PastSurgical,
        "10157-6" => Kind::Family,
        "29762-2" => Kind::Social,
        "10162-6" | "49033-4" | "57059-8" => Kind::Gynecological,
        "48765-2" => Kind::Allergies,
        "10160-0" | "10183-2" | "42346-7" | "29549-3" | "75311-1" | "19009-0" => Kind::Medications,
        "11369-6" => Kind::Immunizations,
        "10187-3" => Kind::ReviewOfSystems,
        "29545-1" | "10210-3" | "10184-0" | "61149-1" | "10190-7" | "47420-5" | "11384-5" => {
            Kind::Exam
        }
        "8716-3" => Kind::Vitals,
        "30954-2" | "11493-4" | "26436-6" | "22636-5" => Kind::Labs,
        "18782-3" | "18748-4" | "18726-0" | "19005-8" => Kind::Imaging,
        "47519-4" | "29554-3" | "59768-2" | "59769-0" | "59773-2" | "55109-3" | "29300-1" => {
            Kind::Procedures
        }
        "8648-8" | "34109-9" => Kind::Course,
        "51848-0" => Kind::Assessment,
        "11535-2" | "46241-6" | "29308-4" | "10219-4" | "10218-6" | "42347-5" | "78375-3" => {
            Kind::Diagnosis
        }
        "18776-5" | "61146-7" | "18783-1" => Kind::Plan,
        "51847-2" => Kind::AssessmentPlan,
        "10185-7" | "28574-2" | "42345-9" => Kind::Disposition,
        "8653-8" | "69730-0" | "42344-2" => Kind::Instructions,
        _ => Kind::Other,
    }
}
