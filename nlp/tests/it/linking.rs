//! Mentions to codes, against the embedded terminology and learned pairs.

use std::sync::OnceLock;

use nlp::Analysis;
use nlp::entity::{Category, CodeSystem, Concept, EntityType};
use nlp::link::{Cache, Learned, Linker, Mention, Pair, Terminology};

fn terms() -> &'static Terminology {
    static TERMS: OnceLock<Terminology> = OnceLock::new();
    TERMS.get_or_init(Terminology::embedded)
}

fn link(text: &str, kind: EntityType, attributes: &[(EntityType, &str)]) -> Vec<Concept> {
    let category = match kind {
        EntityType::GenericName | EntityType::BrandName => Category::Medication,
        EntityType::ProcedureName => Category::TestTreatmentProcedure,
        _ => Category::MedicalCondition,
    };
    let mention = Mention { text, category, entity_type: kind, attributes };
    Linker::new(terms(), None).link(&mention, &mut Cache::default())
}

#[track_caller]
fn check(text: &str, kind: EntityType, attributes: &[(EntityType, &str)], expected: &str) {
    let concepts = link(text, kind, attributes);
    let best = concepts.first().map_or("none", |concept| concept.code.as_str());
    assert_eq!(best, expected, "`{text}`: {concepts:?}");
    assert!(concepts.windows(2).all(|pair| pair[0].score >= pair[1].score));
    assert!(concepts.len() <= nlp::link::CANDIDATES_MAX);
}

#[test]
fn conditions_go_to_icd10cm() {
    use EntityType::DxName;
    for (text, code) in [
        ("hypertension", "I10"),
        ("HTN", "I10"),
        ("type II diabetes mellitus", "E11.9"),
        ("Type 2 diabetes mellitus with diabetic neuropathy", "E11.40"),
        ("COPD", "J44.9"),
        ("congestive heart failure", "I50.9"),
        ("acute on chronic systolic CHF", "I50.23"),
        ("acute bronchitis (disorder)", "J20.9"),
        ("left knee pain", "M25.562"),
        ("knee pain", "M25.569"),
        ("fracture of left femur", "S72.92XA"),
        ("otitis media, right ear", "H66.91"),
        ("renal calculi", "N20.0"),
        ("acute appendicitis", "K35.80"),
        ("Crohn’s disease", "K50.90"),
    ] {
        check(text, DxName, &[], code);
    }
}

#[test]
fn a_side_may_be_said_elsewhere() {
    check("knee pain", EntityType::DxName, &[(EntityType::Direction, "right")], "M25.561");
    let site = [(EntityType::SystemOrganSite, "left femur")];
    check("fracture", EntityType::DxName, &site, "S72.92XA");
}

#[test]
fn drugs_go_to_rxnorm_by_strength_and_form() {
    use EntityType::{BrandName, Form, GenericName, Strength};
    for (text, kind, attributes, code) in [
        ("lisinopril", GenericName, &[][..], "29046"),
        ("lisinopril 10 MG Oral Tablet", GenericName, &[], "314076"),
        ("lisinopril", GenericName, &[(Strength, "10 mg"), (Form, "tablet")], "314076"),
        ("ibuprofen 400 mg oral tablet [ibu]", BrandName, &[], "206905"),
        ("prednisone 20mg tabs", GenericName, &[], "312615"),
        ("Lipitor", BrandName, &[], "83367"),
        ("hydrocodone-acetaminophen 5-325 mg", GenericName, &[], "857002"),
        ("warfarin 99 mg", GenericName, &[], "11289"),
    ] {
        check(text, kind, attributes, code);
    }
}

#[test]
fn nonsense_goes_nowhere() {
    for text in ["", " ", "zzyzx", "%%%", "12", &"x".repeat(5000), "of the"] {
        assert_eq!(link(text, EntityType::DxName, &[]), [], "`{text}`");
        assert_eq!(link(text, EntityType::GenericName, &[]), [], "`{text}`");
    }
}

fn pair(code: &str, display: &str, count: u64) -> Pair {
    let system = CodeSystem::SnomedCt;
    Pair { system, code: code.into(), display: display.into(), count, seen_as: None }
}

#[test]
fn displays_of_the_store_are_found_and_linked() {
    let learned = Learned::build([
        pair("444814009", "Viral sinusitis (disorder)", 40),
        pair("36971009", "Sinusitis (disorder)", 3),
        pair("73761001", "Colonoscopy", 5),
    ]);
    let text = "Presenting with viral sinusitis (disorder), sinusitis; colonoscopy done.";
    let analysis = Analysis::of(text);
    let found: Vec<(&str, &str)> = learned
        .find(&analysis)
        .iter()
        .map(|one| (one.span.of(text), learned.pairs()[one.pairs[0] as usize].code.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("viral sinusitis (disorder)", "444814009"),
            ("sinusitis", "36971009"),
            ("colonoscopy", "73761001"),
        ]
    );
    let linker = Linker::new(terms(), Some(&learned));
    let best = |text: &str| {
        let (category, entity_type) = (Category::MedicalCondition, EntityType::DxName);
        let mention = Mention { text, category, entity_type, attributes: &[] };
        let concepts = linker.link(&mention, &mut Cache::default());
        let snomed = concepts.into_iter().find(|one| one.system == CodeSystem::SnomedCt);
        snomed.map(|one| (one.code, one.score))
    };
    let (code, exact) = best("viral sinusitis").expect("an exact display");
    assert_eq!(code, "444814009");
    let (code, similar) = best("sinusitis viral acute").expect("a similar display");
    assert_eq!(code, "444814009");
    assert!(exact > similar);
    assert_eq!(best("fracture"), None);
}

#[test]
fn stored_terms_are_read_back() {
    let bytes = terms().to_bytes();
    let again = Terminology::parse(&bytes).expect("its own bytes");
    assert_eq!(again.to_bytes(), bytes);
    for broken in [&bytes[..bytes.len() / 2], b"", b"tarn-terms-1\n", &bytes[1..]] {
        assert!(Terminology::parse(broken).is_err());
    }
}

#[test]
fn releases_are_read_and_take_over() {
    let rrf = "29046|ENG||||||0000|x|29046||RXNORM|IN|29046|lisinopril||N|4096|\n\
               29046|ENG||||||0000|x|29046||MTHSPL|SU|29046|LISINOPRIL||N||\n\
               314076|ENG||||||0000|x|314076||RXNORM|SCD|314076|lisinopril 10 MG Oral Tablet||N|4096|\n";
    let order = "00001 A00     0 Cholera                                                      Cholera\n\
                 00002 I10     1 Essential (primary) hypertension                             Essential (primary) hypertension\n";
    let rf2 = "id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\n\
               1\t20260101\t1\tm\t38341003\ten\t900000000000003001\tHypertensive disorder (disorder)\tx\n\
               2\t20260101\t1\tm\t38341003\ten\t900000000000013009\tHypertension\tx\n\
               3\t20260101\t0\tm\t38341003\ten\t900000000000013009\tOld name\tx\n";
    let loinc = "\"LOINC_NUM\",\"COMPONENT\",\"STATUS\",\"LONG_COMMON_NAME\",\"SHORTNAME\"\n\
                 \"4548-4\",\"Hemoglobin A1c\",\"ACTIVE\",\"Hemoglobin A1c/Hemoglobin.total, Blood\",\"HbA1c \"\"MFr\"\"\"\n";
    let mut terms = Terminology::default();
    for newer in [
        Terminology::parse_rxnorm_rrf(rrf.as_bytes(), "2026").expect("RxNorm"),
        Terminology::parse_icd10cm(order.as_bytes(), "2027").expect("ICD-10-CM"),
        Terminology::parse_snomed_rf2(rf2.as_bytes(), "US 2026").expect("SNOMED CT"),
        Terminology::parse_loinc(loinc.as_bytes(), "2.82").expect("LOINC"),
    ] {
        terms.merge(newer);
    }
    let terms = Terminology::parse(&terms.to_bytes()).expect("its own bytes");
    let linker = Linker::new(&terms, None);
    let best = |text: &str, category, entity_type| -> Vec<(CodeSystem, String)> {
        let mention = Mention { text, category, entity_type, attributes: &[] };
        let concepts = linker.link(&mention, &mut Cache::default());
        concepts.into_iter().map(|concept| (concept.system, concept.code)).collect()
    };
    assert_eq!(
        best("HTN", Category::MedicalCondition, EntityType::DxName),
        [(CodeSystem::Icd10Cm, "I10".to_owned()), (CodeSystem::SnomedCt, "38341003".to_owned())]
    );
    assert_eq!(
        best("lisinopril 10 mg tab", Category::Medication, EntityType::GenericName)[0].1,
        "314076"
    );
    assert_eq!(
        best("hemoglobin A1c", Category::TestTreatmentProcedure, EntityType::TestName)[0].1,
        "4548-4"
    );
    for wrong in ["", "nothing\nlike it\n"] {
        assert!(Terminology::parse_rxnorm_rrf(wrong.as_bytes(), "").is_err());
        assert!(Terminology::parse_icd10cm(wrong.as_bytes(), "").is_err());
        assert!(Terminology::parse_snomed_rf2(wrong.as_bytes(), "").is_err());
        assert!(Terminology::parse_loinc(wrong.as_bytes(), "").is_err());
    }
}
