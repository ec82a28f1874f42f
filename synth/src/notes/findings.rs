//! What patients feel and clinicians find, under every name they use for it. One concept, many
//! phrases: whoever denies "SOB" must not have affirmed "dyspnea".
//!
//! Codes: ICD-10-CM (public domain) and SNOMED CT identifiers, as facts.

use std::sync::OnceLock;
use xxhash_rust::xxh3::xxh3_64;

/// A symptom, sign or condition that is denied or affirmed.
#[derive(Debug)]
pub(super) struct Finding {
    /// Words in full; the first is the concept's name.
    pub full: &'static [&'static str],
    /// Short forms.
    pub short: &'static [&'static str],
    /// ICD-10-CM, or empty.
    pub icd: &'static str,
    /// SNOMED CT, or empty.
    pub snomed: &'static str,
}

const fn f(
    full: &'static [&'static str],
    short: &'static [&'static str],
    icd: &'static str,
    snomed: &'static str,
) -> Finding {
    Finding { full, short, icd, snomed }
}

/// All of them.
pub(super) static FINDINGS: &[Finding] = &[
    // General.
    f(&["fever", "fevers", "febrile", "feverish"], &[], "R50.9", "386661006"),
    f(&["chills", "rigors", "shaking chills"], &[], "R68.83", "43724002"),
    f(&["night sweats"], &[], "R61", "42984000"),
    f(
        &["fatigue", "tiredness", "low energy", "exhaustion", "fatigued", "tired"],
        &[],
        "R53.83",
        "84229001",
    ),
    f(&["malaise", "feeling unwell"], &[], "R53.81", "367391008"),
    f(
        &["weight loss", "unintentional weight loss", "losing weight"],
        &["wt loss"],
        "R63.4",
        "89362005",
    ),
    f(&["weight gain", "recent weight gain"], &["wt gain"], "R63.5", "8943002"),
    f(
        &["loss of appetite", "poor appetite", "decreased appetite", "anorexia"],
        &[],
        "R63.0",
        "79890006",
    ),
    f(&["poor feeding", "feeding difficulty", "feeding poorly"], &[], "R63.39", "78164000"),
    f(&["irritability", "fussiness", "fussy", "irritable"], &[], "R45.4", "55929007"),
    f(&["lethargy", "drowsiness", "lethargic"], &[], "R53.83", "214264003"),
    f(
        &["body aches", "myalgias", "muscle aches", "myalgia", "muscle pain"],
        &[],
        "M79.10",
        "68962001",
    ),
    f(&["diaphoresis", "sweating", "diaphoretic", "sweats"], &[], "R61", "52613005"),
    f(&["dehydration", "signs of dehydration", "dehydrated"], &[], "E86.0", "34095006"),
    f(&["heat exposure"], &[], "", ""),
    // Head, eyes, ears, nose, throat.
    f(&["headache", "headaches"], &["HA", "HAs"], "R51.9", "25064002"),
    f(&["sore throat", "throat pain", "odynophagia"], &["ST"], "J02.9", "162397003"),
    f(&["runny nose", "rhinorrhea"], &[], "J34.89", "64531003"),
    f(&["nasal congestion", "congestion", "stuffy nose", "stuffiness"], &[], "R09.81", "68235000"),
    f(&["sneezing"], &[], "R06.7", "162367006"),
    f(&["itchy eyes", "itchy, watery eyes", "watery eyes"], &[], "H57.9", "74776002"),
    f(
        &["facial pain", "sinus pressure", "facial pressure", "sinus pain"],
        &[],
        "R51.9",
        "95668009",
    ),
    f(&["ear pain", "otalgia", "earache", "tugging at the ear"], &[], "H92.09", "301354004"),
    f(&["ear discharge", "otorrhea", "ear drainage"], &[], "H92.10", "300132001"),
    f(&["hearing loss", "decreased hearing"], &[], "H91.90", "15188001"),
    f(
        &["loss of taste", "loss of taste or smell", "loss of smell", "anosmia"],
        &[],
        "R43.8",
        "36955009",
    ),
    f(
        &["vision changes", "blurred vision", "blurry vision", "visual changes"],
        &[],
        "H53.8",
        "246636008",
    ),
    f(&["photophobia", "light sensitivity"], &[], "H53.149", "409668002"),
    f(&["neck stiffness", "stiff neck", "neck rigidity"], &[], "M43.6", "161882006"),
    f(&["neck pain"], &[], "M54.2", "81680005"),
    f(&["hoarseness", "hoarse voice"], &[], "R49.0", "50219008"),
    f(&["difficulty swallowing", "dysphagia", "trouble swallowing"], &[], "R13.10", "40739000"),
    f(&["drooling"], &[], "K11.7", "62718007"),
    f(&["epistaxis", "nosebleed", "nosebleeds"], &[], "R04.0", "249366005"),
    f(&["throat swelling", "throat tightness", "tongue swelling"], &[], "R22.1", ""),
    // Heart and lungs.
    f(
        &[
            "chest pain",
            "chest discomfort",
            "chest pressure",
            "chest tightness",
            "substernal chest pain",
        ],
        &["CP"],
        "R07.9",
        "29857009",
    ),
    f(&["pleuritic chest pain", "pleuritic pain"], &[], "R07.1", "2237002"),
    f(&["palpitations", "heart racing"], &["palps"], "R00.2", "80313002"),
    f(
        &[
            "shortness of breath",
            "dyspnea",
            "difficulty breathing",
            "trouble breathing",
            "breathlessness",
            "dyspnea on exertion",
            "exertional dyspnea",
            "DOE",
            "respiratory distress",
        ],
        &["SOB"],
        "R06.02",
        "267036007",
    ),
    f(&["orthopnea"], &[], "R06.01", "62744007"),
    f(&["paroxysmal nocturnal dyspnea"], &["PND"], "R06.09", "55442000"),
    f(
        &[
            "leg swelling",
            "lower extremity edema",
            "edema",
            "ankle swelling",
            "peripheral edema",
            "pedal edema",
            "pitting edema",
            "swelling of the legs",
        ],
        &["LE edema", "LE swelling"],
        "R60.0",
        "267038008",
    ),
    f(&["calf pain", "calf tenderness"], &[], "M79.669", ""),
    f(&["leg pain"], &[], "M79.606", "10601006"),
    f(&["claudication"], &[], "I73.9", "275520000"),
    f(&["syncope", "passing out", "fainting"], &[], "R55", "271594007"),
    f(&["lightheadedness", "feeling lightheaded", "lightheaded"], &[], "R42", "386705008"),
    f(&["dizziness", "dizzy spells", "dizzy"], &[], "R42", "404640003"),
    f(&["vertigo"], &[], "R42", "399153001"),
    f(
        &["cough", "coughing", "productive cough", "dry cough", "nonproductive cough"],
        &[],
        "R05.9",
        "49727002",
    ),
    f(
        &["sputum production", "sputum", "purulent sputum", "yellow sputum"],
        &[],
        "R09.3",
        "28743005",
    ),
    f(&["hemoptysis", "coughing up blood"], &[], "R04.2", "66857006"),
    f(
        &["wheezing", "wheeze", "wheezes", "expiratory wheezes", "expiratory wheezing"],
        &[],
        "R06.2",
        "56018004",
    ),
    f(&["crackles", "rales", "bibasilar crackles", "bibasilar rales"], &[], "R09.89", "48409008"),
    f(&["rhonchi", "coarse breath sounds"], &[], "R09.89", "24612001"),
    f(&["stridor"], &[], "R06.1", "70407001"),
    f(&["barking cough", "barky cough"], &[], "R05.8", ""),
    f(&["accessory muscle use", "retractions", "nasal flaring"], &[], "R06.89", ""),
    f(&["cyanosis", "blue spells", "cyanotic"], &[], "R23.0", "3415004"),
    f(&["clubbing"], &[], "R68.3", "30760008"),
    f(&["murmur", "murmurs", "systolic murmur"], &[], "R01.1", "88610006"),
    f(&["gallop", "gallops", "S3"], &[], "R00.8", ""),
    f(&["rub", "rubs", "friction rub"], &[], "", ""),
    f(&["irregularly irregular rhythm", "irregularly irregular"], &[], "R00.8", ""),
    f(&["jugular venous distension", "elevated JVP"], &["JVD"], "R22.1", "271653008"),
    f(&["tachycardia", "tachycardic"], &[], "R00.0", "3424008"),
    f(&["bradycardia", "bradycardic"], &[], "R00.1", "48867003"),
    f(&["tachypnea", "tachypneic"], &[], "R06.82", "271823003"),
    f(&["hypoxia", "hypoxemia", "hypoxic", "desaturation"], &[], "R09.02", "389087006"),
    f(&["hypotension", "hypotensive"], &[], "I95.9", "45007003"),
    // Belly.
    f(&["abdominal pain", "stomach pain", "belly pain"], &["abd pain"], "R10.9", "21522001"),
    f(&["RUQ pain", "right upper quadrant pain"], &[], "R10.11", "301717006"),
    f(&["RLQ pain", "right lower quadrant pain"], &[], "R10.31", "301754002"),
    f(&["flank pain"], &[], "R10.9", "247355005"),
    f(&["pelvic pain", "suprapubic pain"], &[], "R10.2", "30473006"),
    f(&["epigastric pain"], &[], "R10.13", "79922009"),
    f(&["nausea", "queasiness", "nauseated"], &[], "R11.0", "422587007"),
    f(&["vomiting", "emesis"], &[], "R11.10", "422400008"),
    f(&["diarrhea", "loose stools", "watery stools"], &[], "R19.7", "62315008"),
    f(&["constipation"], &[], "K59.00", "14760008"),
    f(&["heartburn", "acid reflux"], &[], "R12", "16331000"),
    f(&["bloating", "abdominal distension", "distension"], &[], "R14.0", "41931001"),
    f(&["melena", "black stools"], &[], "K92.1", "2901004"),
    f(
        &["blood in stool", "hematochezia", "rectal bleeding", "bright red blood per rectum"],
        &["BRBPR"],
        "K92.1",
        "405729008",
    ),
    f(&["change in bowel habits"], &[], "R19.4", "88111009"),
    f(&["hematemesis"], &[], "K92.0", "8765009"),
    f(&["jaundice", "icterus", "scleral icterus"], &[], "R17", "18165001"),
    f(&["rebound", "rebound tenderness"], &[], "R10.829", ""),
    f(&["guarding", "voluntary guarding", "peritoneal signs"], &[], "R10.9", ""),
    f(&["abdominal tenderness", "tenderness to palpation"], &["TTP"], "R10.819", "43478001"),
    f(&["Murphy sign", "Murphy's sign"], &[], "", ""),
    f(&["hepatosplenomegaly", "organomegaly"], &["HSM"], "R16.2", "36760000"),
    f(&["palpable mass", "masses", "mass"], &[], "R19.00", ""),
    // Urine and birth.
    f(&["dysuria", "burning with urination", "painful urination"], &[], "R30.0", "49650001"),
    f(&["urinary frequency", "frequency", "frequent urination"], &[], "R35.0", "162116003"),
    f(&["urinary urgency", "urgency"], &[], "R39.15", "75088002"),
    f(&["hematuria", "blood in urine", "gross hematuria"], &[], "R31.9", "34436003"),
    f(&["nocturia"], &[], "R35.1", "139394000"),
    f(&["urinary hesitancy", "weak stream", "weak urinary stream"], &[], "R39.11", "5972002"),
    f(&["urinary incontinence", "incontinence"], &[], "R32", "165232002"),
    f(&["urinary retention"], &[], "R33.9", "267064002"),
    f(
        &["decreased urine output", "low urine output", "fewer wet diapers"],
        &["decreased UOP"],
        "R34",
        "83128009",
    ),
    f(&["CVA tenderness", "CVAT", "costovertebral angle tenderness"], &[], "", ""),
    f(&["vaginal bleeding", "spotting"], &[], "N93.9", "289530006"),
    f(&["vaginal discharge"], &[], "N89.8", "271939006"),
    f(&["leakage of fluid", "leaking fluid"], &["LOF"], "", ""),
    f(&["contractions", "uterine contractions", "regular contractions"], &["ctx"], "", ""),
    f(&["decreased fetal movement"], &["decreased FM"], "O36.8190", "276369006"),
    f(&["heavy menses", "heavy periods", "menorrhagia"], &[], "N92.0", "386692008"),
    f(&["breast lump", "breast mass"], &[], "N63.0", "89164003"),
    f(&["nipple discharge"], &[], "N64.52", "54302000"),
    f(&["erectile dysfunction"], &[], "N52.9", "860914002"),
    // Muscles and bones.
    f(&["back pain", "low back pain", "lower back pain"], &["LBP"], "M54.50", "279039007"),
    f(&["joint pain", "arthralgias", "joint aches", "arthralgia"], &[], "M25.50", "57676002"),
    f(&["joint swelling", "effusion", "joint effusion"], &[], "M25.40", "271771009"),
    f(&["morning stiffness", "stiffness", "joint stiffness"], &[], "M25.60", "271706000"),
    f(&["knee pain"], &[], "M25.569", "30989003"),
    f(&["hip pain"], &[], "M25.559", "49218002"),
    f(&["shoulder pain"], &[], "M25.519", "45326000"),
    f(&["wrist pain"], &[], "M25.539", "56608008"),
    f(&["ankle pain"], &[], "M25.579", "247373008"),
    f(&["arm pain"], &[], "M79.603", "102556003"),
    f(&["rib pain"], &[], "R07.81", "297217002"),
    f(&["limb pain", "extremity pain"], &[], "M79.609", "90834002"),
    f(&["swelling", "localized swelling"], &[], "R60.9", "65124004"),
    f(&["deformity", "obvious deformity"], &[], "", ""),
    f(&["point tenderness", "bony tenderness", "focal tenderness"], &[], "", ""),
    f(&["crepitus"], &[], "", ""),
    f(&["midline tenderness", "spinal tenderness"], &[], "", ""),
    f(&["bruising", "ecchymosis", "easy bruising", "bruise"], &[], "R23.3", "125667009"),
    f(&["limping", "limp", "unable to bear weight"], &[], "R26.89", "16973004"),
    f(&["falls", "fall", "recent falls"], &[], "R29.6", "161898004"),
    // Skin.
    f(&["rash", "rashes", "skin rash", "itchy rash"], &[], "R21", "271807003"),
    f(&["itching", "pruritus", "itchiness"], &[], "L29.9", "418290006"),
    f(&["hives", "urticaria"], &[], "L50.9", "126485001"),
    f(&["erythema", "redness", "skin redness", "redness of skin"], &[], "L53.9", "247441003"),
    f(&["warmth"], &[], "", ""),
    f(&["drainage", "purulent drainage", "discharge from the wound"], &[], "", ""),
    f(&["fluctuance", "abscess"], &[], "L02.91", "128477000"),
    f(&["crusting", "dry scaly patches", "dry skin", "xerosis"], &[], "L85.3", "16386004"),
    f(&["pallor", "conjunctival pallor", "pale"], &[], "R23.1", "398979000"),
    f(&["non-healing ulcer", "foot ulcer", "ulcers", "ulceration"], &[], "L97.509", "95344007"),
    f(
        &["lymphadenopathy", "cervical lymphadenopathy", "swollen glands"],
        &["LAD"],
        "R59.1",
        "30746006",
    ),
    f(&["active bleeding", "bleeding"], &[], "R58", "131148009"),
    // Nerves and mind.
    f(&["weakness", "muscle weakness", "generalized weakness"], &[], "R53.1", "13791008"),
    f(
        &[
            "focal weakness",
            "arm weakness",
            "hemiparesis",
            "one-sided weakness",
            "unilateral weakness",
            "weakness on one side",
        ],
        &[],
        "R53.1",
        "",
    ),
    f(&["facial droop"], &[], "R29.810", "95666008"),
    f(&["slurred speech", "dysarthria", "trouble speaking"], &[], "R47.81", "289195008"),
    f(&["word-finding difficulty", "aphasia"], &[], "R47.01", "87486003"),
    f(&["numbness", "paresthesias", "tingling", "paresthesia"], &[], "R20.2", "91019004"),
    f(&["foot numbness", "numb feet", "burning feet", "numbness of the feet"], &[], "R20.0", ""),
    f(
        &["confusion", "disorientation", "altered mental status", "confused"],
        &["AMS"],
        "R41.0",
        "40917007",
    ),
    f(&["memory loss", "forgetfulness", "short-term memory loss"], &[], "R41.3", "386807006"),
    f(&["seizure", "seizures", "seizure activity"], &["sz"], "R56.9", "91175000"),
    f(&["loss of consciousness"], &[], "R40.20", "419045004"),
    f(&["amnesia"], &[], "R41.3", "48167000"),
    f(&["tremor", "tremors", "tremulousness"], &[], "R25.1", "26079004"),
    f(&["gait instability", "unsteady gait", "trouble walking"], &[], "R26.81", "22631008"),
    f(&["focal deficits", "focal deficit", "focal neurologic deficits"], &[], "", ""),
    f(&["saddle anesthesia"], &[], "", ""),
    f(&["sciatica", "radicular pain", "radiation down the leg"], &[], "M54.30", "23056005"),
    f(
        &["insomnia", "trouble sleeping", "poor sleep", "difficulty sleeping"],
        &[],
        "G47.00",
        "193462001",
    ),
    f(&["daytime sleepiness", "daytime somnolence"], &[], "G47.10", "79519003"),
    f(&["snoring"], &[], "R06.83", "72863001"),
    f(&["low mood", "depressed mood", "feeling down", "sadness"], &[], "R45.89", "366979004"),
    f(&["anhedonia", "loss of interest"], &[], "R45.89", "28669007"),
    f(&["anxiety", "excessive worry", "worry", "anxiousness", "anxious"], &[], "F41.9", "48694002"),
    f(&["depression"], &[], "F32.A", "35489007"),
    f(&["panic attacks", "panic"], &[], "F41.0", "225624000"),
    f(
        &["suicidal ideation", "suicidal thoughts", "thoughts of suicide"],
        &["SI"],
        "R45.851",
        "6471006",
    ),
    f(&["homicidal ideation"], &["HI"], "R45.850", "102926007"),
    f(&["hallucinations"], &[], "R44.3", "7011001"),
    f(&["poor concentration", "difficulty concentrating"], &[], "R41.840", "26329005"),
    f(&["agitation", "agitated"], &[], "R45.1", "24199005"),
    f(&["cravings"], &[], "", ""),
    f(&["withdrawal symptoms", "withdrawal"], &[], "", ""),
    // Endocrine.
    f(&["excessive urination", "polyuria"], &[], "R35.89", "28442001"),
    f(&["excessive thirst", "polydipsia", "increased thirst", "thirst"], &[], "R63.1", "17173007"),
    f(&["hypoglycemia", "hypoglycemic episodes", "low sugars"], &[], "E16.2", "302866003"),
    f(&["cold intolerance"], &[], "R68.89", "80585000"),
    f(&["heat intolerance"], &[], "R68.89", "69215007"),
    f(&["hair loss"], &[], "L65.9", "278040002"),
    f(&["medication side effects", "side effects"], &["SEs"], "", ""),
    f(&["red eye", "eye redness"], &[], "H57.89", "703630003"),
    f(&["eye discharge", "eye crusting"], &[], "H57.89", "246679005"),
    f(&["toothache", "tooth pain", "dental pain"], &[], "K08.89", "27355003"),
    f(&["pain"], &[], "R52", "22253000"),
    f(&["inguinal bulge", "groin bulge"], &[], "", ""),
    f(&["obstipation", "no flatus"], &[], "", ""),
    // Conditions people deny in a history.
    f(&["diabetes"], &["DM"], "E11.9", "73211009"),
    f(&["hypertension"], &["HTN"], "I10", "38341003"),
    f(&["heart disease", "coronary disease"], &["CAD"], "I25.10", "53741008"),
    f(&["stroke"], &["CVA"], "I63.9", "230690007"),
    f(&["pneumonia"], &["PNA"], "J18.9", "233604007"),
    f(&["pulmonary embolism"], &["PE"], "I26.99", "59282003"),
    f(&["deep vein thrombosis", "DVT"], &[], "I82.409", "128053003"),
    f(&["asthma"], &[], "J45.909", "195967001"),
    f(&["cancer", "malignancy"], &[], "C80.1", "363346000"),
    f(&["colon cancer"], &[], "C18.9", "363406005"),
    f(&["breast cancer"], &[], "C50.919", "254837009"),
    f(&["lung cancer"], &[], "C34.90", "254637007"),
    f(&["prostate cancer"], &[], "C61", "399068003"),
    f(&["pregnancy", "pregnant"], &[], "Z33.1", "77386006"),
    f(&["sepsis"], &[], "A41.9", "91302008"),
    f(&["fracture", "acute fracture", "fractures"], &[], "T14.8XXA", "125605004"),
    f(&["dislocation"], &[], "", "87642003"),
    f(&["foreign body", "retained foreign body"], &[], "", ""),
    f(&["pneumothorax"], &["PTX"], "J93.9", "36118008"),
    f(&["pleural effusion", "effusions", "pleural effusions"], &[], "J90", "60046008"),
    f(
        &["consolidation", "focal consolidation", "airspace opacity", "infiltrate"],
        &[],
        "R91.8",
        "95436008",
    ),
    f(
        &["pulmonary edema", "vascular congestion", "pulmonary vascular congestion"],
        &[],
        "J81.1",
        "19242006",
    ),
    f(&["cardiomegaly"], &[], "I51.7", "8186001"),
    f(&["hyperinflation"], &[], "J98.4", ""),
    f(&["intracranial hemorrhage", "acute hemorrhage", "hemorrhage"], &["ICH"], "I62.9", "1386000"),
    f(&["mass effect", "midline shift"], &[], "", ""),
    f(&["hydrocephalus"], &[], "G91.9", "230745008"),
    f(&["acute infarct", "territorial infarct"], &[], "I63.9", "432504007"),
    f(&["hydronephrosis"], &[], "N13.30", "43064006"),
    f(&["gallstones", "cholelithiasis"], &[], "K80.20", "235919008"),
    f(&["wall thickening", "gallbladder wall thickening"], &[], "", ""),
    f(&["pericholecystic fluid"], &[], "", ""),
    f(&["biliary dilatation", "biliary ductal dilatation"], &[], "", ""),
    f(&["free air", "pneumoperitoneum"], &[], "K66.8", "48661000"),
    f(&["bowel obstruction", "intestinal obstruction"], &[], "K56.609", "81060008"),
    f(&["appendicitis"], &[], "K37", "74400008"),
    f(&["free fluid"], &[], "", ""),
    f(&["degenerative change", "degenerative changes", "osteophytes"], &[], "M47.9", ""),
    f(&["joint space narrowing"], &[], "", ""),
    f(&["soft tissue swelling"], &[], "M79.89", "298349001"),
    f(&["suspicious calcifications", "microcalcifications"], &[], "R92.0", ""),
    f(&["architectural distortion"], &[], "", ""),
    f(
        &["pulmonary nodule", "nodule", "suspicious nodule", "nodules", "suspicious nodules"],
        &[],
        "R91.1",
        "427359005",
    ),
    f(&["valvular disease", "significant valvular disease"], &[], "I38", "368009"),
    f(&["wall motion abnormality", "regional wall motion abnormalities"], &["RWMA"], "", ""),
    f(&["pericardial effusion"], &[], "I31.39", "373945007"),
    f(&["ST elevation"], &[], "", "76388001"),
    f(&["ischemia", "acute ischemia", "ischemic changes"], &[], "I25.9", "52674009"),
    f(&["aneurysm"], &[], "I72.9", ""),
    f(&["dysplasia", "high-grade dysplasia"], &[], "", ""),
    f(&["necrosis", "tumor necrosis"], &[], "", ""),
    f(&["perforation"], &[], "K63.1", ""),
    f(&["lymphovascular invasion"], &["LVI"], "", ""),
];

/// A phrase of the table: its hash, the concept's number, and the finding.
type Entry = (u64, u64, &'static Finding);

/// By the hash of every phrase, sorted: asked for several hundred times a note.
fn index() -> &'static [Entry] {
    static INDEX: OnceLock<Vec<Entry>> = OnceLock::new();
    INDEX.get_or_init(|| {
        let mut list: Vec<Entry> = FINDINGS
            .iter()
            .flat_map(|finding| {
                let concept = xxh3_64(finding.full[0].as_bytes());
                finding
                    .full
                    .iter()
                    .chain(finding.short)
                    .map(move |phrase| (xxh3_64(phrase.as_bytes()), concept, finding))
            })
            .collect();
        list.sort_by_key(|(hash, ..)| *hash);
        list
    })
}

fn entry(phrase: &str) -> Option<Entry> {
    let index = index();
    let look = |phrase: &str| {
        let hash = xxh3_64(phrase.as_bytes());
        index.binary_search_by_key(&hash, |(hash, ..)| *hash).ok().map(|at| index[at])
    };
    look(phrase).or_else(|| {
        phrase
            .bytes()
            .any(|byte| byte.is_ascii_uppercase())
            .then(|| look(&phrase.to_ascii_lowercase()))
            .flatten()
    })
}

/// The finding a phrase names, if it is one of ours.
pub(super) fn find(phrase: &str) -> Option<&'static Finding> {
    entry(phrase).map(|(_, _, finding)| finding)
}

/// A number for what a phrase means: equal for all phrases of one finding.
pub(super) fn concept(phrase: &str) -> u64 {
    match entry(phrase) {
        Some((_, concept, _)) => concept,
        None => xxh3_64(phrase.trim().to_ascii_lowercase().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn no_phrase_means_two_things() {
        let mut seen: HashMap<&str, &str> = HashMap::new();
        for finding in FINDINGS {
            for phrase in finding.full.iter().chain(finding.short) {
                let before = seen.insert(phrase, finding.full[0]);
                assert!(before.is_none(), "`{phrase}`: {before:?} and {}", finding.full[0]);
            }
        }
    }

    #[test]
    fn phrases_of_one_finding_are_one_concept() {
        assert_eq!(concept("SOB"), concept("dyspnea"));
        assert_eq!(concept("Headache"), concept("HA"));
        assert_ne!(concept("nausea"), concept("vomiting"));
    }
}
