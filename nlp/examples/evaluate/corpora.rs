//! Readers of annotated corpora: `PubTator`, brat (loose files or a tar), tokens with IOB labels;
//! each plain or gzipped.
//!
//! Conventions, where a corpus leaves a choice:
//! - A mention of several stretches (brat's `a b;c d`) is left out: no flat reader can say it.
//! - Where mentions of kept types overlap, the longest stays, of equal ones the earlier type:
//!   gold and findings are both flat.
//! - Chia "with scope": twelve types are kept (Condition, Device, Drug, Measurement, Mood,
//!   Negation, Observation, Person, Procedure, Temporal, Value, Visit). Scope, Qualifier,
//!   `Reference_point`, Multiplier, the marks of criteria that cannot be queried, and groups are not.
//! - MACCROBAT: sixteen types are kept. `Disease_disorder` and `Sign_symptom` are both Condition,
//!   Severity is Acuity, `Lab_value` Value, `Biological_structure` Anatomy, `Diagnostic_procedure`
//!   Test, `Therapeutic_procedure` Procedure, Administration Route, `Family_history` Family.
//! - NCBI: its four kinds of disease mention are one type.
//! - `AnatEM` comes as tokens: they are joined by spaces, sentences by line ends, ten sentences make
//!   a document.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use nlp::Analysis;
use nlp::Span;
use nlp::tagger::Scheme;

/// What went wrong with a file, in words.
pub type Failure = Box<dyn std::error::Error>;

/// One annotated document.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its name in the corpus.
    pub id: String,
    /// Its text.
    pub text: String,
    /// Its mentions, in order, not overlapping: where, and which of [`Scheme::types`].
    pub mentions: Vec<(Span, usize)>,
}

/// Reads a corpus annotated under `scheme` from files.
pub fn read(scheme: Scheme, files: &[impl AsRef<Path>]) -> Result<Vec<Document>, Failure> {
    let mut parts = Vec::new();
    for file in files {
        load(file.as_ref(), &mut parts)?;
    }
    let mut documents = match scheme {
        Scheme::Anatem => parts
            .iter()
            .flat_map(|(name, bytes)| iob(scheme, name, &String::from_utf8_lossy(bytes)))
            .collect(),
        Scheme::Ncbi | Scheme::Bc5cdr => parts
            .iter()
            .flat_map(|(_, bytes)| pubtator(scheme, &String::from_utf8_lossy(bytes)))
            .collect(),
        Scheme::Chia | Scheme::Maccrobat => brat(scheme, &parts),
    };
    for document in &mut documents {
        flatten(&mut document.mentions);
    }
    Ok(documents)
}

/// The type a corpus' own word stands for, if it is kept.
fn kind(scheme: Scheme, word: &str) -> Option<usize> {
    let name = match (scheme, word) {
        (Scheme::Ncbi, "SpecificDisease" | "DiseaseClass" | "Modifier" | "CompositeMention") => {
            "Disease"
        }
        (Scheme::Maccrobat, "Disease_disorder" | "Sign_symptom") => "Condition",
        (Scheme::Maccrobat, "Severity") => "Acuity",
        (Scheme::Maccrobat, "Lab_value") => "Value",
        (Scheme::Maccrobat, "Biological_structure") => "Anatomy",
        (Scheme::Maccrobat, "Diagnostic_procedure") => "Test",
        (Scheme::Maccrobat, "Therapeutic_procedure") => "Procedure",
        (Scheme::Maccrobat, "Administration") => "Route",
        (Scheme::Maccrobat, "Family_history") => "Family",
        (_, word) => word,
    };
    scheme.types().iter().position(|known| *known == name)
}

/// Keeps the longest of overlapping mentions.
fn flatten(mentions: &mut Vec<(Span, usize)>) {
    mentions.retain(|(span, _)| !span.is_empty());
    mentions.sort_by_key(|(span, kind)| (std::cmp::Reverse(span.len()), span.start, *kind));
    let mut kept: BTreeMap<u32, (Span, usize)> = BTreeMap::new();
    for (span, kind) in mentions.drain(..) {
        let before = kept.range(..span.end).next_back();
        if before.is_none_or(|(_, (other, _))| !other.overlaps(&span)) {
            kept.insert(span.start, (span, kind));
        }
    }
    mentions.extend(kept.into_values());
}

/// Byte offsets of characters: corpora count characters.
fn byte_offsets(text: &str) -> Vec<u32> {
    text.char_indices().map(|(at, _)| at as u32).chain([text.len() as u32]).collect()
}

fn span(offsets: &[u32], start: &str, end: &str) -> Option<Span> {
    let start = *offsets.get(start.parse::<usize>().ok()?)?;
    let end = *offsets.get(end.parse::<usize>().ok()?)?;
    (start < end).then_some(Span { start, end })
}

fn pubtator(scheme: Scheme, file: &str) -> Vec<Document> {
    let mut documents: Vec<Document> = Vec::new();
    let mut offsets = Vec::new();
    for line in file.lines() {
        let parts: Vec<&str> = line.splitn(3, '|').collect();
        if let [id, "t", title] = parts[..] {
            let (id, text) = (id.to_owned(), title.to_owned());
            documents.push(Document { id, text, mentions: Vec::new() });
            continue;
        }
        let Some(document) = documents.last_mut() else { continue };
        if let [_, "a", abstract_text] = parts[..] {
            document.text.push('\n');
            document.text.push_str(abstract_text);
            offsets = byte_offsets(&document.text);
            continue;
        }
        let columns: Vec<&str> = line.split('\t').collect();
        if let [_, start, end, _, word, ..] = columns[..]
            && let Some(kind) = kind(scheme, word)
            && let Some(span) = span(&offsets, start, end)
        {
            document.mentions.push((span, kind));
        }
    }
    documents
}

fn brat(scheme: Scheme, parts: &[(String, Vec<u8>)]) -> Vec<Document> {
    let mut texts = BTreeMap::new();
    let mut notes = BTreeMap::new();
    for (name, bytes) in parts {
        let file = name.rsplit('/').next().unwrap_or(name);
        if let Some(stem) = file.strip_suffix(".txt") {
            texts.insert(stem, String::from_utf8_lossy(bytes).into_owned());
        } else if let Some(stem) = file.strip_suffix(".ann") {
            notes.insert(stem, String::from_utf8_lossy(bytes).into_owned());
        }
    }
    let mut documents = Vec::new();
    for (stem, text) in texts {
        let Some(notes) = notes.get(stem) else { continue };
        let offsets = byte_offsets(&text);
        let mut mentions = Vec::new();
        for line in notes.lines().filter(|line| line.starts_with('T')) {
            let Some(middle) = line.split('\t').nth(1) else { continue };
            // More than one stretch leaves more than three words, or a `;`.
            if let [word, start, end] = middle.split(' ').collect::<Vec<_>>()[..]
                && let Some(kind) = kind(scheme, word)
                && let Some(span) = span(&offsets, start, end)
            {
                mentions.push((span, kind));
            }
        }
        documents.push(Document { id: stem.to_owned(), text, mentions });
    }
    documents
}

fn iob(scheme: Scheme, name: &str, file: &str) -> Vec<Document> {
    let mut documents: Vec<Document> = Vec::new();
    let mut document = Document { id: String::new(), text: String::new(), mentions: Vec::new() };
    let mut sentences = 0;
    let mut fresh = true;
    for line in file.lines().chain([""]) {
        let Some((token, label)) = line.split_once('\t') else {
            if !fresh {
                document.text.push('\n');
                sentences += 1;
                if sentences % 10 == 0 {
                    documents.push(std::mem::replace(
                        &mut document,
                        Document { id: String::new(), text: String::new(), mentions: Vec::new() },
                    ));
                }
            }
            fresh = true;
            continue;
        };
        if !fresh {
            document.text.push(' ');
        }
        let start = document.text.len() as u32;
        document.text.push_str(token);
        let span = Span { start, end: document.text.len() as u32 };
        match (label.split_once('-'), document.mentions.last_mut()) {
            (Some(("I", _)), Some((last, _))) if !fresh && last.end + 1 == start => {
                last.end = span.end;
            }
            (Some((_, word)), _) => {
                if let Some(kind) = kind(scheme, word) {
                    document.mentions.push((span, kind));
                }
            }
            _ => {}
        }
        fresh = false;
    }
    documents.push(document);
    documents.retain(|document| !document.text.is_empty());
    for (at, document) in documents.iter_mut().enumerate() {
        document.id = format!("{name}:{at}");
    }
    documents
}

/// Reads a file, or every file of a folder or a tar, unpacking gzip.
pub fn load(path: &Path, parts: &mut Vec<(String, Vec<u8>)>) -> Result<(), Failure> {
    if path.is_dir() {
        let mut inside: Vec<_> = std::fs::read_dir(path)?.collect::<Result<_, _>>()?;
        inside.sort_by_key(std::fs::DirEntry::path);
        for entry in inside {
            load(&entry.path(), parts)?;
        }
        return Ok(());
    }
    let mut bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut whole = Vec::new();
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut whole)?;
        bytes = whole;
    }
    if bytes.get(257..262) == Some(b"ustar") {
        untar(&bytes, parts);
    } else {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        parts.push((name, bytes));
    }
    Ok(())
}

/// The plain files of a tar.
fn untar(mut rest: &[u8], parts: &mut Vec<(String, Vec<u8>)>) {
    let text = |bytes: &[u8]| -> String {
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        String::from_utf8_lossy(&bytes[..end]).into_owned()
    };
    while rest.len() >= 512 && rest[0] != 0 {
        let (head, body) = rest.split_at(512);
        let size = usize::from_str_radix(text(&head[124..136]).trim(), 8).unwrap_or(0);
        if matches!(head[156], b'0' | 0) {
            parts.push((text(&head[..100]), body[..size.min(body.len())].to_vec()));
        }
        rest = &body[size.next_multiple_of(512).min(body.len())..];
    }
}

/// Text into tokens and sentences, as the pipeline cuts it.
pub fn analyse(text: &str) -> Analysis<'_> {
    Analysis::of(text)
}
