//! Headings, and what the part of a note below them is about.
//!
//! A heading is a Markdown heading, a known title (alone on its line, or before a colon), or any
//! words in capitals before a colon. Titles come from the usual words of clinical notes, C-CDA
//! documents and Synthea's notes.

use std::sync::LazyLock;

pub use super::classify::classify;

use super::phrase::Phrases;
use super::{SectionKind, Span, Token, TokenKind};

/// Longest heading, in tokens.
const TOKENS_MAX: usize = 14;

/// Known titles, words only, `|` between titles of one kind.
const TITLES: &[(SectionKind, &str)] = &[
    (
        SectionKind::ChiefComplaint,
        "chief complaint|chief complaints|cc|presenting complaint|presenting complaints|\
         presenting problem|reason for visit|reason for admission|reason for hospital admission|\
         reason for consultation|reason for consult|reason for referral|reason for encounter|\
         reason for evaluation|complaint|complaints|admission complaint|\
         chief complaint and reason for visit|chief complaint reason for visit",
    ),
    (
        SectionKind::PresentIllness,
        "history of present illness|history of the present illness|hpi|present illness|\
         history of presenting illness|history of present complaint|\
         history of presenting complaint|history of current illness|interval history|\
         subjective|history|clinical history|brief history|present history|current history|\
         history of chief complaint|history of present condition|patient history|\
         history of injury|hx of present illness|interim history|brief hpi|narrative|\
         history and physical|hospital admission history|clinical information|indication|\
         indications|clinical indication|s|summary|presentation|case presentation|\
         case report|case description|case history",
    ),
    (
        SectionKind::PastMedical,
        "past medical history|pmh|pmhx|past history|medical history|previous medical history|\
         prior medical history|past medical hx|problem list|problems|active problems|\
         past medical history and review of systems|chronic problems|resolved problems|\
         past medical problems|medical problems|past medical and surgical history|\
         past medical surgical history|past medical history past surgical history|\
         significant past medical history|past illnesses|past psychiatric history|\
         psychiatric history|past oncologic history|oncologic history|\
         past neurologic history|history of past illness|past health|pertinent past history|\
         past medical history significant for|general medical history|comorbidities|\
         developmental history|birth history|past medical history includes|patient active problem list|\
         cardiac history|neurological history|illnesses|childhood illnesses|risk factors|\
         cardiac risk factors|past cardiac history|past medical family social history",
    ),
    (
        SectionKind::PastSurgical,
        "past surgical history|psh|pshx|surgical history|past surgeries|previous surgeries|\
         previous surgical history|prior surgeries|surgeries|past surgical hx|\
         operations|previous operations|prior operations|past procedures|\
         past surgical history includes|surgical hx",
    ),
    (
        SectionKind::Family,
        "family history|fh|fhx|family medical history|family hx|famhx|fam hx|fmh|\
         family health history|family psychiatric history|family history includes|\
         family and social history|family social history|family history social history",
    ),
    (
        SectionKind::Social,
        "social history|sh|shx|soc hx|social hx|habits|personal history|occupational history|\
         personal and social history|substance use|substance use history|tobacco use|\
         alcohol use|social history and habits|occupation|lifestyle|psychosocial history|\
         psychosocial|substance abuse history|sexual history|travel history|smoking status",
    ),
    (
        SectionKind::Gynecological,
        "gynecologic history|gynecological history|gyn history|obstetric history|ob history|\
         obstetrical history|ob gyn history|obgyn history|menstrual history|pregnancy history|\
         past ob history|past gyn history|gynaecological history|past obstetric history|\
         obstetrical and gynecological history|gyn|prenatal history|reproductive history",
    ),
    (
        SectionKind::Allergies,
        "allergies|allergy|allergies and intolerances|drug allergies|medication allergies|\
         known allergies|allergies and adverse reactions|all|allergies to medications|\
         food allergies|adverse drug reactions|allergies adverse reactions|drug allergy|\
         allergy list|nkda|allergic history|allergy history|allergies and sensitivities|\
         drug allergies and intolerances|adverse reactions",
    ),
    (
        SectionKind::Medications,
        "medications|current medications|meds|medication|medication list|home medications|\
         discharge medications|medications on admission|admission medications|\
         medications at home|medications prior to admission|medications on discharge|\
         medications at discharge|outpatient medications|current meds|home meds|\
         active medications|medications on transfer|transfer medications|rx|\
         prescriptions|preadmission medications|current outpatient medications|\
         medication history|drugs|discharge meds|admission meds|prescribed medications|\
         over the counter medications|new medications|inpatient medications|\
         current inpatient medications|present medications|history of medication use|\
         hospital discharge medications|medications administered|scheduled medications|\
         prn medications|current medication|medications include|discharge medication|\
         current facility administered medications|current medication list|medicines",
    ),
    (
        SectionKind::Immunizations,
        "immunizations|immunization|immunization history|vaccinations|vaccines|vaccination history|\
         immunizations given|immunisations|immunization status",
    ),
    (
        SectionKind::ReviewOfSystems,
        "review of systems|ros|systems review|review of symptoms|system review|\
         ros general|pertinent review of systems|systemic review",
    ),
    (
        SectionKind::Exam,
        "physical exam|physical examination|pe|exam|examination|on examination|on exam|objective|\
         physical|physical findings|general examination|clinical examination|px|o|\
         mental status examination|mental status exam|neurologic examination|\
         neurological examination|neurological exam|neurologic exam|admission physical exam|\
         discharge physical exam|physical examination on admission|neuro exam|\
         heent|head|eyes|ears|nose|throat|mouth|neck|lungs|lung|chest|heart|cardiac|\
         cardiovascular|cv|respiratory|resp|abdomen|abd|gastrointestinal|gi|genitourinary|gu|\
         extremities|ext|extrem|neurologic|neurological|neuro|skin|general|gen|\
         general appearance|constitutional|musculoskeletal|psychiatric|psych|lymphatic|\
         lymph nodes|back|spine|pelvic|pelvis|rectal|breast|breasts|breast exam|\
         pelvic exam|rectal exam|vascular|pulses|hematologic|endocrine|integumentary|\
         musculoskeletal exam|head and neck|oropharynx|thorax|pulmonary|appearance|\
         physical exam on admission|physical exam on discharge|discharge exam|admission exam|\
         focused examination|pelvic examination|cranial nerves|motor|sensory|reflexes|\
         gait|genitalia|ent|msk|lymph|head eyes ears nose and throat|chest and lungs",
    ),
    (
        SectionKind::Vitals,
        "vital signs|vitals|vs|vital signs on admission|admission vitals|vital|vitals signs|\
         discharge vitals",
    ),
    (
        SectionKind::Labs,
        "laboratory data|labs|laboratory|lab results|laboratory results|laboratory studies|results|\
         laboratory values|laboratory findings|diagnostic data|data|lab data|pertinent results|\
         diagnostic studies|admission labs|studies|laboratory examination|labs on admission|\
         lab|laboratory tests|lab tests|pertinent laboratory data|investigations|tests|\
         discharge labs|diagnostic results|relevant diagnostic tests|cultures|microbiology|\
         pathology|laboratory evaluation|pertinent labs|diagnostic tests|\
         relevant diagnostic tests laboratory data|diagnostics|lab studies|ekg|ecg|\
         diagnostic testing|electrocardiogram|test results|laboratory and diagnostic data",
    ),
    (
        SectionKind::Imaging,
        "imaging|radiology|imaging studies|imaging results|radiographic studies|x ray|x rays|\
         chest x ray|cxr|ct|ct scan|mri|ultrasound|echocardiogram|radiographs|radiology results|\
         radiographic findings|imaging findings|radiologic studies|xray|xrays|\
         findings|radiologic findings|comparison|technique|radiology data|echo",
    ),
    (
        SectionKind::Procedures,
        "procedures|procedure|procedures performed|operation|operation performed|operative procedure|\
         operative procedures|procedure performed|major surgical or invasive procedure|\
         procedure in detail|description of procedure|operative findings|operative report|\
         name of procedure|procedure description|details of procedure|operations performed|\
         operations and procedures|procedures and operations|title of operation|\
         operations procedures|special procedures|principal procedure|principal procedures",
    ),
    (
        SectionKind::Course,
        "hospital course|emergency department course|ed course|brief hospital course|\
         course in the emergency department|course in hospital|emergency room course|\
         hospital course by system|hospital course by problem|hospital course and treatment|\
         summary of hospital course|clinical course|course|er course|edcourse|\
         hospital course by systems|hospital course by problems|progress|\
         emergency department course and medical decision making|medical decision making|mdm|\
         history of hospital course|postoperative course|treatment course|\
         hospital course and discharge|icu course|interval events|events",
    ),
    (
        SectionKind::Assessment,
        "assessment|impression|impressions|clinical impression|a|conclusion|conclusions|\
         summary assessment|overall impression|diagnostic impression|imp|opinion|\
         discussion|problem assessment|interpretation|clinical assessment|\
         final impression|evaluation|radiology impression|ed impression",
    ),
    (
        SectionKind::Diagnosis,
        "diagnosis|diagnoses|discharge diagnosis|discharge diagnoses|admission diagnosis|\
         admitting diagnosis|final diagnosis|final diagnoses|principal diagnosis|\
         secondary diagnosis|secondary diagnoses|primary diagnosis|preoperative diagnosis|\
         postoperative diagnosis|pre op diagnosis|post op diagnosis|\
         preoperative diagnoses|postoperative diagnoses|\
         admission diagnoses|admitting diagnoses|working diagnosis|differential diagnosis|\
         differential|other diagnoses|additional diagnoses|encounter diagnoses|\
         visit diagnoses|hospital problems|final pathologic diagnosis|clinical diagnosis|\
         pre operative diagnosis|post operative diagnosis|principal diagnoses|dx|\
         primary diagnoses|principal problem|diagnosis on admission|diagnosis at discharge",
    ),
    (
        SectionKind::Plan,
        "plan|recommendations|recommendation|plan of care|treatment plan|p|treatment|\
         plan of treatment|plans|care plan|careplan|care plans|follow up plan|suggestions|\
         therapeutic plan|management|management plan|goals|orders|next steps|\
         plan and recommendations|treatment recommendations|anesthesia plan|\
         discharge plan|to do|tests ordered|plan recommendations",
    ),
    (
        SectionKind::AssessmentPlan,
        "assessment and plan|a p|assessment plan|impression and plan|impression plan|\
         assessment and recommendations|impression and recommendations|ap|\
         assessment and treatment plan|impression recommendations|a and p|\
         assessment recommendations|diagnosis and plan|assessment impression and plan",
    ),
    (
        SectionKind::Disposition,
        "disposition|discharge disposition|discharge condition|condition on discharge|\
         condition at discharge|condition|discharge status|discharge summary|condition upon discharge|\
         patient condition|status on discharge|discharge|discharge to|dispo|\
         discharge date|discharge facility",
    ),
    (
        SectionKind::Instructions,
        "instructions|discharge instructions|patient instructions|follow up|followup|\
         follow up instructions|followup instructions|education|patient education|\
         discharge instructions and follow up|special instructions|diet|activity|\
         discharge activity|discharge diet|return precautions|counseling|\
         discharge followup|discharge follow up|activity and diet|wound care|\
         follow up appointments|followup appointments|precautions|home care|advice",
    ),
];

static KNOWN: LazyLock<Phrases<SectionKind>> = LazyLock::new(|| {
    Phrases::new(
        TITLES.iter().flat_map(|(kind, titles)| titles.split('|').map(|title| (title, *kind))),
    )
});

/// Titles that also begin plain sentences or stand in running text: they need a colon, and their
/// own line or capitals.
const WEAK_LETTERS_MAX: usize = 4;

/// What a heading's words mean; none if they are not a known title. Case, numbering and marks do
/// not matter: `3. Past Medical/Surgical History` is one.
pub fn kind_of_title(title: &str) -> Option<SectionKind> {
    let tokens = super::tokenise(title);
    let words: Vec<u64> = tokens
        .iter()
        .filter(|token| token.kind == TokenKind::Word)
        .take(TOKENS_MAX)
        .map(|token| super::fold(token.span.of(title)))
        .collect();
    known(&words)
}

fn known(words: &[u64]) -> Option<SectionKind> {
    KNOWN.longest_at(words).filter(|(length, _)| *length == words.len()).map(|(_, kind)| kind)
}

/// A heading found at a place where a sentence may begin.
pub(super) struct Heading {
    /// Its words, without numbering, `#` and colon.
    pub(super) span: Span,
    /// One past its last token, colon included.
    pub(super) end: usize,
    /// What it means; [`SectionKind::Other`] for an unknown one.
    pub(super) kind: SectionKind,
}

/// Reads a heading that begins at token `start`. `line_end` is one past the last token of that
/// line, `at_line_start` whether `start` is the first.
pub(super) fn heading_at(
    text: &str,
    tokens: &[Token],
    folded: &[u64],
    start: usize,
    line_end: usize,
    at_line_start: bool,
) -> Option<Heading> {
    let mut first = start;
    let mut markdown = false;
    let mark = |at: usize| -> u8 {
        tokens
            .get(at)
            .filter(|t| t.kind == TokenKind::Mark)
            .map_or(0, |t| text.as_bytes()[t.span.start as usize])
    };
    if at_line_start {
        while first < line_end && matches!(mark(first), b'#' | b'*' | b'_' | b'=' | b'-') {
            markdown |= mark(first) == b'#';
            first += 1;
        }
        if markdown && first < line_end && first - start <= 6 {
            // The whole line is the heading, if it is as short as one.
            let end = line_end.min(first + 3 * TOKENS_MAX);
            if end < line_end {
                return None;
            }
            let mut last = end;
            while last > first && matches!(mark(last - 1), b'#' | b'*' | b'_' | b':') {
                last -= 1;
            }
            if last == first {
                return None;
            }
            let (words, _) = words_of(tokens, folded, first, last);
            let kind = known(words.slice()).unwrap_or(SectionKind::Other);
            let span = Span { start: tokens[first].span.start, end: tokens[last - 1].span.end };
            return Some(Heading { span, end, kind });
        }
        if markdown {
            return None;
        }
        // `1.` or `2)` before a title.
        if first + 2 < line_end
            && tokens[first].kind == TokenKind::Number
            && matches!(mark(first + 1), b'.' | b')')
        {
            first += 2;
        }
    }
    if first >= line_end || tokens[first].kind != TokenKind::Word {
        return None;
    }
    let limit = line_end.min(first + TOKENS_MAX);
    let mut last = first;
    while last < limit {
        match mark(last) {
            b':' => break,
            0 | b'/' | b'&' | b'-' | b'(' | b')' | b',' | b'\'' => last += 1,
            b'*' | b'_' => break,
            _ => return None,
        }
    }
    let mut end = last;
    while end < line_end && matches!(mark(end), b'*' | b'_') {
        end += 1;
    }
    let colon = mark(end) == b':' && end < line_end;
    if colon {
        end += 1;
        while end < line_end && matches!(mark(end), b'*' | b'_') {
            end += 1;
        }
    }
    let alone = at_line_start && end == line_end;
    if !(colon || alone) || last == first {
        return None;
    }
    // `12:30`, `http://`
    if colon && end < line_end && mark(end) == b'/' {
        return None;
    }
    let span = Span { start: tokens[first].span.start, end: tokens[last - 1].span.end };
    let title = span.of(text);
    let letters = title.bytes().filter(u8::is_ascii_alphabetic).count();
    let capitals = !title.bytes().any(|byte| byte.is_ascii_lowercase());
    let capital = title.starts_with(|first: char| first.is_uppercase());
    let (words, only_words) = words_of(tokens, folded, first, last);
    if let Some(kind) = known(words.slice()) {
        let weak = letters < WEAK_LETTERS_MAX && !capitals;
        let fits = if colon {
            (at_line_start || capital) && !weak
        } else {
            // Alone on its line, without a colon.
            capital && letters >= WEAK_LETTERS_MAX && (only_words || capitals)
        };
        return fits.then_some(Heading { span, end, kind });
    }
    let unknown = colon && capitals && letters >= 5 && (at_line_start || words.length >= 2);
    unknown.then(|| Heading { span, end, kind: keyword_kind(words.slice()) })
}

/// Up to [`TOKENS_MAX`] words, without allocating.
struct Words {
    words: [u64; TOKENS_MAX],
    length: usize,
}

impl Words {
    fn slice(&self) -> &[u64] {
        &self.words[..self.length]
    }
}

/// The words among some tokens, and whether they are all words.
fn words_of(tokens: &[Token], folded: &[u64], first: usize, last: usize) -> (Words, bool) {
    let mut found = Words { words: [0; TOKENS_MAX], length: 0 };
    let mut only = true;
    for at in first..last {
        if tokens[at].kind == TokenKind::Word && found.length < TOKENS_MAX {
            found.words[found.length] = folded[at];
            found.length += 1;
        } else {
            only = false;
        }
    }
    (found, only)
}

/// Words that tell what an unknown title in capitals is about.
const KEYWORDS: &[(&str, SectionKind)] = &[
    ("family", SectionKind::Family),
    ("social", SectionKind::Social),
    ("surgical", SectionKind::PastSurgical),
    ("allergies", SectionKind::Allergies),
    ("medications", SectionKind::Medications),
    ("medication", SectionKind::Medications),
    ("immunizations", SectionKind::Immunizations),
    ("complaint", SectionKind::ChiefComplaint),
    ("diagnosis", SectionKind::Diagnosis),
    ("diagnoses", SectionKind::Diagnosis),
    ("impression", SectionKind::Assessment),
    ("assessment", SectionKind::Assessment),
    ("recommendations", SectionKind::Plan),
    ("plan", SectionKind::Plan),
    ("instructions", SectionKind::Instructions),
    ("disposition", SectionKind::Disposition),
    ("course", SectionKind::Course),
    ("laboratory", SectionKind::Labs),
    ("labs", SectionKind::Labs),
    ("examination", SectionKind::Exam),
    ("exam", SectionKind::Exam),
    ("vitals", SectionKind::Vitals),
    ("procedure", SectionKind::Procedures),
    ("procedures", SectionKind::Procedures),
    ("operation", SectionKind::Procedures),
];

static KEYWORD: LazyLock<Phrases<SectionKind>> =
    LazyLock::new(|| Phrases::new(KEYWORDS.iter().copied()));

fn keyword_kind(words: &[u64]) -> SectionKind {
    words.iter().find_map(|&word| KEYWORD.word(word)).unwrap_or(SectionKind::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_known_in_any_dress() {
        let check = |title: &str, expected| assert_eq!(kind_of_title(title), expected, "{title}");
        check("Past Medical History", Some(SectionKind::PastMedical));
        check("3. PAST MEDICAL/SURGICAL HISTORY:", Some(SectionKind::PastMedical));
        check("Assessment & Plan", Some(SectionKind::AssessmentPlan));
        check("A/P", Some(SectionKind::AssessmentPlan));
        check("Chief Complaint", Some(SectionKind::ChiefComplaint));
        check("Family History", Some(SectionKind::Family));
        check("Shoe size", None);
        check("", None);
    }
}
