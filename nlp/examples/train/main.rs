//! Trains the learned artefacts of the crate, and says how good they are.
//!
//! ```text
//! cargo run --release -p nlp --example train -- [--data DIR] [--out DIR] [--report FILE] [--development]
//! ```
//!
//! First the taggers are trained on the training parts and judged on the development parts
//! (MACCROBAT and Chia: five folds of documents); that sets how scores are read and prints the
//! table. Unless `--development` says to stop there, they are then trained on all open data and
//! written to `--out`. The same data give the same bytes, however many threads there are.

mod clusters;
#[path = "../evaluate/corpora.rs"]
mod corpora;
mod crf;
mod judge;
mod known;
mod lexicon;
#[path = "../evaluate/measure.rs"]
mod measure;
#[allow(dead_code)]
#[path = "../evaluate/mts_dialog.rs"]
mod mts_dialog;
#[allow(dead_code)]
#[path = "../evaluate/report.rs"]
mod report;
mod sections;
mod terms;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use corpora::{Document, Failure, analyse};
use crf::{Example, Field, Recipe};
use measure::Tally;
use nlp::lexicon::Lexicon;
use nlp::models::Models;
use nlp::tagger::chain::Chain;
use nlp::tagger::frame::Frame;
use nlp::tagger::weights::{Weights, key};
use nlp::tagger::words::{WordCodes, Words};
use nlp::tagger::{Head, Scheme, Tagger, around, features, rows};

const FOLDS: usize = 5;

/// What stands above the table in the report.
const REPORT: &str = "# Taggers, on development data

```sh
cargo run --release -p nlp --example train -- --development --report bench/results/nlp-development.md
```

Data: the open halves in `shared/data/nlp`, fetched 2026-11-23. Exact stretch and type, all mentions
together. BC5CDR, NCBI and AnatEM: trained on the training part only, judged on the development part.
Chia and MACCROBAT: five folds of trials and reports. Words are clustered without any text of the
judged documents (unlabelled ADE sentences may share an abstract). One number per corpus, the readiness
to find, is chosen on the judged documents themselves. Types and treatment of overlaps:
`nlp/examples/evaluate/corpora.rs`.

";

/// Twelve passes score like ten; the rest was set once, and not tuned.
const RECIPE: Recipe = Recipe { passes: 10, penalty: 0.5, step: 0.05, damping: 0.5, count_min: 2 };

/// Features whose weights all lie below this are dropped: three quarters of them, for a loss of
/// less than a thousandth of F1.
const WEIGHT_MIN: f32 = 0.05;

fn main() -> Result<(), Failure> {
    let mut data = PathBuf::from("../shared/data/nlp");
    let mut out = PathBuf::from("nlp/models");
    let mut report = None;
    let mut development = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("`{argument}` needs a value"));
        match argument.as_str() {
            "--data" => data = value()?.into(),
            "--out" => out = value()?.into(),
            "--report" => report = Some(PathBuf::from(value()?)),
            "--development" => development = true,
            other => return Err(format!("unknown argument `{other}`").into()),
        }
    }
    let trainer = Trainer::open(&data)?;
    let settings = trainer.develop(report.as_deref())?;
    if !development {
        let bytes = trainer.ship(&settings)?;
        std::fs::create_dir_all(&out)?;
        std::fs::write(out.join("taggers.bin"), &bytes)?;
        println!("taggers.bin: {} bytes", bytes.len());
        terms::build(&data, &out)?;
        let passages = data.join("corpora").join("mts_dialog_train.csv.gz");
        sections::build(&[passages], &out.join("sections.bin"))?;
    }
    Ok(())
}

/// How one scheme's scores are read, found on held-out documents.
#[derive(Clone, Copy, Debug)]
struct Setting {
    outside: f32,
    sureness: [f32; 2],
}

impl Setting {
    const PLAIN: Self = Self { outside: 0.0, sureness: [1.0, 0.0] };
}

/// A corpus: the documents to learn from, and those to be judged by (none: by folds).
struct Corpus {
    train: Vec<Document>,
    judge: Vec<Document>,
}

struct Trainer {
    lexicon: Lexicon,
    profiles: HashMap<String, (u8, u32)>,
    corpora: Vec<Corpus>,
    /// Sentences without labels, lower-cased words.
    plain: Vec<Vec<String>>,
    started: std::time::Instant,
}

impl Trainer {
    fn open(data: &Path) -> Result<Self, Failure> {
        let started = std::time::Instant::now();
        let terms = lexicon::terms(&data.join("terms"))?;
        let lexicon = lexicon::build(&terms);
        println!("{:?}: lexicon of {} phrases", started.elapsed(), lexicon.len());
        let folder = data.join("corpora");
        let read = |scheme, name: &str| corpora::read(scheme, &[folder.join(name)]);
        let mut corpora = Vec::new();
        for scheme in Scheme::ALL {
            let (train, judge) = match scheme {
                Scheme::Anatem => (
                    read(scheme, "anatem_train.iob.tsv.gz")?,
                    read(scheme, "anatem_dev.iob.tsv.gz")?,
                ),
                Scheme::Ncbi => (
                    read(scheme, "ncbi_disease_train.pubtator.gz")?,
                    read(scheme, "ncbi_disease_dev.pubtator.gz")?,
                ),
                Scheme::Bc5cdr => (
                    read(scheme, "bc5cdr_train.pubtator.gz")?,
                    read(scheme, "bc5cdr_dev.pubtator.gz")?,
                ),
                Scheme::Chia => (read(scheme, "chia_open.tar.gz")?, Vec::new()),
                Scheme::Maccrobat => (read(scheme, "maccrobat2020_open.tar.gz")?, Vec::new()),
            };
            corpora.push(Corpus { train, judge });
        }
        let mut plain = Vec::new();
        for text in lexicon::definitions(&data.join("terms"))? {
            sentences(&text, &mut plain);
        }
        let mut parts = Vec::new();
        for name in ["ade_ADE-NEG.txt.open.gz", "mts_dialog_train.csv.gz"] {
            corpora::load(&folder.join(name), &mut parts)?;
        }
        for (_, bytes) in parts {
            sentences(&String::from_utf8_lossy(&bytes), &mut plain);
        }
        Ok(Self { lexicon, profiles: lexicon::profiles(&terms), corpora, plain, started })
    }

    /// What is known of words, with the text of these documents.
    fn words(&self, documents: &[&[Document]]) -> Words {
        let mut text = self.plain.clone();
        for document in documents.iter().copied().flatten() {
            sentences(&document.text, &mut text);
        }
        let text = clusters::Text::new(&text);
        let sizes = [(400, 8), (100, 12), (32, 15)];
        let classes = parallel(&sizes, |(classes, passes)| text.classes(*classes, *passes));
        let mut codes: BTreeMap<&str, WordCodes> = BTreeMap::new();
        for (at, word) in text.words.iter().enumerate().skip(1) {
            codes.insert(
                word,
                WordCodes {
                    fine: classes[0][at],
                    middle: classes[1][at] as u8,
                    coarse: classes[2][at] as u8,
                    profile: 0,
                },
            );
        }
        let mut known: Vec<_> = self.profiles.iter().collect();
        known.sort_unstable_by(|a, b| b.1.1.cmp(&a.1.1).then(a.0.cmp(b.0)));
        for (word, (profile, _)) in known {
            if codes.len() < Words::COUNT_MAX || codes.contains_key(word.as_str()) {
                codes.entry(word).or_default().profile = *profile;
            }
        }
        println!("{:?}: {} words known", self.started.elapsed(), codes.len());
        Words::build(codes)
    }

    /// Looks at documents: what the taggers see, and the gold labels.
    fn examples(&self, documents: &[Document], words: &Words) -> Vec<Example> {
        let slices: Vec<&Document> = documents.iter().collect();
        parallel(&slices, |document| {
            let analysis = analyse(&document.text);
            let frame = Frame::new(&analysis, &self.lexicon, words);
            let mut example = Example { rows: rows(&analysis), ..Example::default() };
            for row in &example.rows {
                for at in row.clone() {
                    let keys = &mut example.keys;
                    features::joint(&frame, row.clone(), at, |f| keys.push(key(f)));
                    let reach = features::REACH as isize;
                    for offset in -reach..=reach {
                        if let Some(near) = at.checked_add_signed(offset)
                            && row.contains(&near)
                        {
                            features::own(frame.word(near), offset, |f| keys.push(key(f)));
                        }
                    }
                    example.ends.push(example.keys.len());
                }
            }
            example.gold = vec![0; analysis.tokens.len()];
            for (span, kind) in &document.mentions {
                let first = analysis.tokens.partition_point(|token| token.span.end <= span.start);
                let mut label = 1 + 2 * *kind as u8;
                for (at, token) in analysis.tokens.iter().enumerate().skip(first) {
                    if token.span.start >= span.end {
                        break;
                    }
                    example.gold[at] = label;
                    label = 2 + 2 * *kind as u8;
                }
            }
            // Labels must follow each other as the chain allows, also across a cut row.
            for row in &example.rows {
                if let Some(first) = example.gold.get_mut(row.start)
                    && *first > 0
                    && *first % 2 == 0
                {
                    *first -= 1;
                }
            }
            example
        })
    }

    /// Examples with what the earlier taggers say of them.
    fn stacked(&self, documents: &[Document], words: &Words, earlier: &[Field]) -> Vec<Example> {
        let examples = self.examples(documents, words);
        let pairs: Vec<_> = documents.iter().zip(examples).collect();
        parallel(&pairs, |(document, example)| {
            let analysis = analyse(&document.text);
            let frame = Frame::new(&analysis, &self.lexicon, words);
            let mut example = example.clone();
            for (tagger, field) in earlier.iter().enumerate() {
                let labels = field.labels_of(&example);
                let mut wider = Example { keys: Vec::new(), ends: Vec::new(), ..example.clone() };
                for row in &example.rows {
                    for at in row.clone() {
                        wider.keys.extend(example.keys_of(at));
                        let around = around(&labels, row, at);
                        features::stacked(tagger, around, frame.word(at), |f| {
                            wider.keys.push(key(f));
                        });
                        wider.ends.push(wider.keys.len());
                    }
                }
                example = wider;
            }
            example
        })
    }

    /// Trains on training parts, judges on the rest, prints the table.
    fn develop(&self, report: Option<&Path>) -> Result<[Setting; 5], Failure> {
        let words =
            self.words(&[&self.corpora[0].train, &self.corpora[1].train, &self.corpora[2].train]);
        let mut fields: Vec<Field> = Vec::new();
        let mut folds: Vec<Vec<Field>> = Vec::new();
        for scheme in Scheme::ALL {
            let corpus = &self.corpora[scheme as usize];
            let examples = self.stacked(&corpus.train, &words, &fields);
            let mut jobs: Vec<Option<usize>> = vec![None];
            if corpus.judge.is_empty() {
                jobs.extend((0..FOLDS).map(Some));
            }
            let mut trained = parallel(&jobs, |job| {
                let chosen: Vec<&Example> = corpus
                    .train
                    .iter()
                    .zip(&examples)
                    .filter(|(document, _)| *job != Some(fold(&document.id)))
                    .map(|(_, example)| example)
                    .collect();
                crf::train(&chosen, scheme.labels(), RECIPE)
            });
            folds.push(trained.split_off(1));
            fields.append(&mut trained);
            println!("{:?}: trained {scheme:?}", self.started.elapsed());
        }
        let mut settings = [Setting::PLAIN; 5];
        let mut table = String::from(
            "| corpus | trained on, judged on | P | R | F1 | by type |\n|---|---|---|---|---|---|\n",
        );
        for scheme in Scheme::ALL {
            let corpus = &self.corpora[scheme as usize];
            // Models and the documents they are judged by.
            let mut judged: Vec<(Models, Vec<&Document>)> = Vec::new();
            if corpus.judge.is_empty() {
                for (at, field) in folds[scheme as usize].iter().enumerate() {
                    let mut fields = fields.clone();
                    fields[scheme as usize] = field.clone();
                    let (models, _) = self.assemble(&words, &fields, &settings);
                    let documents = corpus.train.iter().filter(|d| fold(&d.id) == at).collect();
                    judged.push((models, documents));
                }
            } else {
                let (models, _) = self.assemble(&words, &fields, &settings);
                judged.push((models, corpus.judge.iter().collect()));
            }
            let mut best: Option<(f64, Setting, Tally)> = None;
            for outside in [0.0, -0.2, -0.4, -0.6, -0.8] {
                let mut tally = Tally::new(scheme.types());
                for (models, documents) in &mut judged {
                    models.tagger.adjust(scheme, outside, [1.0, 0.0]);
                    let found = parallel(documents, |document| {
                        models.tag(&analyse(&document.text)).mentions(scheme).to_vec()
                    });
                    for (document, found) in documents.iter().zip(&found) {
                        tally.add(scheme, document, found);
                    }
                }
                let f1 = tally.total().f1();
                println!("{scheme:?} {outside:5.1}: {}", judge::line(&tally));
                if best.as_ref().is_none_or(|(best, ..)| f1 > *best) {
                    best =
                        Some((f1, Setting { outside, sureness: judge::sureness(&tally) }, tally));
                }
            }
            let (_, setting, tally) = best.expect("several were tried");
            settings[scheme as usize] = setting;
            let how = if corpus.judge.is_empty() { "five folds" } else { "train, development" };
            let total = tally.total();
            table.push_str(&format!(
                "| {scheme:?} | {how} | {:.3} | {:.3} | **{:.3}** | {} |\n",
                total.precision(),
                total.recall(),
                total.f1(),
                judge::types_line(&tally)
            ));
        }
        println!("{:?}\n{table}", self.started.elapsed());
        if let Some(report) = report {
            std::fs::write(report, format!("{REPORT}{table}"))?;
        }
        Ok(settings)
    }

    /// Trains on everything.
    fn ship(&self, settings: &[Setting; 5]) -> Result<Vec<u8>, Failure> {
        let all: Vec<Vec<Document>> = self
            .corpora
            .iter()
            .map(|corpus| corpus.train.iter().chain(&corpus.judge).cloned().collect())
            .collect();
        let slices: Vec<&[Document]> = all.iter().map(Vec::as_slice).collect();
        let words = self.words(&slices);
        let mut fields: Vec<Field> = Vec::new();
        for scheme in Scheme::ALL {
            let examples = self.stacked(&all[scheme as usize], &words, &fields);
            let examples: Vec<&Example> = examples.iter().collect();
            fields.push(crf::train(&examples, scheme.labels(), RECIPE));
            println!("{:?}: trained {scheme:?} on all", self.started.elapsed());
        }
        let (models, weights) = self.assemble(&words, &fields, settings);
        println!("{} features", models.tagger.feature_count());
        Ok(models.render(&weights))
    }

    /// Puts the taggers together: small integers, rows without weight dropped.
    fn assemble(
        &self,
        words: &Words,
        fields: &[Field],
        settings: &[Setting; 5],
    ) -> (Models, Vec<u8>) {
        let mut table: BTreeMap<u64, Vec<i8>> = BTreeMap::new();
        let mut heads = Vec::new();
        for ((scheme, field), setting) in Scheme::ALL.into_iter().zip(fields).zip(settings) {
            let top = field.weights.iter().fold(0.0f32, |top, weight| top.max(weight.abs()));
            let unit = top.min(4.0) / 127.0;
            for (key, at) in &field.index {
                let row = &field.weights[*at as usize * field.labels..][..field.labels];
                let norm = row.iter().fold(0.0f32, |norm, weight| norm.max(weight.abs()));
                if norm < WEIGHT_MIN {
                    continue;
                }
                let to = table.entry(*key).or_insert_with(|| vec![0; Scheme::labels_total()]);
                for (to, weight) in to[scheme.column()..].iter_mut().zip(row) {
                    *to = (weight / unit).round().clamp(-127.0, 127.0) as i8;
                }
            }
            heads.push(Head {
                chain: Chain::new(field.labels, &field.transitions),
                unit,
                outside: setting.outside,
                sureness: setting.sureness,
            });
        }
        let bytes = Weights::render(Scheme::labels_total(), &table);
        let weights = Weights::parse(&bytes).expect("just rendered");
        let heads = heads.try_into().expect("one head for each scheme");
        let tagger = Tagger::new(weights, heads);
        (Models { lexicon: self.lexicon.clone(), words: words.clone(), tagger }, bytes)
    }
}

/// The fold of a document; the two halves of a trial stay together.
fn fold(id: &str) -> usize {
    let stem = id.split('_').next().unwrap_or(id);
    (xxhash_rust::xxh3::xxh3_64(stem.as_bytes()) % FOLDS as u64) as usize
}

/// The sentences of a text, as words the way the table of [`Words`] keys them.
fn sentences(text: &str, out: &mut Vec<Vec<String>>) {
    let analysis = analyse(text);
    for sentence in &analysis.sentences {
        let tokens = &analysis.tokens[sentence.tokens.start as usize..sentence.tokens.end as usize];
        out.push(
            tokens
                .iter()
                .map(|token| {
                    let lower = token.span.of(text).to_lowercase();
                    lower.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
                })
                .collect(),
        );
    }
}

/// Calls `work` for each item on all cores; results in order.
fn parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads.min(items.len()) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { break };
                    let result = work(item);
                    done.lock().expect("no worker panicked").push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no worker panicked");
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
