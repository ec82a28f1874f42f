use proptest::prelude::*;

use super::*;

#[test]
fn people_places_dates_and_numbers_are_found() {
    check(
        "Anna S., a 34-year-old, was seen by Dr. Ole Nilsen at Elm Clinic on March 3rd, 2023 (MRN: 99-871).",
        &[
            "NAME Anna S.",
            "AGE 34-year-old",
            "NAME Ole Nilsen",
            "ADDRESS Elm Clinic",
            "DATE March 3rd, 2023",
            "ID 99-871",
        ],
    );
    check(
        "Call (555) 010-1234 or mail a.b@example.org.",
        &["PHONE_OR_FAX (555) 010-1234", "EMAIL a.b@example.org"],
    );
    check(
        "Lives at 12 Oak Lane, Springfield, IL 62701.",
        &["ADDRESS 12 Oak Lane, Springfield, IL 62701"],
    );
    check(
        "SSN 123-45-6789, see https://example.org/x?y=1.",
        &["ID 123-45-6789", "URL https://example.org/x?y=1"],
    );
    check("Visited on 2023-07-04 and 7/4/23.", &["DATE 2023-07-04", "DATE 7/4/23"]);
    check("She works as a teacher.", &["PROFESSION teacher"]);
    check("He is 93 years old.", &["AGE 93 years old"]);
}

#[test]
fn clinical_words_are_nobody() {
    for text in [
        "Parkinson's disease and Bell's palsy.",
        "A Foley catheter was placed; Gram stain negative.",
        "Cushing syndrome, Graves' disease, Hodgkin lymphoma.",
        "Started Lipitor and Tylenol. Vitamin D. Hepatitis C.",
        "The Wells score and the Glasgow Coma Scale were high in 2021.",
        "Stevens-Johnson syndrome after Bactrim.",
        "New York Heart Association class III.",
        "BP 120/80, WBC 12.5, sodium 140.",
        "Best guidelines for treating Crohn's disease?",
        "Take 2 tablets every 4-6 hours; 1/2 tablet at night.",
    ] {
        check(text, &[]);
    }
}

#[test]
fn the_patients_own_names_and_numbers_are_known() {
    let known = Known::new()
        .person(&["Roberta"], "Qvist")
        .birth_date("1956-07-04")
        .identifier("774-11-2")
        .phone("+1 (555) 010-9999")
        .place("Haus am See");
    let text = "roberta qvist, Quist, born 7/4/1956, no. 774112, tel 5550109999 is not hers, 1-555-010-9999 is, at Haus am See.";
    let analysis = Analysis::of(text);
    let found = find(&analysis, Some(&known));
    let words: Vec<&str> = found.iter().map(|entity| entity.span.of(text)).collect();
    for expected in
        ["roberta qvist", "Quist", "7/4/1956", "774112", "1-555-010-9999", "Haus am See"]
    {
        assert!(words.contains(&expected), "{expected} among {words:?}");
    }
    assert!(
        found.iter().any(|entity| entity.entity_type == EntityType::Date && entity.score > 0.98)
    );
}

#[test]
fn redaction_names_what_it_hides() {
    let text = "Dr. Smith saw her on 1/2/2023.";
    let analysis = Analysis::of(text);
    assert_eq!(redact(text, &find(&analysis, None)), "Dr. [NAME] saw her on [DATE].");
    assert_eq!(redact("é", &find(&analysis, None)), "é");
    assert_eq!(redact(text, &[]), text);
}

#[test]
fn hostile_text_takes_little_time() {
    for unit in [
        "Dr. ",
        "St. ",
        "A",
        "Mary ",
        "1-",
        "@",
        "a@",
        "MRN ",
        "12 ",
        "+1(",
        "of ",
        "New York ",
        "# ",
    ] {
        let text = unit.repeat(400_000 / unit.len());
        let analysis = Analysis::of(&text);
        let start = std::time::Instant::now();
        assert_sound(
            &text,
            &find(&analysis, Some(&Known::new().person(&["Mary"], "Smith").phone("5550101234"))),
        );
        assert!(start.elapsed().as_secs() < 5, "{unit:?}");
    }
}

proptest! {
    #[test]
    fn any_text_gives_sound_spans(
        text in "\\PC{0,60}|([A-Z][a-z]{0,6}|[0-9]{1,4}|[-/.,:#@()'] ?|St|of|MRN|Mary|Smith| |\\n){0,40}"
    ) {
        let analysis = Analysis::of(&text);
        let found = find(&analysis, Some(&Known::new().person(&["Mary Ann"], "Smith")));
        assert_sound(&text, &found);
        redact(&text, &found);
    }
}

fn assert_sound(text: &str, found: &[Entity]) {
    let mut end = 0;
    for entity in found {
        assert!(
            entity.span.start >= end && entity.span.start < entity.span.end,
            "{text:?} {found:?}"
        );
        assert!(text.is_char_boundary(entity.span.start as usize));
        assert!(text.is_char_boundary(entity.span.end as usize));
        end = entity.span.end;
    }
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let analysis = Analysis::of(text);
    let found: Vec<String> = find(&analysis, None)
        .iter()
        .map(|entity| format!("{} {}", entity.entity_type.as_str(), entity.span.of(text)))
        .collect();
    assert_eq!(found, expected, "`{text}`");
}
