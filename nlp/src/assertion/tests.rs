use super::*;

#[test]
fn denial_reaches_over_a_list_until_a_but() {
    check("He denies fever, chills, or cough but has a rash.", "cough", "negated");
    check("He denies fever, chills, or cough but has a rash.", "rash", "");
    check("No evidence of pneumonia.", "pneumonia", "negated");
    check("Pneumonia was ruled out.", "Pneumonia", "negated");
    check("Edema: none", "Edema", "negated");
    check("There is no change in the mass.", "mass", "");
    check("Gram negative sepsis.", "sepsis", "");
    check("Chest is not tender.", "Chest", "");
    check("She doesn’t have asthma.", "asthma", "negated");
}

#[test]
fn past_and_present_are_told_apart() {
    check("History of stroke, presents with vertigo.", "stroke", "historical");
    check("History of stroke, presents with vertigo.", "vertigo", "");
    check("A two day history of nausea.", "nausea", "");
    check("No history of gout.", "gout", "negated historical");
    check("Appendicitis 10 years ago.", "Appendicitis", "historical");
    check("Fracture of the wrist in 1987.", "Fracture", "historical");
    check("Status post CABG.", "Status post CABG", "historical");
    check("Past Medical History:\nAsthma", "Asthma", "historical");
}

#[test]
fn synthea_lists_active_conditions_as_history() {
    check(
        "# History of Present Illness\nAnna is a 40 year-old. Patient has a history of asthma.",
        "asthma",
        "",
    );
    check("Patient has a history of asthma.", "asthma", "historical");
}

#[test]
fn kin_are_not_the_patient() {
    check("Her mother had breast cancer.", "breast cancer", "family");
    check("His wife reports snoring.", "snoring", "");
    check("Family History: Diabetes.", "Diabetes", "family");
    check("No family history of gout.", "gout", "negated family");
    check("Diabetes in her father.", "Diabetes", "family");
}

#[test]
fn maybe_and_if_are_not_yes() {
    check("Return for fever or bleeding.", "bleeding", "hypothetical");
    check("Call your doctor if you have chest pain.", "chest pain", "hypothetical");
    check("Possible pneumonia.", "pneumonia", "uncertain");
    check("Pneumonia cannot be excluded.", "Pneumonia", "uncertain");
    check("She is scheduled for colonoscopy.", "colonoscopy", "future");
}

#[test]
fn a_list_hangs_on_its_introduction() {
    check("Patient denies:\n- fever\n- cough", "cough", "negated");
    check("Return if you notice:\n- fever\n- bleeding\n\nStable.", "bleeding", "hypothetical");
}

#[test]
fn many_targets_agree_with_one() {
    let text = "He denies fever. Mother had gout. Fever.";
    let analysis = Analysis::of(text);
    let targets: Vec<Span> =
        ["fever", "gout", "Fever"].iter().map(|word| span_of(text, word)).collect();
    let together = assess_all(&analysis, &targets);
    for (target, found) in targets.iter().zip(together) {
        let sentence = analysis.sentence_at(target.start).expect("a sentence");
        assert_eq!(assess(&analysis, sentence, *target), found);
    }
    assert_eq!(assess(&analysis, 99, targets[0]), Assertion::default());
}

#[test]
fn hostile_text_takes_little_time() {
    for unit in ["no ", "if ", "- no\n", "mother ", "but ", "no history of ", "in 1999 "] {
        let text = unit.repeat(200_000 / unit.len());
        let analysis = Analysis::of(&text);
        let targets: Vec<Span> = analysis.tokens.iter().map(|token| token.span).collect();
        let start = std::time::Instant::now();
        assert_eq!(assess_all(&analysis, &targets).len(), targets.len());
        assert!(start.elapsed().as_secs() < 5, "{unit:?}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_can_be_assessed(
        text in "\\PC{0,60}|(no|if|but|history of|mother|[a-z]{1,5}| |,|;|:|-|\\n|1\\)){0,40}",
        start in 0_u32..80, length in 0_u32..20,
    ) {
        let analysis = Analysis::of(&text);
        assess_all(&analysis, &[Span { start, end: start + length }]);
        assess(&analysis, start as usize, Span { start, end: start + length });
    }
}

fn span_of(text: &str, word: &str) -> Span {
    let start = text.rfind(word).expect("the target is in the text");
    Span { start: start as u32, end: (start + word.len()) as u32 }
}

#[track_caller]
fn check(text: &str, target: &str, expected: &str) {
    let analysis = Analysis::of(text);
    let target_span = span_of(text, target);
    let sentence = analysis.sentence_at(target_span.start).expect("a sentence");
    let found = assess(&analysis, sentence, target_span);
    let names: Vec<&str> = [
        ("negated", found.negated),
        ("hypothetical", found.hypothetical),
        ("historical", found.historical),
        ("family", found.family),
        ("uncertain", found.uncertain),
        ("future", found.future),
    ]
    .into_iter()
    .filter(|(_, score)| *score >= CERTAIN)
    .map(|(name, _)| name)
    .collect();
    assert_eq!(names.join(" "), expected, "`{target}` in `{text}`");
}
