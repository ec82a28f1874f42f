use proptest::prelude::*;

use super::*;

#[test]
fn punctuation_ends_sentences_but_not_abbreviations() {
    check(
        "He saw Dr. Smith. He takes 2.5 mg q.i.d. for pain.",
        &["He saw Dr. Smith.", "He takes 2.5 mg q.i.d. for pain."],
    );
    check(
        "Given 40 mg. of Lasix, e.g. by mouth. Felt better!",
        &["Given 40 mg. of Lasix, e.g. by mouth.", "Felt better!"],
    );
    check(
        "She has hepatitis C. The liver is large.",
        &["She has hepatitis C.", "The liver is large."],
    );
    check("Seen by John S. Miller, M.D. today.", &["Seen by John S. Miller, M.D. today."]);
    check("No wheezes.Heart regular.", &["No wheezes.", "Heart regular."]);
    check("Temp. 98.6. BP 120/80.", &["Temp. 98.6.", "BP 120/80."]);
}

#[test]
fn lines_come_before_punctuation() {
    check("- aspirin 81 mg\n- lisinopril", &["- aspirin 81 mg", "- lisinopril"]);
    check("1. Hypertension. 2. Diabetes.", &["1. Hypertension.", "2. Diabetes."]);
    check("1. Hypertension\n2. Diabetes", &["1. Hypertension", "2. Diabetes"]);
    check("Fever\nCough", &["Fever", "Cough"]);
    check("One • two • three", &["One", "• two", "• three"]);
    check(
        "The patient was seen in the clinic today because of a\ncough that had lasted for some \
         weeks.",
        &["The patient was seen in the clinic today because of a\ncough that had lasted for some \
           weeks."],
    );
    check("Anna\n is a 40 year-old.\n She smokes.", &["Anna\n is a 40 year-old.", "She smokes."]);
    check("No history of\ndiabetes\n\nfever", &["No history of\ndiabetes", "fever"]);
}

#[test]
fn headings_open_sections() {
    let text = "Seen 2024.\n# Chief Complaint\nCough.\nPAST MEDICAL HISTORY: Asthma. FAMILY \
                HISTORY: Diabetes.\nAssessment and Plan\nRest.\n**Allergies:** none\nMOOD NOTES: ok";
    let analysis = Analysis::of(text);
    let found: Vec<(Option<&str>, SectionKind)> = analysis
        .sections
        .iter()
        .map(|section| (section.heading.map(|heading| heading.of(text)), section.kind))
        .collect();
    assert_eq!(
        found,
        [
            (None, SectionKind::Other),
            (Some("Chief Complaint"), SectionKind::ChiefComplaint),
            (Some("PAST MEDICAL HISTORY"), SectionKind::PastMedical),
            (Some("FAMILY HISTORY"), SectionKind::Family),
            (Some("Assessment and Plan"), SectionKind::AssessmentPlan),
            (Some("Allergies"), SectionKind::Allergies),
            (Some("MOOD NOTES"), SectionKind::Other),
        ]
    );
    assert_eq!(analysis.kind_of(analysis.sentence_at(47).unwrap_or(0)), SectionKind::PastMedical);
}

#[test]
fn body_parts_stay_in_the_review_of_systems() {
    let analysis = Analysis::of("ROS:\nHEENT: no pain\nPHYSICAL EXAM:\nHEENT: normal");
    let kinds: Vec<SectionKind> = analysis.sections.iter().map(|section| section.kind).collect();
    assert_eq!(
        kinds,
        [
            SectionKind::ReviewOfSystems,
            SectionKind::ReviewOfSystems,
            SectionKind::Exam,
            SectionKind::Exam,
        ]
    );
}

#[test]
fn a_megabyte_without_a_stop_is_cut() {
    for unit in ["word ", "a", "1,", "A:", "# ", "\n", ".", "- x\n", "\u{301}", "( "] {
        let text = unit.repeat(1_000_000 / unit.len());
        let analysis = Analysis::of(&text);
        assert_sound(&analysis);
        let longest = analysis.sentences.iter().map(|s| s.tokens.len()).max().unwrap_or(0);
        assert!(longest <= 401, "{unit:?} {longest}");
    }
}

proptest! {
    #[test]
    fn any_text_is_cut_soundly(text in "\\PC{0,80}|[a-zA-Z.:#*\\n\\r 0-9-]{0,200}") {
        assert_sound(&Analysis::of(&text));
    }
}

fn assert_sound(analysis: &Analysis) {
    let text = analysis.text;
    let sound = |span: Span| {
        assert!(span.start <= span.end && span.end as usize <= text.len());
        assert!(text.is_char_boundary(span.start as usize));
        assert!(text.is_char_boundary(span.end as usize));
    };
    let mut end = 0;
    for token in &analysis.tokens {
        sound(token.span);
        assert!(token.span.start >= end && !token.span.is_empty());
        end = token.span.end;
    }
    let mut next = 0;
    for sentence in &analysis.sentences {
        sound(sentence.span);
        assert_eq!(sentence.tokens.start, next);
        assert!(sentence.tokens.end > next);
        next = sentence.tokens.end;
        assert!((sentence.section as usize) < analysis.sections.len());
    }
    assert_eq!(next as usize, analysis.tokens.len());
    assert_eq!(analysis.folded.len(), analysis.tokens.len());
    let mut end = 0;
    for section in &analysis.sections {
        sound(section.span);
        assert_eq!(section.span.start, end);
        end = section.span.end;
    }
    assert_eq!(end as usize, text.len());
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let analysis = Analysis::of(text);
    assert_sound(&analysis);
    let found: Vec<&str> = analysis.sentences.iter().map(|s| s.span.of(text)).collect();
    assert_eq!(found, expected);
}
