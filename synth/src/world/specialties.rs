//! What clinicians practise, and which of them a module's patients need.
//!
//! Codes: NUCC Health Care Provider Taxonomy, <https://nucc.org>.

/// NUCC code and display.
pub(super) type Specialty = (&'static str, &'static str);

pub(super) const FAMILY: Specialty = ("207Q00000X", "Family Medicine");
pub(super) const INTERNAL: Specialty = ("207R00000X", "Internal Medicine");
pub(super) const PEDIATRICS: Specialty = ("208000000X", "Pediatrics");
pub(super) const NURSE_PRACTITIONER: Specialty = ("363LF0000X", "Family Nurse Practitioner");
pub(super) const PHYSICIAN_ASSISTANT: Specialty = ("363A00000X", "Physician Assistant");
pub(super) const EMERGENCY: Specialty = ("207P00000X", "Emergency Medicine");
pub(super) const HOSPITALIST: Specialty = ("208M00000X", "Hospitalist");
pub(super) const SURGERY: Specialty = ("208600000X", "Surgery");
pub(super) const ORTHOPAEDICS: Specialty = ("207X00000X", "Orthopaedic Surgery");
pub(super) const CRITICAL_CARE: Specialty = ("207RC0200X", "Critical Care Medicine");
pub(super) const OBSTETRICS: Specialty = ("207V00000X", "Obstetrics & Gynecology");
pub(super) const CARDIOLOGY: Specialty = ("207RC0000X", "Cardiovascular Disease");
pub(super) const PULMONOLOGY: Specialty = ("207RP1001X", "Pulmonary Disease");
pub(super) const GASTROENTEROLOGY: Specialty = ("207RG0100X", "Gastroenterology");
pub(super) const NEPHROLOGY: Specialty = ("207RN0300X", "Nephrology");
pub(super) const ENDOCRINOLOGY: Specialty = ("207RE0101X", "Endocrinology, Diabetes & Metabolism");
pub(super) const ONCOLOGY: Specialty = ("207RH0003X", "Hematology & Oncology");
pub(super) const NEUROLOGY: Specialty = ("2084N0400X", "Neurology");
pub(super) const PSYCHIATRY: Specialty = ("2084P0800X", "Psychiatry");
pub(super) const DERMATOLOGY: Specialty = ("207N00000X", "Dermatology");
pub(super) const OPHTHALMOLOGY: Specialty = ("207W00000X", "Ophthalmology");
pub(super) const OTOLARYNGOLOGY: Specialty = ("207Y00000X", "Otolaryngology");
pub(super) const UROLOGY: Specialty = ("208800000X", "Urology");
pub(super) const RHEUMATOLOGY: Specialty = ("207RR0500X", "Rheumatology");
pub(super) const ALLERGY: Specialty = ("207K00000X", "Allergy & Immunology");
pub(super) const REHABILITATION: Specialty = ("208100000X", "Physical Medicine & Rehabilitation");
pub(super) const PALLIATIVE: Specialty = ("207RH0002X", "Hospice and Palliative Medicine");
pub(super) const GERIATRICS: Specialty = ("207RG0300X", "Geriatric Medicine");
pub(super) const RADIOLOGY: Specialty = ("2085R0202X", "Diagnostic Radiology");
pub(super) const PATHOLOGY: Specialty = ("207ZP0102X", "Anatomic & Clinical Pathology");
pub(super) const ANESTHESIOLOGY: Specialty = ("207L00000X", "Anesthesiology");
pub(super) const HOME_NURSE: Specialty = ("163WH0200X", "Home Health Registered Nurse");

/// Parts of module names and who sees their patients; the first that fits counts, so what is
/// narrower stands further up (`kidney_stone` before `kidney`, `lung_cancer` before `lung`).
const BY_MODULE: [(&[&str], Specialty); 22] = [
    (&["colo", "gi_", "gerd", "reflux", "gastro", "liver", "hepat", "celiac"], GASTROENTEROLOGY),
    (&["cancer", "leukemia", "lymphoma", "chemo", "oncolog"], ONCOLOGY),
    (
        &[
            "gestation",
            "pregnan",
            "obstet",
            "contracept",
            "cervical",
            "female",
            "menopaus",
            "breast",
        ],
        OBSTETRICS,
    ),
    (&["newborn", "neonat"], PEDIATRICS),
    (&["appendic", "gallstone", "cholecyst", "hernia", "surger", "bariatric"], SURGERY),
    (&["kidney_stone", "kidney stone", "prostat", "bph", "urinary", "urolog"], UROLOGY),
    (
        &[
            "stroke",
            "dementia",
            "alzheimer",
            "epilep",
            "seizure",
            "migraine",
            "headache",
            "parkinson",
            "sclerosis",
            "cerebral",
        ],
        NEUROLOGY,
    ),
    (&["coronary", "heart", "atrial", "cardi", "hypertens", "infarct"], CARDIOLOGY),
    (&["copd", "asthma", "lung", "pulmon", "pneumon", "sleep_apnea"], PULMONOLOGY),
    (&["ckd", "kidney", "dialysis", "renal"], NEPHROLOGY),
    (&["diabet", "metabolic", "thyroid", "obesity", "lipid"], ENDOCRINOLOGY),
    (&["rheumat", "gout", "lupus", "fibromyalg"], RHEUMATOLOGY),
    (
        &["injur", "fractur", "hip", "knee", "joint", "arthr", "osteo", "back", "sprain", "carpal"],
        ORTHOPAEDICS,
    ),
    (
        &[
            "depress",
            "anxi",
            "mental",
            "psych",
            "opioid",
            "alcohol",
            "adhd",
            "bipolar",
            "substance",
        ],
        PSYCHIATRY,
    ),
    (&["allerg", "anaphyl"], ALLERGY),
    (&["skin", "derm", "eczema", "acne", "cellulitis", "melanoma", "psoria"], DERMATOLOGY),
    (&["eye", "cataract", "glaucoma", "retino"], OPHTHALMOLOGY),
    (&["otitis", "ear_infection", "sinus", "tonsil", "hearing"], OTOLARYNGOLOGY),
    (&["anemia", "anaemia", "sickle"], ONCOLOGY),
    (&["rehab", "chronic_pain", "spinal"], REHABILITATION),
    (&["palliat", "hospice"], PALLIATIVE),
    (&["frail", "fall"], GERIATRICS),
];

/// Who sees a module's patients when a specialist does.
pub(super) fn of_module(module: &str) -> Specialty {
    BY_MODULE
        .iter()
        .find(|(parts, _)| parts.iter().any(|part| contains(module, part)))
        .map_or(INTERNAL, |(_, specialty)| *specialty)
}

/// Whether `text` contains `part` (lower case), whatever the case of `text`.
fn contains(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrower_specialty_wins() {
        assert_eq!(of_module("lung_cancer"), ONCOLOGY);
        assert_eq!(of_module("colorectal_cancer_screening"), GASTROENTEROLOGY);
        assert_eq!(of_module("Kidney Stone"), UROLOGY);
        assert_eq!(of_module("ckd"), NEPHROLOGY);
        assert_eq!(of_module("copd"), PULMONOLOGY);
        assert_eq!(of_module("something_else"), INTERNAL);
    }
}
