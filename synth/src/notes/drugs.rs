//! Medicines as clinicians write them: the parts of an RxNorm name, and how it is usually taken.

/// An RxNorm name in parts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Drug {
    /// Ingredients in lower case, `amoxicillin-clavulanate` for two.
    pub name: String,
    /// `500 mg`, `90 mcg`, `100 units/mL`; empty when unknown.
    pub strength: String,
    /// What one unit is: `tablet`, `puff`; empty when not countable.
    pub unit: &'static str,
    /// Form worth naming: `cream`, `inhaler`, `patch`, `ER`; else empty.
    pub form: &'static str,
    /// `PO`, `IV`, `inhaled`; empty when unknown.
    pub route: &'static str,
    /// A brand named in brackets.
    pub brand: String,
}

/// Salts that nobody says; kept where nothing else is left.
const SALTS: &[&str] = &[
    "hydrochloride",
    "besylate",
    "bitartrate",
    "maleate",
    "mesylate",
    "fumarate",
    "phosphate",
    "hydrobromide",
    "trihydrate",
    "anhydrous",
    "magnesium",
    "potassium",
    "sodium",
    "calcium",
    "acetate",
    "monohydrate",
    "dihydrate",
    "furoate",
    "propionate",
    "xinafoate",
    "oxalate",
    "medoxomil",
    "hyclate",
    "disoproxil",
    "etexilate",
    "tromethamine",
    "sulfate",
    "carbonate",
    "bromide",
];

/// Is `token` a unit of strength?
fn is_unit(token: &str) -> bool {
    let head = token.split('/').next().unwrap_or(token);
    matches!(
        head,
        "MG" | "MCG"
            | "UNT"
            | "MEQ"
            | "G"
            | "%"
            | "ML"
            | "ACTUAT"
            | "HR"
            | "MMOL"
            | "UG"
            | "IU"
            | "BAU"
            | "CELLS"
    ) || matches!(head, "mg" | "mcg" | "g" | "mL" | "unt" | "units" | "meq" | "ug")
}

impl Drug {
    /// Reads an RxNorm name such as `24 HR metformin hydrochloride 500 MG Extended Release Oral
    /// Tablet [Glucophage]`.
    pub(super) fn parse(display: &str) -> Self {
        let (main, brand) = match display.find('[') {
            Some(at) => (&display[..at], display[at + 1..].trim_end_matches([']', ' ']).to_owned()),
            None => (display, String::new()),
        };
        let lower = main.to_ascii_lowercase();
        let mut names: Vec<String> = Vec::new();
        let mut strengths: Vec<String> = Vec::new();
        let mut tail = "";
        // A vial or syringe of so many mL.
        let mut volume = 0.0;
        for part in main.split(" / ") {
            let mut name: Vec<&str> = Vec::new();
            let mut strength = String::new();
            let mut tokens = part.split_whitespace().peekable();
            while let Some(token) = tokens.next() {
                // `{20 (nirmatrelvir …) }` and `0.5 MG, 0.5 MG Dose` say how it is packed.
                let token = token.trim_start_matches(['{', '(']);
                if token.is_empty() || token == "Dose" || token == "}" {
                    continue;
                }
                let number = token.bytes().next().is_some_and(|b| b.is_ascii_digit())
                    && token.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',');
                if number && tokens.peek().is_some_and(|next| is_unit(next.trim_end_matches(','))) {
                    let unit = tokens.next().unwrap_or_default();
                    // `24 HR`, `200 ACTUAT`, `1 ML` before the name say how it is packed.
                    if name.is_empty() {
                        if unit == "ML" {
                            volume = token.parse().unwrap_or(0.0);
                        }
                        continue;
                    }
                    strength = human_strength(token, unit);
                    // What follows the strength is form and route.
                    if let Some(next) = tokens.peek() {
                        let from = next.as_ptr() as usize - part.as_ptr() as usize;
                        tail = &part[from..];
                    }
                    break;
                }
                if token.starts_with("NDA") && token[3..].bytes().all(|b| b.is_ascii_digit()) {
                    continue;
                }
                if number && name.is_empty() {
                    continue;
                }
                let (word, more) = (token.trim_end_matches(','), token.ends_with(','));
                name.push(word);
                if more {
                    // `heparin sodium, porcine`: what follows the comma is where it came from.
                    while tokens
                        .peek()
                        .is_some_and(|next| !next.starts_with(|c: char| c.is_ascii_digit()))
                    {
                        tokens.next();
                    }
                }
            }
            let mut words: Vec<String> = name
                .iter()
                .map(|word| word.trim_matches(',').to_ascii_lowercase())
                .take_while(|word| {
                    !matches!(
                        word.as_str(),
                        "oral" | "injectable" | "topical" | "tablet" | "inhalation"
                    )
                })
                .collect();
            while words.len() > 1 && SALTS.contains(&words[words.len() - 1].as_str()) {
                if ["ferrous", "potassium", "sodium", "calcium", "magnesium"]
                    .contains(&words[0].as_str())
                {
                    break;
                }
                words.pop();
            }
            if !words.is_empty() {
                names.push(words.join(" "));
            }
            if !strength.is_empty() {
                strengths.push(strength);
            }
        }
        let tail = if tail.is_empty() { lower.as_str() } else { tail };
        let tail = tail.to_ascii_lowercase();
        let has = |word: &str| tail.contains(word);
        let (unit, form, route) = if has("metered dose inhaler") || has("inhaler") || has("actuat")
        {
            ("puff", "inhaler", "inhaled")
        } else if has("inhal") || has("nebul") {
            ("", "neb", "inhaled")
        } else if has("nasal") {
            ("spray", "nasal spray", "intranasal")
        } else if has("ophthalmic ointment") {
            ("", "eye ointment", "ophthalmic")
        } else if has("ophthalmic") || has("eye drop") {
            ("drop", "eye drops", "ophthalmic")
        } else if has("otic") && !has("otics") {
            ("drop", "ear drops", "otic")
        } else if has("transdermal") || has("patch") {
            ("patch", "patch", "transdermal")
        } else if has("cream") {
            ("", "cream", "topical")
        } else if has("ointment") {
            ("", "ointment", "topical")
        } else if has("topical") || has("gel") {
            ("", "gel", "topical")
        } else if has("sublingual") {
            ("tab", "", "SL")
        } else if has("extended release") || has("24 hr") || has("12 hr") {
            (if has("capsule") { "cap" } else { "tab" }, "ER", "PO")
        } else if has("chewable") {
            ("tab", "chewable", "PO")
        } else if has("capsule") {
            ("cap", "", "PO")
        } else if has("tablet") || has("pack") {
            ("tab", "", "PO")
        } else if has("oral suspension") || has("oral solution") || has("syrup") {
            ("", "suspension", "PO")
        } else if has("injection")
            || has("injectable")
            || has("syringe")
            || has("infusion")
            || has("auto-injector")
            || has("pen injector")
        {
            if names.first().is_some_and(|n| {
                n.contains("insulin")
                    || n.contains("heparin")
                    || n.contains("enoxaparin")
                    || n.contains("glutide")
            }) {
                ("", "", "SQ")
            } else if names.first().is_some_and(|n| n.contains("epinephrine") && !n.contains("nor"))
            {
                ("", "", "IM")
            } else {
                ("", "", "IV")
            }
        } else if has("oral") {
            ("", "", "PO")
        } else if has("vaginal") {
            ("", "", "vaginal")
        } else if has("rectal") || has("suppository") {
            ("", "suppository", "PR")
        } else {
            ("", "", "")
        };
        let strength = match strengths.len() {
            0 => String::new(),
            1 => strengths.swap_remove(0),
            // `325 mg` and `7.5 mg` become `325-7.5 mg`, as labels have it.
            _ => {
                let units: Vec<&str> =
                    strengths.iter().map(|s| s.split_once(' ').map_or("", |p| p.1)).collect();
                if units.windows(2).all(|pair| pair[0] == pair[1]) {
                    let numbers: Vec<&str> =
                        strengths.iter().map(|s| s.split_once(' ').map_or("", |p| p.0)).collect();
                    format!("{} {}", numbers.join("-"), units[0])
                } else {
                    strengths.join(" / ")
                }
            }
        };
        let mut name =
            if names.is_empty() { main.trim().to_ascii_lowercase() } else { names.join("-") };
        let mut strength = strength;
        let mut form = form;
        // Creams and gels go by percent.
        if route == "topical" || route == "ophthalmic" {
            strength = percent(&strength).unwrap_or(strength);
        }
        if name == "sodium chloride" && strength == "9 mg/mL" {
            name = "normal saline".to_owned();
            strength = "0.9%".to_owned();
        } else if ["norepinephrine", "propofol"].contains(&name.as_str())
            || name == "heparin" && volume > 100.0
        {
            // Titrated: the concentration of the bag is nobody's dose.
            strength = String::new();
            form = "infusion";
        } else if volume > 0.0
            && (volume <= 5.0 || ["metronidazole", "magnesium sulfate"].contains(&name.as_str()))
            && !name.contains("insulin")
            && !name.contains("glutide")
            && let Some(dose) = dose_of(&strength, volume)
        {
            strength = dose;
        } else if name.contains("insulin") && strength.starts_with("100 units") {
            // U-100 goes without saying.
            strength = String::new();
        } else if route == "IV" {
            strength = grams(&strength).unwrap_or(strength);
        }
        let form = if strength == "0.9%" { "" } else { form };
        Self { name, strength, unit, form, route, brand }
    }

    /// How it is usually taken, where the order does not say: amount of units, frequency, and
    /// whether only when needed.
    pub(super) fn usual(&self) -> Option<(u8, &'static str, bool)> {
        USUAL
            .iter()
            .find(|(name, ..)| self.name.starts_with(name))
            .map(|(_, amount, frequency, needed)| (*amount, *frequency, *needed))
    }

    /// A brand people know, for some.
    pub(super) fn known_brand(&self) -> Option<&'static str> {
        BRANDS.iter().find(|(name, _)| self.name == *name).map(|(_, brand)| *brand)
    }
}

/// `500` `MG` as clinicians write it.
fn human_strength(number: &str, unit: &str) -> String {
    let value: f64 = number.replace(',', "").parse().unwrap_or(0.0);
    let per = unit.split_once('/').map(|p| p.1);
    let head = unit.split('/').next().unwrap_or(unit);
    let (value, head) = match head {
        "MG" | "mg" if per == Some("MG") => return format!("{} mg/mg", trimmed(value)),
        "MG" | "mg" if value < 1.0 && value > 0.0 && per == Some("ACTUAT") => {
            (value * 1_000.0, "mcg")
        }
        "MG" | "mg" if value < 0.1 && value > 0.0 && per.is_none() => (value * 1_000.0, "mcg"),
        "MG" | "mg" if value >= 10_000.0 => (value / 1_000.0, "g"),
        "MG" | "mg" => (value, "mg"),
        "MCG" | "mcg" | "UG" | "ug" => (value, "mcg"),
        "UNT" | "unt" | "units" | "IU" => (value, "units"),
        "MEQ" | "meq" => (value, "mEq"),
        "G" | "g" => (value, "g"),
        "ML" | "mL" => (value, "mL"),
        other => (value, other),
    };
    let text = trimmed(value);
    let gap = if head == "%" { "" } else { " " };
    match per {
        Some("ML" | "mL") => format!("{text}{gap}{head}/mL"),
        Some("HR") => format!("{text}{gap}{head}/hr"),
        _ => format!("{text}{gap}{head}"),
    }
}

/// `10 mg/mL` in a cream is `1%`.
fn percent(strength: &str) -> Option<String> {
    let (number, unit) = strength.split_once(' ')?;
    let value: f64 = number.parse().ok()?;
    match unit {
        "mg/mL" => Some(format!("{}%", trimmed(value / 10.0))),
        "mg/mg" => Some(format!("{}%", trimmed(value * 100.0))),
        _ => None,
    }
}

/// `100 mg/mL` in 0.4 mL is `40 mg`.
fn dose_of(strength: &str, volume: f64) -> Option<String> {
    let (number, unit) = strength.split_once(' ')?;
    let unit = unit.strip_suffix("/mL")?;
    let value: f64 = number.parse().ok()?;
    Some(format!("{} {unit}", trimmed(value * volume)))
}

/// `2000 mg` is `2 g`.
fn grams(strength: &str) -> Option<String> {
    let value: f64 = strength.strip_suffix(" mg")?.parse().ok()?;
    (value >= 1_000.0).then(|| format!("{} g", trimmed(value / 1_000.0)))
}

/// Without needless zeros.
fn trimmed(value: f64) -> String {
    let mut text = format!("{value:.4}");
    while text.contains('.') && (text.ends_with('0') || text.ends_with('.')) {
        text.pop();
    }
    text
}

/// Usual amounts and frequencies: common knowledge of any formulary.
const USUAL: &[(&str, u8, &str, bool)] = &[
    ("albuterol", 2, "q4-6h", true),
    ("metformin", 1, "BID", false),
    ("lisinopril", 1, "daily", false),
    ("losartan", 1, "daily", false),
    ("amlodipine", 1, "daily", false),
    ("hydrochlorothiazide", 1, "daily", false),
    ("chlorthalidone", 1, "daily", false),
    ("atorvastatin", 1, "qHS", false),
    ("simvastatin", 1, "qHS", false),
    ("rosuvastatin", 1, "daily", false),
    ("pravastatin", 1, "qHS", false),
    ("metoprolol tartrate", 1, "BID", false),
    ("metoprolol", 1, "daily", false),
    ("carvedilol", 1, "BID", false),
    ("furosemide", 1, "daily", false),
    ("spironolactone", 1, "daily", false),
    ("aspirin", 1, "daily", false),
    ("clopidogrel", 1, "daily", false),
    ("warfarin", 1, "daily", false),
    ("apixaban", 1, "BID", false),
    ("rivaroxaban", 1, "daily", false),
    ("nitroglycerin", 1, "q5 min x3", true),
    ("insulin glargine", 0, "qHS", false),
    ("insulin", 0, "with meals", false),
    ("glipizide", 1, "daily", false),
    ("empagliflozin", 1, "daily", false),
    ("fluticasone", 2, "BID", false),
    ("budesonide", 2, "BID", false),
    ("tiotropium", 1, "daily", false),
    ("montelukast", 1, "qHS", false),
    ("prednisone", 1, "daily", false),
    ("levothyroxine", 1, "qAM", false),
    ("omeprazole", 1, "daily", false),
    ("pantoprazole", 1, "daily", false),
    ("sertraline", 1, "daily", false),
    ("fluoxetine", 1, "daily", false),
    ("escitalopram", 1, "daily", false),
    ("trazodone", 1, "qHS", true),
    ("donepezil", 1, "qHS", false),
    ("memantine", 1, "BID", false),
    ("gabapentin", 1, "TID", false),
    ("ibuprofen", 1, "q6h", true),
    ("naproxen", 1, "BID", true),
    ("acetaminophen", 1, "q6h", true),
    ("oxycodone", 1, "q6h", true),
    ("amoxicillin-clavulanate", 1, "BID", false),
    ("amoxicillin", 1, "TID", false),
    ("azithromycin", 1, "daily", false),
    ("doxycycline", 1, "BID", false),
    ("nitrofurantoin", 1, "BID", false),
    ("cephalexin", 1, "QID", false),
    ("ciprofloxacin", 1, "BID", false),
    ("sulfamethoxazole", 1, "BID", false),
    ("oseltamivir", 1, "BID", false),
    ("ferrous", 1, "daily", false),
    ("cetirizine", 1, "daily", false),
    ("loratadine", 1, "daily", false),
    ("alendronate", 1, "weekly", false),
    ("allopurinol", 1, "daily", false),
    ("tamsulosin", 1, "qHS", false),
    ("potassium chloride", 1, "daily", false),
    ("ondansetron", 1, "q8h", true),
    ("ceftriaxone", 0, "q24h", false),
    ("vancomycin", 0, "q12h", false),
    ("cefazolin", 0, "q8h", false),
    ("piperacillin", 0, "q6h", false),
    ("enoxaparin", 0, "daily", false),
    ("heparin", 0, "q8h", false),
    ("buprenorphine", 1, "daily", false),
    ("naltrexone", 1, "daily", false),
    ("prenatal", 1, "daily", false),
];

const BRANDS: &[(&str, &str)] = &[
    ("atorvastatin", "Lipitor"),
    ("simvastatin", "Zocor"),
    ("lisinopril", "Zestril"),
    ("losartan", "Cozaar"),
    ("amlodipine", "Norvasc"),
    ("metformin", "Glucophage"),
    ("furosemide", "Lasix"),
    ("clopidogrel", "Plavix"),
    ("apixaban", "Eliquis"),
    ("rivaroxaban", "Xarelto"),
    ("warfarin", "Coumadin"),
    ("sertraline", "Zoloft"),
    ("fluoxetine", "Prozac"),
    ("escitalopram", "Lexapro"),
    ("donepezil", "Aricept"),
    ("montelukast", "Singulair"),
    ("omeprazole", "Prilosec"),
    ("pantoprazole", "Protonix"),
    ("gabapentin", "Neurontin"),
    ("acetaminophen", "Tylenol"),
    ("insulin glargine", "Lantus"),
    ("carvedilol", "Coreg"),
    ("levothyroxine", "Synthroid"),
    ("empagliflozin", "Jardiance"),
    ("oseltamivir", "Tamiflu"),
    ("amoxicillin-clavulanate", "Augmentin"),
    ("tamsulosin", "Flomax"),
    ("cetirizine", "Zyrtec"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rxnorm_names_fall_into_parts() {
        check("lisinopril 10 MG Oral Tablet", "lisinopril", "10 mg", "tab", "PO");
        check(
            "24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet",
            "metformin",
            "500 mg",
            "tab",
            "PO",
        );
        check(
            "NDA020503 200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler",
            "albuterol",
            "90 mcg",
            "puff",
            "inhaled",
        );
        check(
            "Acetaminophen 325 MG / HYDROcodone Bitartrate 7.5 MG Oral Tablet",
            "acetaminophen-hydrocodone",
            "325-7.5 mg",
            "tab",
            "PO",
        );
        check("insulin glargine 100 UNT/ML Injectable Solution", "insulin glargine", "", "", "SQ");
        check("potassium chloride 20 MEQ Oral Tablet", "potassium chloride", "20 mEq", "tab", "PO");
        check("Hydrocortisone 10 MG/ML Topical Cream", "hydrocortisone", "1%", "", "topical");
        check("aspirin", "aspirin", "", "", "");
        check("diclofenac sodium 0.01 MG/MG Topical Gel", "diclofenac", "1%", "", "topical");
        check(
            "0.4 ML enoxaparin sodium 100 MG/ML Prefilled Syringe",
            "enoxaparin",
            "40 mg",
            "",
            "SQ",
        );
        check("sodium chloride 9 MG/ML Injectable Solution", "normal saline", "0.9%", "", "IV");
        check("cefazolin 2000 MG Injection", "cefazolin", "2 g", "", "IV");
        check(
            "120 ACTUAT fluticasone propionate 0.11 MG/ACTUAT Metered Dose Inhaler",
            "fluticasone",
            "110 mcg",
            "puff",
            "inhaled",
        );
        check("500 ML heparin sodium, porcine 40 UNT/ML Injection", "heparin", "", "", "SQ");
        check(
            "nitrofurantoin, macrocrystals 100 MG Oral Capsule",
            "nitrofurantoin",
            "100 mg",
            "cap",
            "PO",
        );
        check(
            "0.25 MG, 0.5 MG Dose 1.5 ML semaglutide 1.34 MG/ML Pen Injector",
            "semaglutide",
            "1.34 mg/mL",
            "",
            "SQ",
        );
        check(
            "{20 (nirmatrelvir 150 MG Oral Tablet) / 10 (ritonavir 100 MG Oral Tablet) } Pack",
            "nirmatrelvir-ritonavir",
            "150-100 mg",
            "tab",
            "PO",
        );
    }

    #[track_caller]
    fn check(display: &str, name: &str, strength: &str, unit: &str, route: &str) {
        let drug = Drug::parse(display);
        assert_eq!(
            (drug.name.as_str(), drug.strength.as_str(), drug.unit, drug.route),
            (name, strength, unit, route),
            "{display}"
        );
    }
}
