//! Reports of those who look at pictures and slides: radiology and pathology.

use super::facts::{Facts, Problem};
use super::scribe::Scribe;
use super::topics::Topic;
use crate::record::{Imaging, Procedure};
use crate::time::{DAY, Time};
use crate::vocabulary::{CodeList, Vocabulary};

/// What is imaged, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exam {
    ChestFilm,
    ChestCt,
    HeadCt,
    HeadMri,
    AbdomenCt,
    AbdomenUs,
    PelvisUs,
    LegUs,
    Echo,
    Mammogram,
    Dexa,
    Angiogram,
    SpineFilm,
    Film,
    Other,
}

/// Normal findings: a sentence each.
fn normal(exam: Exam) -> &'static [&'static [&'static str]] {
    match exam {
        Exam::ChestFilm => &[
            &[
                "The [a:lungs] are clear without [-x:focal consolidation].",
                "No [-x:focal consolidation], [-x:pleural effusion] or [-x:pneumothorax].",
                "[a:Lungs] are well expanded and clear.",
                "No [-x:airspace opacity].",
                "Lung fields clear.",
            ],
            &[
                "No [-x:pleural effusion] or [-x:pneumothorax].",
                "No [-x:effusions].",
                "Costophrenic angles are sharp.",
                "No [-x:pneumothorax].",
                "Pleural spaces are clear.",
            ],
            &[
                "Cardiomediastinal silhouette is within normal limits.",
                "[a:Heart] size normal.",
                "No [-x:cardiomegaly].",
                "Heart and mediastinum unremarkable.",
                "Normal mediastinal contours.",
            ],
            &[
                "No acute osseous abnormality.",
                "Visualized bones are intact.",
                "Degenerative spurring in the thoracic spine is not evaluated in detail.",
                "Osseous structures unremarkable.",
            ],
        ],
        Exam::ChestCt => &[
            &[
                "The central airways are patent.",
                "No [-x:focal consolidation].",
                "[a:Lungs] are clear.",
            ],
            &["No [-x:suspicious nodules].", "No [-x:pleural effusion]."],
            &[
                "No filling defect to suggest [-d:pulmonary embolism].",
                "No mediastinal [-x:lymphadenopathy].",
                "Great vessels normal in caliber.",
            ],
        ],
        Exam::HeadCt => &[
            &[
                "No [-x:acute hemorrhage], [-x:mass effect] or [-x:midline shift].",
                "There is no [-x:intracranial hemorrhage].",
                "No evidence of [-x:hemorrhage].",
            ],
            &[
                "Ventricles and sulci are normal for age.",
                "No [-x:hydrocephalus].",
                "Gray-white differentiation is preserved.",
            ],
            &[
                "Calvarium intact.",
                "No skull [-x:fracture].",
                "Paranasal sinuses are clear.",
                "Mastoid air cells are clear.",
            ],
        ],
        Exam::HeadMri => &[
            &["No restricted diffusion to suggest [-x:acute infarct].", "No [-x:acute infarct]."],
            &["No [-x:mass effect].", "Ventricles normal in size."],
            &["Flow voids are preserved.", "Posterior fossa unremarkable."],
        ],
        Exam::AbdomenCt => &[
            &[
                "[a:Liver], [a:spleen], [a:pancreas] and [a:adrenals] are unremarkable.",
                "Solid organs are normal in appearance.",
            ],
            &["No [-x:hydronephrosis].", "[a:Kidneys] enhance symmetrically."],
            &[
                "No [-x:bowel obstruction] or [-x:free air].",
                "Bowel is normal in caliber.",
                "No [-x:free fluid].",
            ],
        ],
        Exam::AbdomenUs => &[
            &["[a:Liver] is normal in echotexture.", "Hepatic parenchyma homogeneous."],
            &["No [-x:biliary dilatation].", "Common duct is not dilated."],
            &[
                "No [-x:gallstones].",
                "[a:Gallbladder] is unremarkable, no [-x:wall thickening].",
                "No [-x:pericholecystic fluid].",
            ],
            &["No [-x:hydronephrosis].", "Visualized [a:kidneys] unremarkable."],
        ],
        Exam::PelvisUs => &[
            &["Single live intrauterine gestation.", "Fetal cardiac activity present."],
            &["[a:Placenta] is clear of the cervical os.", "Amniotic fluid volume appears normal."],
            &["No adnexal [-x:masses].", "[a:Ovaries] unremarkable where seen."],
        ],
        Exam::LegUs => &[
            &[
                "The deep veins compress normally, no evidence of [-d:DVT].",
                "No [-d:deep vein thrombosis] in the common femoral, femoral or popliteal veins.",
            ],
            &["Normal flow with augmentation.", "Phasic flow throughout."],
        ],
        Exam::Echo => &[
            &[
                "[a:Left ventricle] normal in size.",
                "Normal wall thickness.",
                "LV cavity size is normal.",
            ],
            &["No [-x:regional wall motion abnormalities].", "No [-x:RWMA]."],
            &[
                "No [-x:significant valvular disease].",
                "Trace mitral regurgitation, otherwise normal valves.",
            ],
            &["No [-x:pericardial effusion].", "[a:Right ventricle] normal in size and function."],
        ],
        Exam::Mammogram => &[
            &[
                "The [a:breasts] show scattered fibroglandular densities.",
                "Breast tissue is heterogeneously dense, which may obscure small lesions.",
                "[a:Breasts] are almost entirely fatty.",
            ],
            &[
                "No [-x:suspicious calcifications].",
                "No dominant [-x:mass] or [-x:architectural distortion].",
                "No [-x:architectural distortion].",
            ],
        ],
        Exam::Dexa => &[&[
            "Bone density measured at the [a:lumbar spine] and [a:hip].",
            "[a:Lumbar spine] and left [a:femoral neck] were scanned.",
        ]],
        Exam::Angiogram => &[
            &["Right dominant circulation.", "Access without complication."],
            &["[a:Left main] is short and patent.", "No significant left main stenosis."],
        ],
        Exam::SpineFilm => &[
            &["Vertebral body heights are maintained.", "Alignment is anatomic."],
            &["No [-x:acute fracture].", "Mild [x:degenerative changes]."],
        ],
        Exam::Film => &[
            &[
                "No [-x:acute fracture] or [-x:dislocation].",
                "Bones are intact, no [-x:fracture].",
                "No [-x:acute fracture].",
            ],
            &["Alignment is anatomic.", "Joint spaces are preserved.", "No [-x:dislocation]."],
            &[
                "No radiopaque [-x:foreign body].",
                "Soft tissues unremarkable.",
                "No [-x:soft tissue swelling].",
            ],
        ],
        Exam::Other => &[
            &["No acute abnormality in the area imaged.", "Study is within normal limits."],
            &["Adequate technical quality.", "No unexpected finding."],
        ],
    }
}

/// What an illness shows in a picture, and what one concludes.
fn shows(exam: Exam, topic: &Topic) -> Option<(&'static [&'static str], &'static [&'static str])> {
    let icd = topic.icd;
    Some(match (exam, icd) {
        (Exam::ChestFilm | Exam::ChestCt, "J18.9") => (
            &[
                "[x:Airspace opacity] in the {side} [a:lower lobe].",
                "Patchy [x:consolidation] at the {side} [a:base] with air bronchograms.",
                "New {side} basilar [x:infiltrate].",
                "Ill-defined [x:airspace opacity] in the {side} mid and lower [a:lung].",
            ],
            &[
                "{side}-sided {dx}.",
                "Findings consistent with {dx}.",
                "{dx}, follow-up to resolution recommended.",
            ],
        ),
        (Exam::ChestFilm | Exam::ChestCt, "U07.1") => (
            &[
                "Bilateral peripheral ground-glass [x:opacities], lower zone predominant.",
                "Hazy bibasilar opacities, no lobar [-x:consolidation].",
                "Multifocal patchy opacities in both [a:lungs].",
            ],
            &[
                "Findings compatible with {dx} in the right clinical setting.",
                "Multifocal opacities, typical of {dx}.",
            ],
        ),
        (Exam::ChestFilm | Exam::ChestCt, "I50.9") => (
            &[
                "[x:Pulmonary vascular congestion] with small bilateral [x:effusions].",
                "[x:Cardiomegaly] and interstitial [x:pulmonary edema].",
                "Enlarged [a:heart], cephalization of vessels and blunted costophrenic angles.",
            ],
            &["Findings of {dx}.", "Fluid overload, in keeping with {dx}.", "Decompensated {dx}."],
        ),
        (Exam::ChestFilm | Exam::ChestCt, "J44.1" | "J44.9" | "J45.901") => (
            &[
                "[x:Hyperinflation] with flattened [a:diaphragms], no [-x:focal consolidation].",
                "Hyperlucent [a:lungs], increased AP diameter.",
                "Peribronchial cuffing without [-x:focal consolidation].",
            ],
            &[
                "{dx} changes, no acute infiltrate.",
                "Airways disease ({dx}). No [-x:consolidation].",
                "Hyperinflated lungs.",
            ],
        ),
        (Exam::ChestFilm | Exam::ChestCt, "J96.01") => (
            &[
                "Diffuse bilateral [x:airspace opacities].",
                "Low lung volumes with bilateral patchy opacities.",
            ],
            &["Diffuse bilateral process, correlate clinically with {dx}."],
        ),
        (Exam::ChestFilm | Exam::ChestCt, "C34.90") => (
            &[
                "Spiculated [x:nodule] in the {side} [a:upper lobe].",
                "{side} [a:upper lobe] [x:mass], increased from surroundings.",
                "Irregular {side} upper lobe [x:nodule] with pleural tag.",
            ],
            &[
                "{side} lung lesion, known {dx}.",
                "{dx}, {side} upper lobe.",
                "Suspicious {side} upper lobe lesion consistent with {dx}.",
            ],
        ),
        (Exam::ChestCt, "I26.99") => {
            (&["Filling defects in the {side} segmental arteries."], &["Acute {dx}, {side}-sided."])
        }
        (Exam::HeadCt | Exam::HeadMri, "I63.9") => (
            &[
                "Loss of gray-white differentiation in the {side} [a:MCA territory].",
                "Hypodensity in the {side} [a:frontal lobe], no hemorrhagic change seen.",
                "Restricted diffusion in the {side} [a:basal ganglia].",
            ],
            &[
                "{dx} in the {side} hemisphere.",
                "Findings consistent with {dx}.",
                "Evolving {dx}, {side}.",
            ],
        ),
        (Exam::HeadCt | Exam::HeadMri, "F03.90") => (
            &["Generalized volume loss, more than expected for age.", "Hippocampal atrophy b/l."],
            &["Atrophy, in keeping with {dx}."],
        ),
        (Exam::AbdomenCt | Exam::AbdomenUs, "K35.80") => (
            &[
                "Dilated, fluid-filled [a:appendix] with surrounding fat stranding.",
                "Non-compressible blind-ending tubular structure in the [a:RLQ].",
                "[a:Appendix] 11 mm with periappendiceal stranding.",
            ],
            &["{dx}.", "Findings diagnostic of {dx}.", "{dx} without abscess."],
        ),
        (Exam::AbdomenCt | Exam::AbdomenUs, "K81.0") => (
            &[
                "[x:Gallstones] with [x:gallbladder wall thickening] and [x:pericholecystic fluid].",
                "Distended [a:gallbladder] containing shadowing [x:gallstones].",
                "Sonographic Murphy positive, stones in the neck of the [a:gallbladder].",
            ],
            &["{dx}.", "Findings in keeping with {dx}.", "Cholelithiasis; {dx}."],
        ),
        (Exam::AbdomenCt | Exam::AbdomenUs, "N20.0") => (
            &[
                "Obstructing stone at the {side} [a:ureterovesical junction] with mild [x:hydronephrosis].",
            ],
            &["{dx} with mild {side} hydronephrosis.", "{dx}."],
        ),
        (Exam::AbdomenCt | Exam::AbdomenUs, "K56.609") => (
            &[
                "Dilated loops of [a:small bowel] with air-fluid levels and a transition point in the {side} lower quadrant.",
                "Multiple distended [a:small bowel] loops, decompressed [a:colon].",
            ],
            &["{dx}.", "Findings in keeping with {dx}, no perforation seen."],
        ),
        (Exam::AbdomenCt, "K57.92") => (
            &[
                "[x:Wall thickening] of the [a:sigmoid colon] with pericolic stranding.",
                "Inflamed diverticulum of the [a:descending colon], no abscess.",
            ],
            &["Uncomplicated {dx}.", "{dx} without abscess."],
        ),
        (Exam::AbdomenCt | Exam::AbdomenUs, "K85.90") => (
            &[
                "Edematous [a:pancreas] with peripancreatic stranding.",
                "Enlarged, hypoechoic [a:pancreas].",
            ],
            &["{dx}, no necrosis on this study.", "Findings consistent with {dx}."],
        ),
        (Exam::SpineFilm | Exam::Other, "M48.00") => (
            &["Multilevel [x:degenerative changes] with canal narrowing at [a:L4-L5]."],
            &["{dx}, moderate."],
        ),
        (Exam::AbdomenCt, "C18.9") => (
            &[
                "Circumferential wall thickening of the [a:sigmoid colon].",
                "Enhancing [x:mass] in the [a:ascending colon], no proximal dilatation.",
            ],
            &["{dx}, no distant disease on this study.", "Colonic lesion, known {dx}."],
        ),
        (Exam::LegUs, "I82.409") => (
            &["Noncompressible {side} [a:popliteal vein] with echogenic thrombus."],
            &["Acute {side} {dx}."],
        ),
        (Exam::Echo, "I50.9") => (
            &[
                "[a:Left ventricle] is dilated with globally reduced function.",
                "[a:Left atrium] enlarged, elevated filling pressures.",
            ],
            &["{dx}, see measurements.", "Abnormal study consistent with {dx}."],
        ),
        (Exam::Echo, "I21.9" | "I25.10") => (
            &[
                "[x:Wall motion abnormality] of the [a:anterior wall].",
                "Hypokinesis of the [a:inferior wall].",
            ],
            &["Regional dysfunction, in keeping with {dx}.", "{dx}."],
        ),
        (Exam::Echo, "I48.91") => (
            &["[a:Left atrium] is enlarged.", "Irregular rhythm during the study."],
            &["{dx}, otherwise no structural cause.", "Left atrial enlargement."],
        ),
        (Exam::Angiogram, "I21.9" | "I25.10" | "I20.9") => (
            &[
                "High-grade stenosis of the proximal [a:LAD].",
                "Severe disease of the mid [a:RCA].",
                "Culprit lesion in the [a:left circumflex].",
            ],
            &["{dx}, culprit identified.", "Obstructive disease, {dx}."],
        ),
        (Exam::Mammogram, "C50.919") => (
            &[
                "Spiculated [x:mass] in the {side} [a:breast] upper outer quadrant.",
                "Clustered pleomorphic [x:microcalcifications], {side} [a:breast].",
                "New irregular density in the {side} [a:breast].",
            ],
            &[
                "BI-RADS 6, {dx}.",
                "{side} {dx}, biopsy-proven or pending correlation.",
                "Highly suspicious {side} breast lesion, {dx}.",
            ],
        ),
        (Exam::Dexa, "M81.0") => (
            &["T-score in the osteoporotic range at the [a:femoral neck]."],
            &["{dx}.", "{dx}, elevated fracture risk."],
        ),
        (Exam::Film | Exam::SpineFilm, "M19.90") => (
            &[
                "[x:Joint space narrowing] with [x:osteophytes].",
                "Moderate [x:degenerative changes], subchondral sclerosis.",
            ],
            &["{dx}, moderate.", "Degenerative changes, {dx}."],
        ),
        (Exam::Film | Exam::Other, "S72.009A") => (
            &[
                "Displaced fracture of the {side} [a:femoral neck].",
                "{side} intertrochanteric fracture with varus angulation.",
            ],
            &["{side} {dx}.", "Acute {dx}."],
        ),
        (Exam::Film | Exam::SpineFilm | Exam::Other, "T14.8XXA")
            if topic.words.contains(&"fracture") =>
        {
            (
                &[
                    "Nondisplaced cortical lucency with adjacent [x:soft tissue swelling].",
                    "Minimally displaced fracture line, joint congruent.",
                    "Transverse fracture line without significant angulation.",
                    "Cortical break with mild displacement.",
                ],
                &["Acute {dx}.", "{dx}, alignment acceptable.", "{dx}."],
            )
        }
        (Exam::Film | Exam::Other, "T14.8XXA") => (
            &["[x:Soft tissue swelling], bones intact.", "Mild [x:soft tissue swelling] only."],
            &[
                "No acute osseous injury. Soft tissue injury.",
                "Soft tissue swelling without bony injury.",
            ],
        ),
        _ => return None,
    })
}

/// What kind of study the codes say.
fn exam_of(vocabulary: &Vocabulary, study: &Imaging) -> Exam {
    let mut words = vocabulary.first(study.procedure).display.to_ascii_lowercase();
    let mut modality = "";
    if let Some(series) = study.series.first() {
        words.push(' ');
        words.push_str(&vocabulary.code(series.body_site).display.to_ascii_lowercase());
        modality = &*vocabulary.code(series.modality).code;
    }
    let has = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    let ct = modality == "CT" || has(&["computed tomog", "ct of", "ct scan", "ct "]);
    let mri = modality == "MR" || has(&["magnetic", "mri"]);
    let us = modality == "US" || has(&["ultraso", "sonogra"]);
    if has(&["mammog"]) || modality == "MG" {
        Exam::Mammogram
    } else if has(&["bone density", "dexa", "dual energy", "densitometry"]) {
        Exam::Dexa
    } else if has(&["echocardio"]) || us && has(&["heart", "cardiac"]) {
        Exam::Echo
    } else if has(&["angiogra", "catheteriz"]) || modality == "XA" {
        Exam::Angiogram
    } else if us && has(&["pelvi", "fetal", "fetus", "obstet", "uter", "pregnan"]) {
        Exam::PelvisUs
    } else if us && has(&["leg", "venous", "vein", "limb", "extremit"]) {
        Exam::LegUs
    } else if us {
        Exam::AbdomenUs
    } else if mri && has(&["head", "brain"]) {
        Exam::HeadMri
    } else if ct && has(&["head", "brain", "skull"]) {
        Exam::HeadCt
    } else if ct && has(&["chest", "thora", "lung"]) {
        Exam::ChestCt
    } else if ct && has(&["abd", "appendix", "pelvi"]) {
        Exam::AbdomenCt
    } else if has(&["chest", "thora", "lung"]) && !ct && !mri {
        Exam::ChestFilm
    } else if has(&["spine", "vertebra", "lumbar", "cervical"]) {
        Exam::SpineFilm
    } else if !ct && !mri {
        Exam::Film
    } else {
        Exam::Other
    }
}

/// When the report of a study is signed: after a while, and after the diagnosis it gave rise to if
/// that came soon after, so that a report never knows less than the chart.
pub(super) fn radiology_time(facts: &Facts<'_>, study: &Imaging, last: Time, minutes: i64) -> Time {
    let at = study.time.plus(minutes * 60);
    let known = facts
        .fresh
        .iter()
        .filter(|p| p.diagnosed >= study.time && p.diagnosed.since(study.time) <= DAY / 2)
        .map(|p| p.diagnosed)
        .max();
    known.map_or(at, |known| at.max(known.plus(60))).min(last)
}

impl Scribe<'_> {
    /// The report of an imaging study.
    pub(super) fn radiology(&mut self, study: &Imaging, at: Time) {
        let vocabulary = &self.simulation.vocabulary;
        let exam = exam_of(vocabulary, study);
        let display = vocabulary.first(study.procedure).display.to_ascii_lowercase();
        self.heading("Radiology Report", at);
        self.section("Exam", "Exam");
        self.begin();
        self.procedure_in_full(study.procedure);
        self.text.raw(" ");
        self.date(study.time);
        self.text.line();
        // Which known problem the picture shows, the reason first.
        let candidates: Vec<Problem> = self
            .main
            .into_iter()
            .chain(self.facts.fresh.iter().copied())
            .chain(self.facts.problems.iter().copied())
            .collect();
        let known = |p: &Problem| {
            self.facts.ever.iter().any(|e| e.diagnosed <= self.facts.now && (e.codes == p.codes))
                && !self.facts.past.iter().any(|old| old.codes == p.codes && old.onset == p.onset)
        };
        let found = candidates
            .iter()
            .filter(|p| known(p))
            .find_map(|p| p.topic.and_then(|topic| shows(exam, topic)).map(|s| (*p, s)));
        self.section("Indication", "Indication");
        self.begin();
        let screening = display.contains("screen")
            || matches!(exam, Exam::Dexa | Exam::PelvisUs)
            || self.facts.visit.class == crate::record::Class::Wellness;
        if self.complaints().is_empty() || screening || self.is_follow_up() {
            match self.main.filter(|_| !display.contains("screen")) {
                Some(_) => {
                    self.say(&["{dx}", "history of {dx}", "follow-up of {dx}", "evaluate {dx}"]);
                }
                None => {
                    self.say(&[
                        "Screening.",
                        "Routine evaluation.",
                        "Surveillance.",
                        "As per request.",
                    ]);
                }
            }
        } else {
            self.say(&["{cc}", "{who} with {cc}", "{cc}, evaluate", "{cc} {dur}"]);
        }
        self.text.line();
        self.section("Comparison", "Comparison");
        let before = self
            .person
            .record
            .imaging
            .iter()
            .rev()
            .find(|other| other.time < study.time && other.procedure == study.procedure)
            .map(|other| other.time);
        match before {
            Some(time) => self.date(time),
            None => {
                self.say(&["None", "None available", "none", "No prior studies"]);
            }
        }
        self.text.line();
        if self.random.chance(0.6) {
            self.section("Technique", "Technique");
            let options: &[&str] = match exam {
                Exam::ChestFilm => {
                    &["PA and lateral views.", "Two views.", "Single AP portable view."]
                }
                Exam::ChestCt | Exam::HeadCt | Exam::AbdomenCt => &[
                    "Axial images with multiplanar reformats.",
                    "Helical acquisition, coronal and sagittal reformats.",
                    "Standard protocol.",
                ],
                Exam::HeadMri => {
                    &["Multiplanar multisequence imaging.", "Standard brain protocol."]
                }
                Exam::AbdomenUs | Exam::PelvisUs | Exam::LegUs => {
                    &["Grayscale and color Doppler.", "Real-time sonography."]
                }
                Exam::Echo => &["Transthoracic, 2D and Doppler.", "TTE, complete."],
                Exam::Mammogram => &["CC and MLO views, digital.", "Digital bilateral views."],
                Exam::Film | Exam::SpineFilm => &["Multiple views.", "Two views.", "Three views."],
                _ => &["Standard technique.", "Per protocol."],
            };
            self.say(options);
            self.text.line();
        }
        self.section("Findings", "Findings");
        let before_main = self.main;
        if let Some((problem, (positive, _))) = found {
            self.main = Some(problem);
            self.say(positive);
        }
        // The findings of a positive study stand beside what is normal elsewhere.
        let hidden =
            self.facts.hidden.iter().any(|p| p.topic.is_some_and(|t| shows(exam, t).is_some()));
        for lines in normal(exam) {
            if found.is_some() && self.random.chance(0.25) {
                continue;
            }
            self.say(lines);
        }
        self.text.line();
        if exam == Exam::Echo {
            self.results("Measurements", "Measurements", false);
        }
        self.section("Impression", "Impression");
        self.begin();
        match found {
            Some((_, (_, conclusion))) => {
                self.say(conclusion);
            }
            None if hidden => {
                self.say(&[
                    "Nonspecific findings, clinical correlation recommended.",
                    "Equivocal study, correlate clinically.",
                    "Limited study. Consider [?t:repeat imaging] if symptoms persist.",
                ]);
            }
            None => {
                let options: &[&str] = match exam {
                    Exam::ChestFilm => &[
                        "No acute cardiopulmonary process.",
                        "Normal chest.",
                        "No acute cardiopulmonary abnormality.",
                        "Clear [a:lungs].",
                    ],
                    Exam::HeadCt | Exam::HeadMri => &[
                        "No acute intracranial abnormality.",
                        "No acute intracranial process.",
                        "Normal study for age.",
                    ],
                    Exam::AbdomenCt | Exam::AbdomenUs => &[
                        "No acute abdominal abnormality.",
                        "Unremarkable study.",
                        "No acute findings.",
                    ],
                    Exam::Mammogram => &[
                        "BI-RADS 1: negative. Routine annual screening.",
                        "BI-RADS 2: benign. Annual follow-up.",
                        "No mammographic evidence of [-d:malignancy].",
                    ],
                    Exam::Film | Exam::SpineFilm => &[
                        "No [-x:acute fracture].",
                        "No acute osseous abnormality.",
                        "Negative study.",
                    ],
                    Exam::Dexa => &[
                        "See densities reported separately.",
                        "Interpretation per WHO criteria, compare at next study.",
                    ],
                    Exam::Echo => &[
                        "Normal study.",
                        "No significant structural abnormality.",
                        "Structurally normal heart.",
                    ],
                    Exam::PelvisUs => &[
                        "Live intrauterine gestation, size consistent with dates.",
                        "Reassuring study.",
                    ],
                    Exam::Angiogram => &["No culprit lesion.", "No obstructive disease."],
                    _ => &["No acute abnormality.", "Unremarkable study.", "Normal exam."],
                };
                self.say(options);
            }
        }
        self.main = before_main;
        self.text.line();
        let reader = self.reader("adiolog");
        self.signature(reader, "MD", at);
    }

    /// A clinician of the facility with such a specialty, else whoever saw the patient.
    fn reader(&self, specialty: &str) -> u32 {
        let world = &self.simulation.world;
        let visit = self.facts.visit;
        world
            .facilities
            .get(visit.facility as usize)
            .and_then(|facility| {
                facility.practitioners.clone().find(|place| {
                    world
                        .practitioners
                        .get(*place as usize)
                        .is_some_and(|p| p.specialty.1.contains(specialty))
                })
            })
            .unwrap_or(visit.practitioner)
    }

    /// A procedure under its full name.
    fn procedure_in_full(&mut self, codes: CodeList) {
        let short = self.style.short;
        self.style.short = 0.0;
        self.procedure(codes, Vec::new());
        self.style.short = short;
    }

    /// A pathology report of a procedure.
    pub(super) fn pathology(&mut self, procedure: &Procedure, specimen: Specimen, at: Time) {
        self.heading("Surgical Pathology Report", at);
        self.text.raw(if self.style.terse { "Collected: " } else { "Date of procedure: " });
        self.date(procedure.start);
        self.text.line();
        self.section("Specimen", "Specimen");
        self.begin();
        let (site, kind) = specimen.names();
        let side = if specimen.sided() { self.side } else { "" };
        if !side.is_empty() {
            self.text.raw(side);
            self.text.raw(" ");
        }
        self.text.marked("a", site, None);
        self.text.raw(", ");
        self.text.raw(kind);
        self.text.raw(" (");
        self.procedure_in_full(procedure.codes);
        self.text.raw(")");
        self.text.line();
        self.section("Clinical History", "Hx");
        self.begin();
        match self.main {
            Some(_) => {
                self.say(&["{who}, {dx}", "{dx}", "{who} with {dx}", "hx {dx}"]);
            }
            None => {
                self.say(&["{who}, screening", "{who}", "Not provided"]);
            }
        }
        self.text.line();
        self.section("Gross Description", "Gross");
        self.say(specimen.gross());
        self.text.line();
        let cancer = self
            .facts
            .fresh
            .iter()
            .chain(&self.facts.problems)
            .find(|p| p.topic.is_some_and(|t| specimen.cancers().contains(&t.icd)))
            .copied();
        let other = self
            .facts
            .fresh
            .iter()
            .chain(&self.facts.problems)
            .chain(&self.main)
            .find(|p| p.topic.is_some_and(|t| specimen.benign().contains(&t.icd)))
            .copied();
        let waiting = self.facts.hidden.iter().any(|p| {
            p.topic.is_some_and(|t| specimen.cancers().contains(&t.icd) || t.icd == "C80.1")
        });
        self.section("Microscopic Description", "Micro");
        if cancer.is_some() {
            self.say(&[
                "Sections show infiltrating malignant glands with desmoplastic stroma.",
                "Invasive tumor cells with nuclear pleomorphism and mitoses. No [-x:lymphovascular invasion].",
                "Atypical epithelial cells in nests and cords invading stroma.",
                "Tumor present in multiple sections, with focal [x:necrosis].",
            ]);
        } else if waiting {
            self.say(&[
                "Atypical epithelium, deeper levels requested.",
                "Atypia of uncertain significance in a small focus.",
                "Scant atypical cells.",
            ]);
        } else {
            self.say(specimen.micro());
        }
        self.text.line();
        self.section("Final Diagnosis", "Dx");
        self.begin();
        match (cancer, waiting, other) {
            (Some(problem), ..) => {
                self.problem_name(&problem, "d");
                self.text.raw(".");
                self.say(&[
                    "Margins and stage per synoptic report.",
                    "Margins uninvolved.",
                    "Receptor/molecular studies to follow.",
                    "Staging deferred to resection.",
                ]);
            }
            (None, true, _) => {
                self.say(&[
                    "Diagnosis deferred pending immunostains.",
                    "Atypical, additional studies pending.",
                    "Preliminary: atypia, final report to follow.",
                ]);
            }
            (None, false, Some(problem)) => {
                self.problem_name(&problem, "d");
                self.text.raw(".");
                self.say(&[
                    "No [-d:malignancy].",
                    "Negative for [-d:malignancy].",
                    "No [-x:dysplasia] or [-d:malignancy].",
                    "No evidence of [-d:malignancy].",
                ]);
            }
            (None, false, None) => {
                self.say(&[
                    "Benign tissue, negative for [-d:malignancy].",
                    "No [-d:malignancy] identified.",
                    "Benign. No [-x:high-grade dysplasia].",
                    "Negative for [-x:dysplasia] and [-d:malignancy].",
                ]);
            }
        }
        self.text.line();
        let reader = self.reader("atholog");
        self.signature(reader, "MD", at);
    }
}

/// What was taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Specimen {
    Colon,
    ColonResection,
    Breast,
    Lung,
    Prostate,
    Appendix,
    Gallbladder,
    Skin,
    Cervix,
    Stomach,
    Other,
}

impl Specimen {
    /// What a procedure sends to pathology, if anything.
    pub(super) fn of(display: &str) -> Option<Self> {
        let words = display.to_ascii_lowercase();
        let has = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
        let taken = has(&[
            "removal of",
            "biopsy",
            "polypectomy",
            "excision",
            "ectomy",
            "resection",
            "curettage",
        ]);
        if !taken
            || has(&[
                "thrombectomy",
                "endarterectomy",
                "vasectomy",
                "embolectomy",
                "sentinel",
                "suture",
            ])
        {
            return None;
        }
        Some(if has(&["appendectomy", "appendix"]) {
            Self::Appendix
        } else if has(&["cholecystectomy", "gallbladder"]) {
            Self::Gallbladder
        } else if has(&[
            "colectomy",
            "part of the colon",
            "resection of colon",
            "hemicolectomy",
            "resection of rectum",
        ]) {
            Self::ColonResection
        } else if has(&["polyp", "colon", "rect"]) {
            Self::Colon
        } else if has(&["breast", "mastectomy", "lumpectomy"]) {
            Self::Breast
        } else if has(&["lung", "bronch", "lobectomy", "thorac"]) {
            Self::Lung
        } else if has(&["prostat"]) {
            Self::Prostate
        } else if has(&["skin"]) {
            Self::Skin
        } else if has(&["cervix", "cervical", "endometri", "uter"]) {
            Self::Cervix
        } else if has(&["stomach", "gastr", "esophag"]) {
            Self::Stomach
        } else if has(&["biopsy"]) {
            Self::Other
        } else {
            return None;
        })
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Colon => ("colon", "polypectomy/biopsy"),
            Self::ColonResection => ("colon", "segmental resection"),
            Self::Breast => ("breast", "core biopsy/excision"),
            Self::Lung => ("lung", "biopsy"),
            Self::Prostate => ("prostate", "core biopsies"),
            Self::Appendix => ("appendix", "appendectomy specimen"),
            Self::Gallbladder => ("gallbladder", "cholecystectomy specimen"),
            Self::Skin => ("skin", "biopsy"),
            Self::Cervix => ("cervix/uterus", "biopsy"),
            Self::Stomach => ("stomach", "biopsy"),
            Self::Other => ("tissue", "biopsy"),
        }
    }

    fn sided(self) -> bool {
        matches!(self, Self::Breast | Self::Lung)
    }

    fn gross(self) -> &'static [&'static str] {
        match self {
            Self::Colon => &[
                "Received in formalin, tan polypoid fragments, submitted entirely.",
                "Two tan-pink soft tissue fragments, all embedded.",
                "Single sessile polyp, bisected.",
            ],
            Self::ColonResection => &[
                "Segment of bowel with attached mesentery.",
                "Colon segment, mucosa with a firm ulcerated area.",
            ],
            Self::Breast => &[
                "Multiple cores of yellow-white fibrofatty tissue.",
                "Fibrofatty tissue, inked and serially sectioned.",
            ],
            Self::Lung => &[
                "Tan-gray soft tissue fragments.",
                "Cores of tan tissue with anthracotic pigment.",
            ],
            Self::Prostate => &[
                "Twelve cores, labeled by site.",
                "Thin tan cores submitted in separate cassettes.",
            ],
            Self::Appendix => &[
                "Vermiform appendix, serosa dull with exudate.",
                "Appendix with attached mesoappendix, lumen contains fecal material.",
            ],
            Self::Gallbladder => &[
                "Gallbladder, opened, multiple faceted stones.",
                "Gallbladder with thickened wall and green bile.",
            ],
            _ => &[
                "Received in formalin, tan tissue fragments, entirely submitted.",
                "Small tan-white fragment, all embedded.",
            ],
        }
    }

    fn micro(self) -> &'static [&'static str] {
        match self {
            Self::Colon => &[
                "Crowded glands with pencillate nuclei, no [-x:high-grade dysplasia].",
                "Serrated crypts without [-x:dysplasia].",
                "Tubular architecture with low-grade change only, margins free.",
            ],
            Self::Appendix => &[
                "Transmural neutrophilic inflammation.",
                "Acute inflammation extending through the muscularis, no [-x:perforation].",
                "Mucosal ulceration with neutrophils in the wall.",
            ],
            Self::Gallbladder => &[
                "Mucosal inflammation with muscular hypertrophy.",
                "Inflamed mucosa with Rokitansky-Aschoff sinuses, no [-x:dysplasia].",
            ],
            Self::Breast => &[
                "Fibrocystic change, no atypia.",
                "Stromal fibrosis and usual ductal hyperplasia.",
            ],
            Self::Prostate => {
                &["Benign glands with intact basal layer.", "Glandular and stromal hyperplasia."]
            }
            _ => &[
                "Benign tissue with mild chronic inflammation.",
                "No atypia seen.",
                "Unremarkable histology.",
            ],
        }
    }

    fn cancers(self) -> &'static [&'static str] {
        match self {
            Self::Colon | Self::ColonResection => &["C18.9"],
            Self::Breast => &["C50.919"],
            Self::Lung => &["C34.90"],
            Self::Prostate => &["C61"],
            Self::Appendix | Self::Gallbladder => &[],
            _ => &["C80.1"],
        }
    }

    fn benign(self) -> &'static [&'static str] {
        match self {
            Self::Colon => &["K63.5"],
            Self::Appendix => &["K35.80"],
            Self::Gallbladder => &["K81.0"],
            Self::Prostate => &["N40.1"],
            _ => &[],
        }
    }
}
