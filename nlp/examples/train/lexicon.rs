//! The phrases of the lexicon, and what single words do in them.

use std::collections::HashMap;
use std::path::Path;

use nlp::lexicon::{Classes, Lexicon, Normal, normal};
use nlp::text::tokenise;

use crate::corpora::{Failure, load};
use crate::known;

/// A term and what it may name.
pub type Term = (String, Classes);

/// All terms of the open terminologies in `folder`.
pub fn terms(folder: &Path) -> Result<Vec<Term>, Failure> {
    let mut terms = Vec::new();
    let rows = |name: &str| -> Result<Vec<Vec<String>>, Failure> {
        Ok(text(&folder.join(name))?
            .lines()
            .skip(1)
            .map(|line| line.split('\t').map(str::to_owned).collect())
            .collect())
    };
    for row in rows("drug_names_drugbank_mesh.tsv.gz")? {
        let [variant, _, drugbank, ..] = &row[..] else { continue };
        // Left-overs of wiki markup.
        if variant.contains(['<', '>', '{', '}', '=', '|', '&', '[', '/']) {
            continue;
        }
        let class = if drugbank.is_empty() { Classes::CHEMICAL } else { Classes::DRUG };
        push(&mut terms, variant, class);
    }
    for row in rows("rxnorm_prescribable_2025-10-06_BtoZ.tsv.gz")? {
        if let [_, tty, name, ..] = &row[..]
            && matches!(tty.as_str(), "IN" | "PIN" | "BN" | "MIN")
        {
            push(&mut terms, name, Classes::DRUG);
        }
    }
    for name in known::MEDICINES.split_whitespace() {
        push(&mut terms, name, Classes::DRUG);
    }
    for row in rows("mesh_disease_names.tsv.gz")? {
        let [variant, _, trees] = &row[..] else { continue };
        let disease = trees.split('|').any(|tree| {
            tree.starts_with('C') && !tree.starts_with("C23") || tree.starts_with("F03")
        });
        push(&mut terms, variant, if disease { Classes::DISEASE } else { Classes::SYMPTOM });
    }
    let mut obsolete = false;
    for line in text(&folder.join("hp.obo.gz"))?.lines() {
        if let Some(name) = line.strip_prefix("name: ") {
            obsolete = name.starts_with("obsolete");
            if !obsolete {
                push(&mut terms, name, Classes::PHENOTYPE);
            }
        } else if let Some(synonym) = line.strip_prefix("synonym: \"")
            && !obsolete
        {
            push(&mut terms, synonym.split('"').next().unwrap_or(""), Classes::PHENOTYPE);
        }
    }
    for row in rows("icd10cm_2026-04_titles_inclusion.tsv.gz")? {
        let [_, title, _, inclusions] = &row[..] else { continue };
        for name in std::iter::once(title.as_str()).chain(inclusions.split('|')) {
            push(&mut terms, name, Classes::DIAGNOSIS);
            for cut in [", ", " ("] {
                if let Some((head, _)) = name.split_once(cut) {
                    push(&mut terms, head, Classes::DIAGNOSIS);
                }
            }
            if let Some((_, inside)) = name.split_once('[') {
                push(&mut terms, inside.trim_end_matches(']'), Classes::DIAGNOSIS);
            }
        }
    }
    for (list, class) in [
        (known::BODY, Classes::ANATOMY),
        (known::TESTS, Classes::TEST),
        (known::TREATMENTS, Classes::PROCEDURE),
    ] {
        for name in list.split('|') {
            push(&mut terms, name, class);
        }
    }
    Ok(terms)
}

/// The definitions of the phenotype ontology: medical English without labels.
pub fn definitions(folder: &Path) -> Result<Vec<String>, Failure> {
    Ok(text(&folder.join("hp.obo.gz"))?
        .lines()
        .filter_map(|line| line.strip_prefix("def: \""))
        .map(|line| line.split("\" [").next().unwrap_or(line).to_owned())
        .collect())
}

fn text(path: &Path) -> Result<String, Failure> {
    let mut parts = Vec::new();
    load(path, &mut parts)?;
    let bytes = parts.into_iter().flat_map(|(_, bytes)| bytes).collect();
    Ok(String::from_utf8(bytes)?)
}

fn push(terms: &mut Vec<Term>, name: &str, class: Classes) {
    let name = name.trim().to_lowercase();
    if name.chars().filter(|c| c.is_alphabetic()).count() < 2 {
        return;
    }
    // Terminologies turn names around: `failure, heart`.
    if let Some((head, rest)) = name.split_once(", ")
        && !rest.contains(',')
    {
        terms.push((format!("{rest} {head}"), class));
    }
    terms.push((name, class));
}

/// The lexicon of all terms.
pub fn build(terms: &[Term]) -> Lexicon {
    Lexicon::build(terms.iter().map(|(name, class)| {
        let normals: Vec<Normal> =
            tokenise(name).iter().map(|token| normal(token.span.of(name))).collect();
        (normals, *class)
    }))
}

/// For each word of the terms a number that says in which kinds of terms it occurs, how often and
/// whether as the last word; with how often it occurs at all.
pub fn profiles(terms: &[Term]) -> HashMap<String, (u8, u32)> {
    let mut counts: HashMap<&str, [u32; 5]> = HashMap::new();
    for (name, class) in terms {
        let tokens = tokenise(name);
        for (at, token) in tokens.iter().enumerate() {
            let count = counts.entry(token.span.of(name)).or_default();
            let last = at + 1 == tokens.len();
            match *class {
                Classes::DRUG | Classes::CHEMICAL => count[0] += 1,
                Classes::DISEASE | Classes::SYMPTOM if last => count[1] += 1,
                Classes::DISEASE | Classes::SYMPTOM => count[2] += 1,
                Classes::PHENOTYPE | Classes::DIAGNOSIS => count[3] += 1,
                _ => count[4] += 1,
            }
        }
    }
    let level = |count: u32| match count {
        0 => 0u8,
        1..=2 => 1,
        3..=30 => 2,
        _ => 3,
    };
    counts
        .into_iter()
        .map(|(word, count)| {
            let profile = level(count[0])
                | level(count[1]) << 2
                | level(count[2]) << 4
                | level(count[3]) << 6;
            (word.to_owned(), (profile, count.iter().sum()))
        })
        .collect()
}
