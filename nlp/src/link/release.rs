//! Official release files into [`Terminology`] values, for operators who hold their own licence
//! or a newer edition.

use std::collections::HashMap;
use std::io::BufRead;

use super::drug;
use super::icd;
use super::table::{Builder, NewConcept, Source, Table, flag, stems_of};
use super::terminology::{Terminology, TermsError, add_everyday};
use super::words;
use crate::entity::CodeSystem;

/// Longest line of a release file; longer ones are no line of a release.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// Calls `each` with every line, without its end.
fn each_line(
    mut reader: impl BufRead,
    file: &'static str,
    mut each: impl FnMut(&str),
) -> Result<(), TermsError> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let count = std::io::Read::take(&mut reader, LINE_BYTES_MAX)
            .read_until(b'\n', &mut line)
            .map_err(|source| TermsError::Read { file, source })?;
        if count == 0 {
            return Ok(());
        }
        while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            line.pop();
        }
        each(String::from_utf8_lossy(&line).trim_start_matches('\u{feff}'));
    }
}

fn finished(
    builder: Builder,
    system: CodeSystem,
    edition: &str,
    file: &'static str,
    expected: &'static str,
) -> Result<Terminology, TermsError> {
    if builder.concepts().next().is_none() {
        return Err(TermsError::Shape { file, expected });
    }
    Ok(Terminology::of([builder.finish(system, edition)]))
}

/// What an RxNorm term type is here.
pub fn flags_of_term_type(term_type: &str) -> Option<u8> {
    Some(match term_type {
        "IN" => flag::INGREDIENT,
        "PIN" | "MIN" => flag::PRECISE,
        "BN" => flag::BRAND,
        "SCDC" => flag::COMPONENT,
        "SCD" => flag::CLINICAL_DRUG,
        "SBD" => flag::BRANDED_DRUG,
        "GPCK" | "BPCK" => flag::PACK,
        _ => return None,
    })
}

impl Terminology {
    /// Reads RxNorm from `RXNCONSO.RRF`: the names RxNorm gives (`SAB` is `RXNORM`) that are not
    /// suppressed, with RxNorm's own synonyms.
    ///
    /// Spec: <https://www.nlm.nih.gov/research/umls/rxnorm/docs/techdoc.html>, section 12.4
    ///
    /// # Errors
    /// [`TermsError`] where the stream breaks off or holds no such line.
    pub fn parse_rxnorm_rrf(reader: impl BufRead, edition: &str) -> Result<Self, TermsError> {
        const FILE: &str = "RXNCONSO.RRF";
        let mut builder = Builder::default();
        let mut synonyms: Vec<(String, Vec<String>)> = Vec::new();
        each_line(reader, FILE, |line| {
            let fields: Vec<&str> = line.split('|').collect();
            let [code, _, _, _, _, _, _, _, _, _, _, vocabulary, kind, _, name, _, suppress, ..] =
                fields[..]
            else {
                return;
            };
            if vocabulary != "RXNORM" || matches!(suppress, "O" | "Y" | "E") {
                return;
            }
            if let Some(flags) = flags_of_term_type(kind) {
                let concept = NewConcept { code, description: name, flags, seventh: 0 };
                builder.concept(&concept, &drug::stems(name));
            } else if matches!(kind, "SY" | "PSN" | "TMSY") {
                synonyms.push((code.to_owned(), drug::stems(name)));
            }
        })?;
        for (code, stems) in synonyms {
            if let Some(concept) = builder.find(&code) {
                builder.name(concept, Source::Own, &stems);
            }
        }
        finished(builder, CodeSystem::RxNorm, edition, FILE, "18 fields between `|`, SAB `RXNORM`")
    }

    /// Reads ICD-10-CM from the order file (`icd10cm_order_2026.txt`) or the codes file
    /// (`icd10cm_codes_2026.txt`). Inclusion terms are in neither; merged into the embedded
    /// terminology, codes keep the ones they had.
    ///
    /// Spec: <https://www.cms.gov/medicare/coding-billing/icd-10-codes>, `icd10OrderFiles.pdf`
    ///
    /// # Errors
    /// [`TermsError`] where the stream breaks off or holds no such line.
    pub fn parse_icd10cm(reader: impl BufRead, edition: &str) -> Result<Self, TermsError> {
        const FILE: &str = "icd10cm_order.txt";
        let mut builder = Builder::default();
        let mut headings_known = false;
        each_line(reader, FILE, |line| {
            let ordered = line.get(..5).is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
            let (code, heading, title) = if ordered {
                headings_known = true;
                let (Some(code), Some(valid)) = (line.get(6..13), line.get(14..15)) else {
                    return;
                };
                // The long title follows the short one of 60 columns.
                let title = line.get(77..).or(line.get(16..)).unwrap_or_default();
                (code.trim(), valid == "0", title.trim())
            } else {
                let Some((code, title)) = line.split_once([' ', '\t']) else { return };
                (code.trim(), false, title.trim())
            };
            let shaped = (3..=7).contains(&code.len())
                && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && code.starts_with(|c: char| c.is_ascii_uppercase());
            if !shaped || title.is_empty() {
                return;
            }
            let (category, rest) = code.split_at(3);
            let dotted =
                if rest.is_empty() { category.to_owned() } else { format!("{category}.{rest}") };
            let flags = if heading { flag::HEADING } else { 0 };
            let concept = NewConcept { code: &dotted, description: title, flags, seventh: 0 };
            builder.concept(&concept, &stems_of(title));
        })?;
        if headings_known {
            icd::set_defaults(&mut builder);
        }
        add_everyday(&mut builder);
        finished(
            builder,
            CodeSystem::Icd10Cm,
            edition,
            FILE,
            "`00001 A00 0 Cholera` or `A000 Cholera`",
        )
    }

    /// Reads SNOMED CT from a description snapshot (`sct2_Description_Snapshot-en_….txt`): active
    /// names; the fully specified one describes the concept.
    ///
    /// Spec: <https://confluence.ihtsdotools.org/display/DOCRELFMT>, section 4.2.2
    ///
    /// # Errors
    /// [`TermsError`] where the stream breaks off or holds no such line.
    pub fn parse_snomed_rf2(reader: impl BufRead, edition: &str) -> Result<Self, TermsError> {
        const FILE: &str = "sct2_Description_Snapshot.txt";
        const FULLY_SPECIFIED: &str = "900000000000003001";
        let mut names: HashMap<String, (String, Vec<String>)> = HashMap::new();
        each_line(reader, FILE, |line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [_, _, active, _, concept, _, kind, term, ..] = fields[..] else { return };
            if active != "1" || !concept.bytes().all(|byte| byte.is_ascii_digit()) {
                return;
            }
            let entry = names.entry(concept.to_owned()).or_default();
            if kind == FULLY_SPECIFIED {
                term.clone_into(&mut entry.0);
            } else {
                entry.1.push(term.to_owned());
            }
        })?;
        let mut names: Vec<(String, (String, Vec<String>))> = names.into_iter().collect();
        names.sort_unstable();
        let mut builder = Builder::default();
        for (code, (full, synonyms)) in names {
            let description = if full.is_empty() {
                match synonyms.first() {
                    Some(first) => first.clone(),
                    None => continue,
                }
            } else {
                full
            };
            let stems = stems_of(words::split_tag(&description).0);
            let concept =
                NewConcept { code: &code, description: &description, ..NewConcept::default() };
            let index = builder.concept(&concept, &stems);
            for synonym in synonyms {
                builder.name(index, Source::Own, &stems_of(&synonym));
            }
        }
        finished(builder, CodeSystem::SnomedCt, edition, FILE, "9 fields between tabs")
    }

    /// Reads LOINC from `Loinc.csv`: codes that are active, by long common name, short name and
    /// component.
    ///
    /// Spec: <https://loinc.org/kb/users-guide/loinc-database-structure/>
    ///
    /// # Errors
    /// [`TermsError`] where the stream breaks off or holds no such line.
    pub fn parse_loinc(mut reader: impl BufRead, edition: &str) -> Result<Self, TermsError> {
        const FILE: &str = "Loinc.csv";
        let mut builder = Builder::default();
        let mut columns: Option<HashMap<String, usize>> = None;
        let mut record = Vec::new();
        while read_record(&mut reader, &mut record)
            .map_err(|source| TermsError::Read { file: FILE, source })?
        {
            let Some(columns) = &columns else {
                let header = record.iter().enumerate();
                columns = Some(header.map(|(i, name)| (name.to_uppercase(), i)).collect());
                continue;
            };
            let field = |name: &str| {
                columns.get(name).and_then(|index| record.get(*index)).map_or("", String::as_str)
            };
            let (code, name) = (field("LOINC_NUM"), field("LONG_COMMON_NAME"));
            if code.is_empty() || name.is_empty() || field("STATUS") == "DEPRECATED" {
                continue;
            }
            let concept = NewConcept { code, description: name, ..NewConcept::default() };
            let index = builder.concept(&concept, &stems_of(name));
            for other in [field("SHORTNAME"), field("DISPLAYNAME"), field("CONSUMER_NAME")] {
                builder.name(index, Source::Own, &stems_of(other));
            }
        }
        finished(builder, CodeSystem::Loinc, edition, FILE, "columns LOINC_NUM, LONG_COMMON_NAME")
    }
}

/// Reads one record of comma-separated values; quotes may hold commas and line breaks.
fn read_record(reader: &mut impl BufRead, record: &mut Vec<String>) -> std::io::Result<bool> {
    record.clear();
    let mut line = Vec::new();
    let mut quoted = false;
    let mut field = String::new();
    let mut any = false;
    loop {
        line.clear();
        if std::io::Read::take(&mut *reader, LINE_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        any = true;
        let text = String::from_utf8_lossy(&line);
        let mut rest = text.trim_start_matches('\u{feff}').chars().peekable();
        while let Some(character) = rest.next() {
            match character {
                '"' if quoted && rest.peek() == Some(&'"') => {
                    field.push('"');
                    rest.next();
                }
                '"' => quoted = !quoted,
                ',' if !quoted => record.push(std::mem::take(&mut field)),
                '\r' | '\n' if !quoted => {}
                other => field.push(other),
            }
        }
        // An unclosed quote must not swallow the file.
        if !quoted || field.len() > LINE_BYTES_MAX as usize {
            break;
        }
    }
    if any {
        record.push(field);
    }
    Ok(any)
}

/// The tables a test or tool wants to see.
impl From<Table> for Terminology {
    fn from(table: Table) -> Self {
        Self::of([table])
    }
}
