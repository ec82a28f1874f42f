//! Attachments of every format into text.

use std::time::{Duration, Instant};

use nlp::document::{Document, Format, Limits, OffsetMap, ReadError, read};
use nlp::text::SectionKind;
use proptest::prelude::*;

use crate::samples::{self, Dice};

#[track_caller]
fn text_of(bytes: &[u8], content_type: &str) -> Document {
    read(bytes, Some(content_type), &Limits::default()).expect("a document with text")
}

#[test]
fn plain_text_is_what_it_was() {
    let document = text_of("Dx: café\r\n".as_bytes(), "text/plain; charset=utf-8");
    assert_eq!(document.text, "Dx: café\r\n");
    assert_eq!((document.format, document.charset), (Format::Plain, "UTF-8"));
}

#[test]
fn characters_are_told_from_bytes_when_nobody_says() {
    let check = |bytes: &[u8], content_type: &str, expected: &str| {
        assert_eq!(text_of(bytes, content_type).text, expected, "{content_type} {bytes:?}");
    };
    check(b"Temp 38\xb0C, caf\xe9 na\xefve", "text/plain", "Temp 38°C, café naïve");
    check(b"\xef\xbb\xbfcaf\xc3\xa9", "text/plain", "café");
    check(b"\xff\xfec\0a\0", "text/plain", "ca");
    check(b"h\0e\0l\0l\0o\0", "text/plain", "hello");
    check(b"caf\xc3\xa9", "text/plain; charset=iso-8859-1", "café");
    check(b"caf\xe9", "text/plain; charset=utf-8", "café");
    check(b"\x93quoted\x94", "text/plain; charset=\"windows-1252\"", "“quoted”");
}

#[test]
fn html_keeps_its_blocks_and_loses_its_scripts() {
    let document = text_of(&samples::html(), "text/html");
    assert_eq!(
        document.text,
        "# Assessment & Plan\n\nBlood pressure < 140 mmHg,\ncafé.\n\n- aspirin\n- metformin\n\n\
         Test\tHbA1c\n\na\n  b\n"
    );
    assert_eq!(document.format, Format::Html);
}

#[test]
fn html_is_recognised_whatever_it_is_called() {
    for content_type in ["text/plain", "application/octet-stream", ""] {
        assert_eq!(text_of(&samples::html(), content_type).format, Format::Html);
    }
    // A note may begin with a sign that is no tag.
    assert_eq!(text_of(b"<1 week of cough", "text/plain").text, "<1 week of cough");
}

#[test]
fn cda_gives_its_narrative_by_section() {
    let document = text_of(&samples::cda(), "application/xml");
    assert_eq!(
        document.text,
        "# Summary\n\n# Allergies\n\nPenicillin\tHives & rash\n\n# Medications\n\n\
         - aspirin 81 mg\n- metformin\n\n# Family\n\nFather: stroke\n"
    );
    let kinds: Vec<(SectionKind, &str)> = document
        .sections
        .iter()
        .map(|(range, kind)| (*kind, document.text[range.clone()].lines().next().unwrap_or("")))
        .collect();
    assert_eq!(
        kinds,
        [
            (SectionKind::Allergies, "# Allergies"),
            (SectionKind::Medications, "# Medications"),
            (SectionKind::Family, "# Family"),
        ]
    );
}

#[test]
fn a_cda_body_in_another_format_is_read_as_that() {
    use base64::Engine;
    let data = base64::engine::general_purpose::STANDARD.encode(samples::rtf());
    let xml = format!(
        "<ClinicalDocument><component><nonXMLBody><text mediaType=\"application/rtf\" \
         representation=\"B64\">{data}</text></nonXMLBody></component></ClinicalDocument>"
    );
    let document = text_of(xml.as_bytes(), "text/xml");
    assert_eq!(document.format, Format::Rtf);
    assert!(document.text.starts_with("Assessment\n"));
}

#[test]
fn rtf_gives_its_characters_and_hides_what_it_hides() {
    let document = text_of(&samples::rtf(), "application/rtf");
    assert_eq!(document.text, "Assessment\nCafé – 38°C, {braces}\nłine\ttwo\nshown\n");
}

#[test]
fn pdf_gives_its_lines() {
    for packed in [true, false] {
        let bytes = samples::pdf(&["Past Medical History", "Hypertension, stage 2"], packed);
        let document = text_of(&bytes, "application/pdf");
        assert_eq!(document.text, "Past Medical History\nHypertension, stage 2");
    }
}

#[test]
fn what_has_no_text_is_refused_with_a_reason() {
    let check = |bytes: &[u8], expected: ReadError| {
        assert_eq!(read(bytes, None, &Limits::default()), Err(expected));
    };
    check(&samples::pdf(&[], false), ReadError::NoTextLayer);
    check(b"\x89PNG\r\n\x1a\n", ReadError::Unsupported);
    check(b"%PDF-1.7\n", ReadError::Broken { format: Format::Pdf, reason: "no pages" });
    check(b"%PDF-1.7\ntrailer << /Encrypt 1 0 R >>", ReadError::Encrypted);
}

#[test]
fn a_text_is_given_in_full_or_not_at_all() {
    let limits = Limits { text_bytes_max: 1000, ..Limits::default() };
    let note = "x".repeat(1000);
    assert_eq!(read(note.as_bytes(), None, &limits).expect("just fits").text, note);
    for bytes in [
        "x".repeat(1001).into_bytes(),
        format!("<html><p>{}", "x ".repeat(600)).into_bytes(),
        format!("{{\\rtf1 {}}}", "x".repeat(1001)).into_bytes(),
        samples::pdf(&["x".repeat(1001).as_str()], true),
    ] {
        let refused = read(&bytes, None, &limits);
        assert!(matches!(refused, Err(ReadError::TooLarge { .. })), "{refused:?}");
    }
}

#[test]
fn a_packed_bomb_is_refused() {
    let line = "x".repeat(1 << 20);
    let lines: Vec<&str> = std::iter::repeat_n(line.as_str(), 40).collect();
    let limits = Limits { pdf_unpacked_bytes_max: 16 << 20, ..Limits::default() };
    let refused = read(&samples::pdf(&lines, true), None, &limits);
    assert_eq!(
        refused,
        Err(ReadError::TooLarge { what: "unpacked bytes", limit: limits.pdf_unpacked_bytes_max })
    );
}

#[test]
fn hostile_shapes_take_no_more_than_their_size() {
    let deep = |open: &str, count: usize| open.repeat(count).into_bytes();
    let headed = |head: &str, rest: Vec<u8>| [head.as_bytes(), &rest].concat();
    for (name, bytes) in [
        ("tags", headed("<html>", deep("<div>", 400_000))),
        ("attributes", headed("<html><p ", deep("a=b ", 400_000))),
        ("comment", headed("<html>", deep("<!--", 400_000))),
        ("entities", headed("<html>", deep("&am", 400_000))),
        ("sections", headed("<ClinicalDocument>", deep("<section><text>", 100_000))),
        ("groups", headed("{\\rtf1 ", deep("{", 1_000_000))),
        ("stars", headed("{\\rtf1 ", deep("\\'", 500_000))),
        ("dictionaries", headed("%PDF-1.4\n1 0 obj ", deep("<<", 500_000))),
        ("arrays", headed("%PDF-1.4\n1 0 obj ", deep("[", 1_000_000))),
        ("objects", headed("%PDF-1.4\n", deep("1 0 obj<<", 150_000))),
        ("trailers", headed("%PDF-1.4\n", deep("trailer<<", 150_000))),
        ("streams", headed("%PDF-1.4\n", deep("1 0 obj<</Type/ObjStm>>stream\n", 50_000))),
    ] {
        let start = Instant::now();
        let _ = read(&bytes, None, &Limits::default());
        let taken = start.elapsed();
        println!("{name}: {taken:?}");
        assert!(taken < Duration::from_secs(5), "{name}: {taken:?} for {} bytes", bytes.len());
    }
}

#[test]
fn changed_documents_never_panic() {
    let samples = samples::all();
    let mut dice = Dice(0x5eed);
    for case in 0..3_000 {
        let (name, content_type, bytes) = &samples[case % samples.len()];
        let mut bytes = bytes.clone();
        let other = &samples[dice.roll(samples.len())].2;
        samples::mutate(&mut dice, &mut bytes, other);
        let start = Instant::now();
        let document = read(&bytes, Some(content_type), &Limits::default());
        assert!(start.elapsed() < Duration::from_secs(5), "{name}, case {case}");
        check_spans(document.as_ref().ok());
    }
}

/// Sections lie in order on character boundaries.
#[track_caller]
fn check_spans(document: Option<&Document>) {
    let Some(document) = document else { return };
    let mut end = 0;
    for (range, _) in &document.sections {
        assert!(range.start >= end && document.text.get(range.clone()).is_some(), "{document:?}");
        end = range.end;
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in proptest::collection::vec(any::<u8>(), 0..2000),
        head in 0usize..6,
    ) {
        let heads: [&[u8]; 6] =
            [b"", b"<html>", b"<ClinicalDocument><section><text>", b"{\\rtf1 ", b"%PDF-1.4 ", b"\xff\xfe"];
        let bytes = [heads[head], &bytes].concat();
        let document = read(&bytes, None, &Limits::default());
        check_spans(document.as_ref().ok());
    }

    #[test]
    fn offsets_go_there_and_back(text in "\\PC{0,700}") {
        let map = OffsetMap::new(&text);
        for (index, (byte, _)) in text.char_indices().enumerate() {
            prop_assert_eq!(map.code_point(byte), index);
            prop_assert_eq!(map.byte(index), byte);
        }
        prop_assert_eq!(map.code_point(text.len()), text.chars().count());
        prop_assert_eq!(map.byte(text.chars().count() + 5), text.len());
    }
}

#[test]
fn a_published_ccd_is_read() {
    let Some(shared) = crate::data::shared() else { return };
    let Ok(bytes) = std::fs::read(shared.join("fhir/notes/cda-ccd-example.xml")) else {
        println!("skipped: no CCD example");
        return;
    };
    let document = text_of(&bytes, "application/xml");
    assert_eq!(document.format, Format::Cda);
    for kind in [SectionKind::Allergies, SectionKind::Medications, SectionKind::Labs] {
        assert!(document.sections.iter().any(|(_, found)| *found == kind), "{kind:?}");
    }
    check_spans(Some(&document));
}
