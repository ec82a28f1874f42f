//! Compiles the terminology artefact: ICD-10-CM and RxNorm with their names.
//!
//! Reads `terms/` of the data folder; writes `terms.bin`. The same input gives the same bytes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use nlp::entity::CodeSystem;
use nlp::link::table::{Builder, NewConcept, Seventh, Source, Table, flag, stems_of};
use nlp::link::{Terminology, add_everyday, drug, flags_of_term_type, set_defaults};
use quick_xml::events::Event;

/// Ingredients missing from the RxNorm copy, which begins at B: RxCUI, name, brand names. From
/// general knowledge of public RxNorm; marked with [`SUPPLIED`].
const INGREDIENTS_A: &[(&str, &str, &str)] = &[
    ("161", "acetaminophen", "Tylenol|paracetamol|APAP|Panadol"),
    ("167", "acetazolamide", "Diamox"),
    ("197", "acetylcysteine", "Mucomyst"),
    ("281", "acyclovir", "Zovirax"),
    ("296", "adenosine", "Adenocard"),
    ("430", "albendazole", "Albenza"),
    ("435", "albuterol", "Ventolin|ProAir|Proventil|salbutamol|albuterol sulfate"),
    ("519", "allopurinol", "Zyloprim"),
    ("596", "alprazolam", "Xanax"),
    ("620", "amantadine", "Symmetrel"),
    ("641", "amikacin", ""),
    ("644", "amiloride", "Midamor"),
    ("703", "amiodarone", "Pacerone|Cordarone"),
    ("704", "amitriptyline", "Elavil"),
    ("723", "amoxicillin", "Amoxil"),
    ("725", "amphetamine", ""),
    ("732", "amphotericin B", "Fungizone"),
    ("733", "ampicillin", ""),
    ("1151", "ascorbic acid", "vitamin C"),
    ("1191", "aspirin", "ASA|acetylsalicylic acid|Ecotrin|Bayer Aspirin"),
    ("1202", "atenolol", "Tenormin"),
    ("1223", "atropine", ""),
    ("1256", "azathioprine", "Imuran"),
    ("1272", "aztreonam", "Azactam"),
    ("8410", "alteplase", "Activase|tPA"),
    ("16681", "acarbose", "Precose"),
    ("17300", "alfuzosin", "Uroxatral"),
    ("17767", "amlodipine", "Norvasc|amlodipine besylate"),
    ("18603", "azelastine", "Astelin"),
    ("18631", "azithromycin", "Zithromax|Z-Pak|Zpak"),
    ("38400", "atomoxetine", "Strattera"),
    ("46041", "alendronate", "Fosamax|alendronic acid|alendronate sodium"),
    ("60212", "atovaquone", "Mepron"),
    ("83367", "atorvastatin", "Lipitor|atorvastatin calcium"),
    ("84857", "anastrozole", "Arimidex"),
    ("89013", "aripiprazole", "Abilify"),
    ("190521", "abacavir", "Ziagen"),
    ("327361", "adalimumab", "Humira"),
    ("343047", "atazanavir", "Reyataz"),
    ("358255", "aprepitant", "Emend"),
    ("1100072", "abiraterone", "Zytiga"),
    ("1364430", "apixaban", "Eliquis"),
    ("1368001", "alogliptin", "Nesina"),
];

/// Flag of concepts that are not from the RxNorm copy.
const SUPPLIED: u8 = 2;

/// Compiles what lies in `data_dir/terms` into `out_dir/terms.bin`.
pub fn build(data_dir: &Path, out_dir: &Path) -> std::io::Result<()> {
    let terms = data_dir.join("terms");
    let icd = icd10cm(&terms)?;
    let rxnorm = rxnorm(&terms)?;
    for table in [&icd, &rxnorm] {
        eprintln!("{:?}: {} concepts, {} names", table.system, table.len(), table.names());
    }
    let terminology = Terminology::of([icd, rxnorm]);
    let bytes = terminology.to_bytes();
    Terminology::parse(&bytes).expect("what was written is read back");
    eprintln!("terms.bin: {} bytes", bytes.len());
    std::fs::create_dir_all(out_dir)?;
    std::fs::write(out_dir.join("terms.bin"), bytes)
}

fn open(path: &Path) -> std::io::Result<impl BufRead> {
    Ok(BufReader::new(flate2::read::GzDecoder::new(File::open(path)?)))
}

fn icd10cm(terms: &Path) -> std::io::Result<Table> {
    let mut builder = Builder::default();
    let sevenths = sevenths(terms)?;
    let billable: HashSet<String> = open(&terms.join("icd10cm_2026-04_codelist.txt.gz"))?
        .lines()
        .collect::<std::io::Result<_>>()?;
    let mut rows: Vec<(String, String, bool, String)> = Vec::new();
    for line in open(&terms.join("icd10cm_2026-04_titles_inclusion.tsv.gz"))?.lines().skip(1) {
        let line = line?;
        let fields: Vec<&str> = line.split('\t').collect();
        if let [code, title, leaf, inclusion] = fields[..] {
            rows.push((code.into(), title.into(), leaf == "1", inclusion.into()));
        }
    }
    rows.sort();
    let mut sets: Vec<Seventh> = Vec::new();
    // Every name so far, to recognise concepts in other vocabularies.
    let mut by_name: HashMap<Vec<String>, Vec<u32>> = HashMap::new();
    let mut dropped = 0;
    for (code, title, leaf, inclusion) in &rows {
        let mut seventh = 0;
        if *leaf && let Some(set) = sevenths.get(code) {
            let at = sets.iter().position(|other| other == set).unwrap_or_else(|| {
                sets.push(set.clone());
                sets.len() - 1
            });
            let first = set.first().map_or('A', |(character, _)| *character);
            let mut plain = code.replace('.', "");
            while plain.len() < 6 {
                plain.push('X');
            }
            plain.push(first);
            if billable.contains(&plain) {
                seventh = u8::try_from(at + 1).expect("few sets of seventh characters");
            } else {
                dropped += 1;
            }
        }
        let flags = if *leaf { 0 } else { flag::HEADING };
        let stems = stems_of(title);
        let concept = NewConcept { code, description: title, flags, seventh };
        let index = builder.concept(&concept, &stems);
        by_name.entry(sorted(stems)).or_default().push(index);
        // Notes that refer to other codes are no names.
        let is_name = |name: &&str| !name.is_empty() && !name.contains("classifiable to");
        for name in inclusion.split(" | ").filter(is_name) {
            let stems = stems_of(name);
            builder.name(index, Source::Own, &stems);
            by_name.entry(sorted(stems)).or_default().push(index);
        }
    }
    builder.sevenths = sets;
    set_defaults(&mut builder);
    let missing = add_everyday(&mut builder);
    eprintln!(
        "ICD-10-CM: {dropped} codes without their seventh character, not in the release: {missing:?}"
    );
    let mut mapped = 0;
    for group in mesh(terms)?.into_iter().chain(hpo(terms)?) {
        mapped += map_group(&mut builder, &mut by_name, &group);
    }
    eprintln!("ICD-10-CM: {mapped} names from MeSH and HPO");
    Ok(builder.finish(CodeSystem::Icd10Cm, "2026-04-01"))
}

fn sorted(mut stems: Vec<String>) -> Vec<String> {
    stems.sort_unstable();
    stems.dedup();
    stems
}

/// Adds the names of a concept of another vocabulary to the code its names agree on: its main
/// name is a name of the code, or two of its names are. Gives how many were added.
fn map_group(
    builder: &mut Builder,
    by_name: &mut HashMap<Vec<String>, Vec<u32>>,
    group: &[String],
) -> usize {
    let stems: Vec<Vec<String>> = group.iter().map(|name| sorted(stems_of(name))).collect();
    let mut votes: BTreeMap<u32, usize> = BTreeMap::new();
    for (index, name) in stems.iter().enumerate() {
        for concept in by_name.get(name).into_iter().flatten() {
            *votes.entry(*concept).or_default() += if index == 0 { 2 } else { 1 };
        }
    }
    let Some((&concept, &count)) =
        votes.iter().max_by_key(|(code, count)| (**count, u32::MAX - **code))
    else {
        return 0;
    };
    if count < 2 {
        return 0;
    }
    let mut added = 0;
    // MeSH keeps benign and malignant neoplasms of a site together.
    let malignant =
        builder.concepts().nth(concept as usize).is_some_and(|row| row.3.contains("alignant"));
    for name in stems {
        if malignant && name.iter().any(|word| word == "benign") {
            continue;
        }
        let letters: usize = name.iter().map(String::len).sum();
        if (4..=80).contains(&letters) && name.len() <= 10 && !by_name.contains_key(&name) {
            builder.name(concept, Source::Mapped, &name);
            by_name.insert(name, vec![concept]);
            added += 1;
        }
    }
    added
}

/// Groups of MeSH disease names, the main one first.
fn mesh(terms: &Path) -> std::io::Result<Vec<Vec<String>>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in open(&terms.join("mesh_disease_names.tsv.gz"))?.lines().skip(1) {
        let line = line?;
        let mut fields = line.split('\t');
        if let (Some(name), Some(main)) = (fields.next(), fields.next()) {
            groups
                .entry(main.to_owned())
                .or_insert_with(|| vec![main.to_owned()])
                .push(name.to_owned());
        }
    }
    Ok(groups.into_values().collect())
}

/// Groups of HPO names that are exact synonyms, the main one first.
fn hpo(terms: &Path) -> std::io::Result<Vec<Vec<String>>> {
    let mut groups = Vec::new();
    let mut group: Vec<String> = Vec::new();
    for line in open(&terms.join("hp.obo.gz"))?.lines() {
        let line = line?;
        if line == "[Term]" {
            groups.push(std::mem::take(&mut group));
        } else if let Some(name) = line.strip_prefix("name: ") {
            group.insert(0, name.to_owned());
        } else if let Some(rest) = line.strip_prefix("synonym: \"")
            && let Some((name, kind)) = rest.split_once("\" ")
            && kind.starts_with("EXACT")
        {
            group.push(name.to_owned());
        } else if line.starts_with("is_obsolete: true") {
            group.clear();
        }
    }
    groups.push(group);
    groups.retain(|group| !group.is_empty());
    Ok(groups)
}

/// The seventh characters of each code that takes one, from the tabular list: a definition holds
/// for all codes below it that have none of their own.
fn sevenths(terms: &Path) -> std::io::Result<HashMap<String, Seventh>> {
    let mut xml = String::new();
    flate2::read::GzDecoder::new(File::open(terms.join("icd10cm_tabular_2026-04-01.xml.gz"))?)
        .read_to_string(&mut xml)?;
    let mut reader = quick_xml::Reader::from_str(&xml);
    let mut found = HashMap::new();
    // Open `diag` elements: code, own definition.
    let mut open: Vec<(String, Option<Seventh>)> = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut character = None;
    loop {
        match reader.read_event().map_err(std::io::Error::other)? {
            Event::Start(tag) => {
                let name = String::from_utf8_lossy(tag.local_name().as_ref()).into_owned();
                match name.as_str() {
                    "diag" => open.push((String::new(), None)),
                    "sevenChrDef" => {
                        if let Some(diag) = open.last_mut() {
                            diag.1 = Some(Vec::new());
                        }
                    }
                    "extension" => {
                        character = tag
                            .attributes()
                            .flatten()
                            .find(|a| a.key.as_ref() == b"char")
                            .and_then(|a| a.value.first().map(|byte| char::from(*byte)));
                    }
                    _ => {}
                }
                path.push(name);
            }
            Event::Text(text) => {
                let text = String::from_utf8_lossy(&text).into_owned();
                match (path.last().map(String::as_str), open.last_mut()) {
                    (Some("name"), Some(diag))
                        if path.iter().rev().nth(1).is_some_and(|p| p == "diag") =>
                    {
                        diag.0 = text;
                    }
                    (Some("extension"), Some((_, Some(meanings)))) => {
                        if let Some(character) = character.take() {
                            meanings.push((character, text));
                        }
                    }
                    _ => {}
                }
            }
            Event::End(_) if path.pop().as_deref() == Some("diag") => {
                let defined = open.iter().rev().find_map(|(_, meanings)| meanings.clone());
                if let (Some((code, _)), Some(meanings)) = (open.pop(), defined) {
                    found.insert(code, meanings);
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    Ok(found)
}

fn rxnorm(terms: &Path) -> std::io::Result<Table> {
    let mut builder = Builder::default();
    for line in open(&terms.join("rxnorm_prescribable_2025-10-06_BtoZ.tsv.gz"))?.lines().skip(1) {
        let line = line?;
        let mut fields = line.split('\t');
        let (Some(code), Some(kind), Some(name)) = (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        if let Some(flags) = flags_of_term_type(kind) {
            let concept = NewConcept { code, description: name, flags, seventh: 0 };
            builder.concept(&concept, &drug::stems(name));
        }
    }
    for (code, name, others) in INGREDIENTS_A {
        let flags = flag::INGREDIENT | SUPPLIED;
        let concept = NewConcept { code, description: name, flags, seventh: 0 };
        let index = builder.concept(&concept, &drug::stems(name));
        for other in others.split('|') {
            builder.name(index, Source::Everyday, &drug::stems(other));
        }
    }
    let mut supplied = 0;
    for line in open(&terms.join("synthea_module_codes.tsv.gz"))?.lines().skip(1) {
        let line = line?;
        let fields: Vec<&str> = line.split('\t').collect();
        if let ["RxNorm", code, name, ..] = fields[..]
            && builder.find(code).is_none()
            && name.contains(char::is_alphabetic)
        {
            let has_strength = name.contains(|c: char| c.is_ascii_digit());
            let kind = match (has_strength, name.contains('['), name.contains('{')) {
                (_, _, true) => flag::PACK,
                (true, true, _) => flag::BRANDED_DRUG,
                (true, false, _) => flag::CLINICAL_DRUG,
                _ => continue,
            };
            let flags = kind | SUPPLIED;
            let concept = NewConcept { code, description: name, flags, seventh: 0 };
            builder.concept(&concept, &drug::stems(name));
            supplied += 1;
        }
    }
    eprintln!("RxNorm: {supplied} drugs and {} ingredients beyond the copy", INGREDIENTS_A.len());
    Ok(builder.finish(CodeSystem::RxNorm, "2025-10-06 prescribable, B to Z, and common A"))
}
