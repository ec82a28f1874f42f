//! Random writes, bulk chunks and reopenings beside a naive model, which every answer must equal:
//! reads, histories, searches, sorts and the change log, at the newest and at earlier commits.

use crate::support::{Random, access, clock, query, resource, resource_type};
use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};
use store::{Error, Settings, Snapshot, Store, SystemClock, Transaction, Write, WrittenKind};

const GENDERS: [&str; 3] = ["male", "female", "unknown"];
const FAMILIES: [&str; 5] = ["Abel", "Abelard", "Müller", "Zoe", "zoe"];
const CODES: [&str; 3] = ["8867-4", "8480-6", "29463-7"];
const SYSTEMS: [&str; 2] = ["http://loinc.org", "urn:x"];
const UNITS: [&str; 2] = ["kg", "mm[Hg]"];

/// What a version says, before it is JSON.
#[derive(Clone, Debug, PartialEq)]
enum Content {
    Patient {
        gender: Option<&'static str>,
        family: Option<&'static str>,
        birth: Option<(u64, u64)>,
        identifier: u64,
    },
    Observation {
        codes: Vec<(&'static str, &'static str)>,
        subject: Option<u64>,
        day: Option<u64>,
        value: Option<(u64, &'static str)>,
    },
}

impl Content {
    fn random(random: &mut Random, is_patient: bool) -> Self {
        if is_patient {
            Self::Patient {
                gender: (!random.one_in(4)).then(|| *random.pick(&GENDERS)),
                family: (!random.one_in(4)).then(|| *random.pick(&FAMILIES)),
                birth: (!random.one_in(4)).then(|| (1950 + random.below(5), 1 + random.below(12))),
                identifier: random.below(6),
            }
        } else {
            let codes = 1 + random.below(2);
            Self::Observation {
                codes: (0..codes).map(|_| (*random.pick(&SYSTEMS), *random.pick(&CODES))).collect(),
                subject: (!random.one_in(5)).then(|| random.below(12)),
                day: (!random.one_in(5)).then(|| 1 + random.below(28)),
                value: (!random.one_in(3)).then(|| (random.below(5), *random.pick(&UNITS))),
            }
        }
    }

    fn type_name(&self) -> &'static str {
        match self {
            Self::Patient { .. } => "Patient",
            Self::Observation { .. } => "Observation",
        }
    }

    fn json(&self, id: &str) -> String {
        let mut text = format!(r#"{{"resourceType":"{}","id":"{id}""#, self.type_name());
        match self {
            Self::Patient { gender, family, birth, identifier } => {
                text += &format!(r#","identifier":[{{"system":"urn:i","value":"i{identifier}"}}]"#);
                if let Some(family) = family {
                    text += &format!(r#","name":[{{"family":"{family}"}}]"#);
                }
                if let Some(gender) = gender {
                    text += &format!(r#","gender":"{gender}""#);
                }
                if let Some((year, month)) = birth {
                    text += &format!(r#","birthDate":"{year}-{month:02}""#);
                }
            }
            Self::Observation { codes, subject, day, value } => {
                let codings: Vec<String> = codes
                    .iter()
                    .map(|(system, code)| format!(r#"{{"system":"{system}","code":"{code}"}}"#))
                    .collect();
                text +=
                    &format!(r#","status":"final","code":{{"coding":[{}]}}"#, codings.join(","));
                if let Some(subject) = subject {
                    text += &format!(r#","subject":{{"reference":"Patient/r{subject}"}}"#);
                }
                if let Some(day) = day {
                    text += &format!(r#","effectiveDateTime":"2024-03-{day:02}""#);
                }
                if let Some((value, unit)) = value {
                    text += &format!(
                        r#","valueQuantity":{{"value":{value}.5,"system":"http://unitsofmeasure.org","code":"{unit}"}}"#
                    );
                }
            }
        }
        text + "}"
    }
}

#[derive(Clone, Debug)]
struct Version {
    version_id: u64,
    commit: u64,
    ordinal: u32,
    content: Option<Content>,
    /// What was read in it and laid beside it: an extension, under the same version id.
    note: Option<u64>,
}

impl Version {
    fn json(&self, id: &str) -> Option<String> {
        let text = self.content.as_ref()?.json(id);
        Some(match self.note {
            Some(note) => noted(&text, note),
            None => text,
        })
    }
}

fn noted(text: &str, note: u64) -> String {
    let open = text.strip_suffix('}').expect("an object");
    format!(r#"{open},"extension":[{{"url":"urn:note","valueInteger":{note}}}]}}"#)
}

/// Every version of every resource, in a map.
#[derive(Default)]
struct Model {
    versions: BTreeMap<(&'static str, String), Vec<Version>>,
    commit: u64,
}

impl Model {
    fn at(&self, type_name: &'static str, id: &str, commit: u64) -> Option<&Version> {
        self.versions
            .get(&(type_name, id.to_owned()))?
            .iter()
            .rev()
            .find(|version| version.commit <= commit)
    }

    fn live(&self, type_name: &'static str, commit: u64) -> Vec<(&str, &Version, &Content)> {
        let of_type = self.versions.iter().filter(|((name, _), _)| *name == type_name);
        of_type
            .filter_map(|((_, id), versions)| {
                let version = versions.iter().rev().find(|version| version.commit <= commit)?;
                Some((id.as_str(), version, version.content.as_ref()?))
            })
            .collect()
    }
}

/// One write as the model has it.
struct Op {
    type_name: &'static str,
    id: String,
    content: Option<Content>,
}

struct World {
    seed: u64,
    random: Random,
    model: Model,
    store: Option<Store>,
    folder: tempfile::TempDir,
    clock: Arc<crate::support::CountingClock>,
}

impl World {
    fn store(&self) -> &Store {
        self.store.as_ref().expect("the store is open")
    }

    fn op(&mut self) -> Op {
        let is_patient = self.random.one_in(2);
        let id = format!("r{}", self.random.below(if is_patient { 12 } else { 40 }));
        let mut content = Content::random(&mut self.random, is_patient);
        let type_name = content.type_name();
        // Often the same again, so that unchanged content is met.
        if self.random.one_in(4)
            && let Some(current) =
                self.model.at(type_name, &id, u64::MAX).and_then(|version| version.content.clone())
        {
            content = current;
        }
        Op { type_name, id, content: Some(content) }
    }

    /// Applies and checks what the store says it did.
    fn apply(&mut self, ops: Vec<Op>, transaction: Transaction) {
        self.apply_but(ops, &BTreeSet::new(), transaction);
    }

    /// The same for a bulk chunk: an id that ends as what is stored is left alone as a whole.
    fn apply_bulk(&mut self, ops: Vec<Op>, transaction: Transaction) {
        let mut last = BTreeMap::new();
        for op in &ops {
            last.insert((op.type_name, op.id.clone()), op.content.clone());
        }
        let left_alone: BTreeSet<(&'static str, String)> = last
            .into_iter()
            .filter(|((type_name, id), content)| {
                let current = self.model.at(type_name, id, u64::MAX);
                current.is_some_and(|current| current.content == *content)
            })
            .map(|(name, _)| name)
            .collect();
        self.apply_but(ops, &left_alone, transaction);
    }

    fn apply_but(
        &mut self,
        ops: Vec<Op>,
        left_alone: &BTreeSet<(&'static str, String)>,
        transaction: Transaction,
    ) {
        let commit = self
            .store()
            .apply(transaction)
            .unwrap_or_else(|error| panic!("seed {}: {error}", self.seed));
        assert_eq!(commit.written.len(), ops.len());
        let number = self.model.commit + 1;
        let mut changed = false;
        for (op, written) in ops.into_iter().zip(&commit.written) {
            let versions = self.model.versions.entry((op.type_name, op.id.clone())).or_default();
            let current = versions.last().cloned();
            let live = current.as_ref().filter(|current| current.content.is_some());
            let expected = match (&op.content, live) {
                _ if left_alone.contains(&(op.type_name, op.id.clone())) => WrittenKind::Unchanged,
                (None, None) => WrittenKind::Unchanged,
                (None, Some(_)) => WrittenKind::Deleted,
                (content, Some(live)) if *content == live.content => WrittenKind::Unchanged,
                (_, Some(_)) => WrittenKind::Updated,
                (_, None) => WrittenKind::Created,
            };
            assert_eq!(written.kind, expected, "seed {}: {}/{}", self.seed, op.type_name, op.id);
            if expected == WrittenKind::Unchanged {
                assert_eq!(written.version_id, current.map_or(0, |current| current.version_id));
                continue;
            }
            changed = true;
            assert_eq!(written.replaced, live.map(|live| live.ordinal), "seed {}", self.seed);
            let version_id = current.map_or(1, |current| current.version_id + 1);
            assert_eq!(
                written.version_id, version_id,
                "seed {}: {}/{}",
                self.seed, op.type_name, op.id
            );
            versions.push(Version {
                version_id,
                commit: number,
                ordinal: written.ordinal,
                content: op.content,
                note: None,
            });
        }
        if changed {
            self.model.commit = number;
        }
        assert_eq!(commit.number, self.model.commit, "seed {}", self.seed);
        assert_eq!(self.store().current_commit(), self.model.commit);
    }

    fn step(&mut self) {
        match self.random.below(20) {
            0..=8 => {
                let op = self.op();
                let write = update(&op);
                self.apply(vec![op], Transaction::single(write));
            }
            9..=11 => {
                let mut op = self.op();
                op.content = None;
                let write = Write::Delete {
                    resource_type: resource_type(op.type_name),
                    id: op.id.clone(),
                    if_match: None,
                };
                self.apply(vec![op], Transaction::single(write));
            }
            12..=13 => {
                let ops: Vec<Op> = (0..1 + self.random.below(4)).map(|_| self.op()).collect();
                let writes = ops.iter().map(update).collect();
                self.apply(ops, Transaction::of(writes));
            }
            14..=16 => {
                let ops: Vec<Op> = (0..1 + self.random.below(25)).map(|_| self.op()).collect();
                let resources = ops
                    .iter()
                    .map(|op| {
                        resource(
                            &op.content
                                .as_ref()
                                .expect("a bulk chunk has no deletions")
                                .json(&op.id),
                        )
                    })
                    .collect();
                self.apply_bulk(ops, Transaction::bulk(resources));
            }
            17 => self.conflict(),
            18 => self.annotate(),
            19 if self.random.one_in(4) => self.store().compact().expect("compaction"),
            19 if self.random.one_in(3) => {
                self.store = None;
                self.store = Some(
                    Store::open(self.folder.path(), &Settings::default(), self.clock.clone())
                        .expect("the store opens again"),
                );
                assert_eq!(self.store().current_commit(), self.model.commit);
            }
            _ => {}
        }
    }

    /// Findings are laid beside a version: the version id stays, the answers change. Beside a version
    /// that is not current, or that has just these, nothing happens.
    fn annotate(&mut self) {
        let mut writes = Vec::new();
        let mut expected = Vec::new();
        let mut chosen = BTreeSet::new();
        for _ in 0..1 + self.random.below(4) {
            let op = self.op();
            if !chosen.insert((op.type_name, op.id.clone())) {
                continue;
            }
            let Some(current) = self.model.at(op.type_name, &op.id, u64::MAX).cloned() else {
                continue;
            };
            let stale = self.random.one_in(5);
            let note = self.random.below(3);
            let content = current.content.clone().or(op.content).expect("content of some kind");
            let version_id = current.version_id - u64::from(stale && current.version_id > 1);
            let happens = version_id == current.version_id
                && current.content.is_some()
                && current.note != Some(note);
            writes.push(Write::Annotate {
                resource: resource(&noted(&content.json(&op.id), note)),
                version_id,
            });
            expected.push((op.type_name, op.id, current, note, happens));
        }
        if writes.is_empty() {
            return;
        }
        let commit = self.store().apply(Transaction::of(writes)).expect("a commit");
        if expected.iter().any(|(.., happens)| *happens) {
            self.model.commit += 1;
        }
        assert_eq!(commit.number, self.model.commit, "seed {}", self.seed);
        for ((type_name, id, current, note, happens), written) in
            expected.into_iter().zip(&commit.written)
        {
            if !happens {
                assert_eq!(written.kind, WrittenKind::Unchanged, "seed {}", self.seed);
                continue;
            }
            assert_eq!(written.kind, WrittenKind::Annotated, "seed {}", self.seed);
            assert_eq!(written.version_id, current.version_id);
            assert_eq!(written.replaced, Some(current.ordinal));
            self.model.versions.entry((type_name, id)).or_default().push(Version {
                commit: commit.number,
                ordinal: written.ordinal,
                note: Some(note),
                ..current
            });
        }
    }

    /// A write whose condition does not hold changes nothing, nor do the others of its transaction.
    fn conflict(&mut self) {
        let (first, second) = (self.op(), self.op());
        let found = self
            .model
            .at(second.type_name, &second.id, u64::MAX)
            .filter(|version| version.content.is_some())
            .map_or(0, |version| version.version_id);
        if (first.type_name, &first.id) == (second.type_name, &second.id) {
            return;
        }
        let mut conflicting = update(&second);
        if let Write::Update { if_match, .. } = &mut conflicting {
            *if_match = Some(found + 7);
        }
        match self.store().apply(Transaction::of(vec![update(&first), conflicting])) {
            Err(Error::VersionConflict { found: said, .. }) => assert_eq!(said, found),
            other => panic!("seed {}: {other:?}", self.seed),
        }
        assert_eq!(self.store().current_commit(), self.model.commit);
    }

    fn check(&mut self) {
        let newest = self.model.commit;
        let commits = [newest, self.random.below(newest + 1)];
        for commit in commits {
            let snapshot = self.store().snapshot_at(&access(), commit).expect("a known commit");
            self.check_reads(&snapshot);
            self.check_searches(&snapshot);
        }
        self.check_log();
        assert!(matches!(
            self.store().snapshot_at(&access(), newest + 1),
            Err(Error::UnknownCommit { .. })
        ));
    }

    fn check_reads(&self, snapshot: &Snapshot) {
        let commit = snapshot.commit();
        for ((type_name, id), versions) in &self.model.versions {
            let kind = resource_type(type_name);
            let mut known: Vec<&Version> =
                versions.iter().filter(|version| version.commit <= commit).collect();
            // A version is told as it was annotated last.
            known.reverse();
            known.dedup_by_key(|version| version.version_id);
            known.reverse();
            let context = format!("seed {}, commit {commit}, {type_name}/{id}", self.seed);
            match (snapshot.read(kind, id), known.last()) {
                (Ok(found), Some(expected)) => same(&found, expected, id, &context),
                (Err(Error::Deleted { version, .. }), Some(expected)) => {
                    assert!(expected.content.is_none(), "{context}");
                    assert_eq!(version, expected.version_id, "{context}");
                }
                (Err(Error::NotFound { .. }), None) => {
                    assert!(
                        matches!(snapshot.history(kind, id), Err(Error::NotFound { .. })),
                        "{context}"
                    );
                    continue;
                }
                (found, expected) => panic!(
                    "{context}: {:?} instead of {expected:?}",
                    found.map(|found| found.version_id)
                ),
            }
            let history = snapshot.history(kind, id).expect("a known resource");
            assert_eq!(history.len(), known.len(), "{context}");
            let history: Vec<store::Version> =
                history.page(0, usize::MAX).collect::<Result<_, _>>().expect("bodies");
            for (found, expected) in history.iter().rev().zip(&known) {
                same(found, expected, id, &context);
            }
            let one = known[known.len() / 2];
            match snapshot.vread(kind, id, one.version_id) {
                Ok(found) => same(&found, one, id, &context),
                Err(error) => assert!(one.content.is_none(), "{context}: {error}"),
            }
            assert!(
                matches!(
                    snapshot.vread(kind, id, known.len() as u64 + 1),
                    Err(Error::NotFound { .. })
                ),
                "{context}"
            );
        }
    }

    fn check_searches(&mut self, snapshot: &Snapshot) {
        let commit = snapshot.commit();
        let (gender, family, year, month) = (
            *self.random.pick(&GENDERS),
            *self.random.pick(&FAMILIES),
            1950 + self.random.below(5),
            1 + self.random.below(12),
        );
        let identifier = self.random.below(6);
        let id = self.random.below(12);
        let day = 1 + self.random.below(28);
        let (system, code, other_code, unit, value) = (
            *self.random.pick(&SYSTEMS),
            *self.random.pick(&CODES),
            *self.random.pick(&CODES),
            *self.random.pick(&UNITS),
            self.random.below(5),
        );
        let is_gender = |content: &Content, wanted: &str| matches!(content, Content::Patient { gender: Some(gender), .. } if *gender == wanted);
        let family_of = |content: &Content| {
            if let Content::Patient { family, .. } = content { *family } else { None }
        };
        let birth_of = |content: &Content| {
            if let Content::Patient { birth, .. } = content { *birth } else { None }
        };
        let has_code = |content: &Content, system: Option<&str>, code: Option<&str>| {
            let Content::Observation { codes, .. } = content else { return false };
            codes.iter().any(|(s, c)| {
                system.is_none_or(|system| system == *s) && code.is_none_or(|code| code == *c)
            })
        };
        let subject_of = |content: &Content| {
            if let Content::Observation { subject, .. } = content { *subject } else { None }
        };
        let day_of = |content: &Content| {
            if let Content::Observation { day, .. } = content { *day } else { None }
        };
        let value_of = |content: &Content| {
            if let Content::Observation { value, .. } = content { *value } else { None }
        };
        type Fits<'a> = Box<dyn Fn(&str, &Content) -> bool + 'a>;
        let cases: Vec<(&'static str, String, Fits)> = vec![
            ("Patient", String::new(), Box::new(|_, _| true)),
            (
                "Patient",
                format!("gender={gender}"),
                Box::new(|_, content| is_gender(content, gender)),
            ),
            (
                "Patient",
                format!("gender=http://hl7.org/fhir/administrative-gender|{gender}"),
                Box::new(|_, content| is_gender(content, gender)),
            ),
            (
                "Patient",
                format!("gender:not={gender}"),
                Box::new(|_, content| !is_gender(content, gender)),
            ),
            (
                "Patient",
                "gender:missing=true".to_owned(),
                Box::new(|_, content| matches!(content, Content::Patient { gender: None, .. })),
            ),
            (
                "Patient",
                "family:missing=false".to_owned(),
                Box::new(|_, content| family_of(content).is_some()),
            ),
            (
                "Patient",
                "family=abel".to_owned(),
                Box::new(|_, content| {
                    family_of(content).is_some_and(|family| family.starts_with("Abel"))
                }),
            ),
            (
                "Patient",
                "family=MULLER".to_owned(),
                Box::new(|_, content| family_of(content) == Some("Müller")),
            ),
            (
                "Patient",
                format!("family:exact={family}"),
                Box::new(|_, content| family_of(content) == Some(family)),
            ),
            (
                "Patient",
                "family:contains=el".to_owned(),
                Box::new(|_, content| {
                    family_of(content).is_some_and(|family| family.contains("el"))
                }),
            ),
            (
                "Patient",
                format!("birthdate={year}"),
                Box::new(|_, content| birth_of(content).is_some_and(|birth| birth.0 == year)),
            ),
            (
                "Patient",
                format!("birthdate=ge{year}-{month:02}"),
                Box::new(|_, content| {
                    birth_of(content).is_some_and(|birth| birth >= (year, month))
                }),
            ),
            (
                "Patient",
                format!("birthdate=lt{year}-{month:02}&gender={gender}"),
                Box::new(|_, content| {
                    birth_of(content).is_some_and(|birth| birth < (year, month))
                        && is_gender(content, gender)
                }),
            ),
            (
                "Patient",
                format!("identifier=urn:i|i{identifier}"),
                Box::new(
                    |_, content| matches!(content, Content::Patient { identifier: known, .. } if *known == identifier),
                ),
            ),
            (
                "Patient",
                format!("_id=r{id},r{}", id + 1),
                Box::new(|known, _| known == format!("r{id}") || known == format!("r{}", id + 1)),
            ),
            (
                "Observation",
                format!("code={code}"),
                Box::new(|_, content| has_code(content, None, Some(code))),
            ),
            (
                "Observation",
                format!("code={system}|{code}"),
                Box::new(|_, content| has_code(content, Some(system), Some(code))),
            ),
            (
                "Observation",
                format!("code={system}|"),
                Box::new(|_, content| has_code(content, Some(system), None)),
            ),
            ("Observation", format!("code=|{code}"), Box::new(|_, _| false)),
            (
                "Observation",
                format!("code={code}&code={other_code}"),
                Box::new(|_, content| {
                    has_code(content, None, Some(code)) && has_code(content, None, Some(other_code))
                }),
            ),
            (
                "Observation",
                format!("code={code},{other_code}&status=final"),
                Box::new(|_, content| {
                    has_code(content, None, Some(code)) || has_code(content, None, Some(other_code))
                }),
            ),
            (
                "Observation",
                format!("subject=Patient/r{id}"),
                Box::new(|_, content| subject_of(content) == Some(id)),
            ),
            (
                "Observation",
                format!("patient=r{id}&date=gt2024-03-{day:02}"),
                Box::new(|_, content| {
                    subject_of(content) == Some(id)
                        && day_of(content).is_some_and(|known| known > day)
                }),
            ),
            (
                "Observation",
                format!("subject:Patient=r{id}&code:not={code}"),
                Box::new(|_, content| {
                    subject_of(content) == Some(id) && !has_code(content, None, Some(code))
                }),
            ),
            (
                "Observation",
                format!("date=2024-03-{day:02}"),
                Box::new(|_, content| day_of(content) == Some(day)),
            ),
            (
                "Observation",
                format!("date=ne2024-03-{day:02}"),
                Box::new(|_, content| day_of(content).is_some_and(|known| known != day)),
            ),
            (
                "Observation",
                format!("value-quantity=gt{value}.5"),
                Box::new(|_, content| value_of(content).is_some_and(|known| known.0 > value)),
            ),
            (
                "Observation",
                format!("value-quantity={value}.5|http://unitsofmeasure.org|{unit}"),
                Box::new(|_, content| value_of(content) == Some((value, unit))),
            ),
            (
                "Observation",
                format!("value-quantity=le{value}.5||{unit}&code={code}"),
                Box::new(|_, content| {
                    value_of(content).is_some_and(|known| known.0 <= value && known.1 == unit)
                        && has_code(content, None, Some(code))
                }),
            ),
        ];
        for (type_name, text, fits) in &cases {
            let expected: BTreeSet<u32> = self
                .model
                .live(type_name, commit)
                .into_iter()
                .filter(|(id, _, content)| fits(id, content))
                .map(|(_, version, _)| version.ordinal)
                .collect();
            let mut wanted = query(type_name, text);
            wanted.count = 1000;
            let page = snapshot
                .search(&wanted)
                .unwrap_or_else(|error| panic!("seed {}, {type_name}?{text}: {error}", self.seed));
            let newest_first: Vec<u32> = expected.iter().rev().copied().collect();
            assert_eq!(
                page.ordinals, newest_first,
                "seed {}, commit {commit}, {type_name}?{text}",
                self.seed
            );
            assert_eq!(page.total, Some(expected.len() as u64));
            // Page by page it is the same.
            let mut paged = Vec::new();
            loop {
                wanted.count = 7;
                wanted.offset = paged.len();
                let page = snapshot.search(&wanted).expect("a page");
                paged.extend_from_slice(&page.ordinals);
                assert_eq!(
                    page.more,
                    paged.len() < expected.len(),
                    "seed {}, {type_name}?{text}",
                    self.seed
                );
                if !page.more {
                    break;
                }
            }
            assert_eq!(paged, newest_first);
        }
        self.check_sorts(snapshot);
        self.check_last_updated(snapshot);
        for type_name in ["Patient", "Observation"] {
            let live = self.model.live(type_name, commit);
            assert_eq!(
                snapshot.count(resource_type(type_name)),
                live.len() as u64,
                "seed {}, commit {commit}",
                self.seed
            );
            let mut expected: Vec<u32> =
                live.iter().map(|(_, version, _)| version.ordinal).collect();
            expected.sort_unstable();
            let mut scanned: Vec<u32> = Vec::new();
            loop {
                let more = snapshot
                    .scan(resource_type(type_name), scanned.last().copied(), 5)
                    .expect("a scan");
                if more.is_empty() {
                    break;
                }
                scanned.extend(more.iter().map(|version| version.ordinal));
            }
            assert_eq!(scanned, expected, "seed {}, commit {commit}", self.seed);
        }
    }

    fn check_sorts(&self, snapshot: &Snapshot) {
        type Key = Option<String>;
        type KeyOf = fn(&str, &Content) -> Key;
        let gender: KeyOf = |_, content| {
            if let Content::Patient { gender, .. } = content {
                gender.map(str::to_owned)
            } else {
                None
            }
        };
        let family: KeyOf = |_, content| {
            if let Content::Patient { family, .. } = content {
                family.map(fhir::search::fold)
            } else {
                None
            }
        };
        let birth: KeyOf = |_, content| {
            if let Content::Patient { birth, .. } = content {
                birth.map(|(year, month)| format!("{year}-{month:02}"))
            } else {
                None
            }
        };
        let id: KeyOf = |id, _| Some(id.to_owned());
        let day: KeyOf = |_, content| {
            if let Content::Observation { day, .. } = content {
                day.map(|day| format!("{day:02}"))
            } else {
                None
            }
        };
        let value: KeyOf = |_, content| {
            if let Content::Observation { value, .. } = content {
                value.map(|(value, _)| value.to_string())
            } else {
                None
            }
        };
        let subject: KeyOf = |_, content| {
            if let Content::Observation { subject, .. } = content {
                subject.map(|subject| format!("r{subject}\0"))
            } else {
                None
            }
        };
        type Case<'a> = (&'a str, &'a str, &'a [(KeyOf, bool)]);
        let cases: [Case<'_>; 9] = [
            ("Patient", "gender", &[(gender, false)]),
            ("Patient", "-family", &[(family, true)]),
            ("Patient", "birthdate", &[(birth, false)]),
            ("Patient", "-birthdate,family", &[(birth, true), (family, false)]),
            ("Patient", "gender,-_id", &[(gender, false), (id, true)]),
            ("Patient", "_id", &[(id, false)]),
            ("Observation", "-date,value-quantity", &[(day, true), (value, false)]),
            ("Observation", "value-quantity,-subject", &[(value, false), (subject, true)]),
            ("Observation", "subject,date", &[(subject, false), (day, false)]),
        ];
        for (type_name, sort, order) in cases {
            let mut live = self.model.live(
                if type_name == "Patient" { "Patient" } else { "Observation" },
                snapshot.commit(),
            );
            live.sort_by(|a, b| {
                for (key, descending) in order {
                    let this = match (key(a.0, a.2), key(b.0, b.2)) {
                        (None, None) => Ordering::Equal,
                        (None, Some(_)) => Ordering::Greater,
                        (Some(_), None) => Ordering::Less,
                        (Some(x), Some(y)) if *descending => y.cmp(&x),
                        (Some(x), Some(y)) => x.cmp(&y),
                    };
                    if this.is_ne() {
                        return this;
                    }
                }
                b.1.ordinal.cmp(&a.1.ordinal)
            });
            let expected: Vec<u32> = live.iter().map(|(_, version, _)| version.ordinal).collect();
            for (offset, count) in [(0, 1000), (0, 3), (4, 5)] {
                let mut wanted = query(type_name, &format!("_sort={sort}"));
                (wanted.offset, wanted.count) = (offset, count);
                let page = snapshot.search(&wanted).expect("a sorted page");
                let expected: Vec<u32> =
                    expected.iter().skip(offset).take(count).copied().collect();
                assert_eq!(
                    page.ordinals,
                    expected,
                    "seed {}, commit {}, {type_name}?_sort={sort} from {offset}",
                    self.seed,
                    snapshot.commit()
                );
            }
        }
    }

    fn check_last_updated(&self, snapshot: &Snapshot) {
        let commits = self.store().changes(0, usize::MAX).expect("the log");
        let times: HashMap<u64, i64> =
            commits.iter().map(|commit| (commit.commit, commit.time_us)).collect();
        let Some(middle) = commits.get(commits.len() / 2) else { return };
        let moment = fhir::date::instant(middle.time_us);
        for type_name in ["Patient", "Observation"] {
            for (prefix, fits) in [("ge", Ordering::Greater), ("lt", Ordering::Less)] {
                let mut wanted = query(type_name, &format!("_lastUpdated={prefix}{moment}"));
                wanted.count = 1000;
                let expected: BTreeSet<u32> = self
                    .model
                    .live(type_name, snapshot.commit())
                    .into_iter()
                    .filter(|(_, version, _)| {
                        let order = times[&version.commit].cmp(&middle.time_us);
                        order == fits || (order.is_eq() && fits.is_gt())
                    })
                    .map(|(_, version, _)| version.ordinal)
                    .collect();
                let found: BTreeSet<u32> =
                    snapshot.search(&wanted).expect("a page").ordinals.into_iter().collect();
                assert_eq!(
                    found, expected,
                    "seed {}, {type_name}?_lastUpdated={prefix}{moment}",
                    self.seed
                );
            }
        }
    }

    /// The log, followed from the beginning, gives what is current.
    fn check_log(&self) {
        let mut live: BTreeMap<(String, String), u32> = BTreeMap::new();
        let mut after = 0;
        loop {
            let commits = self.store().changes(after, 10).expect("the log");
            let Some(last) = commits.last() else { break };
            for (at, commit) in commits.iter().enumerate() {
                assert_eq!(commit.commit, after + 1 + at as u64, "seed {}", self.seed);
                for change in &commit.changes {
                    let key = (change.resource_type.name().to_owned(), change.id.clone());
                    let replaced = live.remove(&key);
                    assert_eq!(change.replaced, replaced, "seed {}: {key:?}", self.seed);
                    let noted = self.model.versions.values().flatten().any(|v| {
                        v.ordinal == change.ordinal && v.note.is_some() && v.commit == commit.commit
                    });
                    assert_eq!(change.annotated, noted, "seed {}: {key:?}", self.seed);
                    if !change.deleted {
                        live.insert(key, change.ordinal);
                    }
                }
            }
            after = last.commit;
        }
        assert_eq!(after, self.model.commit);
        let mut expected = BTreeMap::new();
        for type_name in ["Patient", "Observation"] {
            expected.extend(
                self.model.live(type_name, after).into_iter().map(|(id, version, _)| {
                    ((type_name.to_owned(), id.to_owned()), version.ordinal)
                }),
            );
        }
        assert_eq!(live, expected, "seed {}", self.seed);
    }
}

fn update(op: &Op) -> Write {
    let content = op.content.as_ref().expect("an update has content");
    Write::Update {
        resource: resource(&content.json(&op.id)),
        if_match: None,
        if_none_match_any: false,
        create: true,
    }
}

#[track_caller]
fn same(found: &store::Version, expected: &Version, id: &str, context: &str) {
    assert_eq!(
        (found.id.as_str(), found.version_id, found.ordinal, found.commit),
        (id, expected.version_id, expected.ordinal, expected.commit),
        "{context}"
    );
    let found = found
        .body
        .as_ref()
        .map(|body| serde_json::from_slice::<serde_json::Value>(&body.text()).expect("JSON"));
    let mut expected = expected
        .json(id)
        .map(|text| serde_json::from_str::<serde_json::Value>(&text).expect("JSON"));
    if let (Some(found), Some(expected)) = (&found, &mut expected)
        && let Some(meta) = found.get("meta")
    {
        expected["meta"] = meta.clone();
    }
    assert_eq!(found, expected, "{context}");
}

#[test]
fn every_answer_equals_the_naive_models() {
    let seeds =
        std::env::var("TARN_MODEL_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    for seed in 1..=seeds {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = clock();
        let store =
            Store::open(folder.path(), &Settings::default(), clock.clone()).expect("a new store");
        let mut world = World {
            seed,
            random: Random::new(seed),
            model: Model::default(),
            store: Some(store),
            folder,
            clock,
        };
        for step in 1..=120 {
            world.step();
            if step % 15 == 0 {
                world.check();
            }
        }
    }
}

#[test]
fn a_new_store_is_empty_and_its_commits_have_times() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path(), &Settings::default(), Arc::new(SystemClock))
        .expect("a new store");
    assert_eq!(store.current_commit(), 0);
    let snapshot = store.snapshot(&access());
    assert_eq!(snapshot.count(resource_type("Patient")), 0);
    assert_eq!(
        snapshot.search(&query("Patient", "name=x&birthdate=gt2000")).expect("a page").total,
        Some(0)
    );
    let commit = store
        .apply(Transaction::single(Write::Create {
            resource: resource(r#"{"resourceType":"Patient"}"#),
        }))
        .expect("a commit");
    assert_eq!((commit.number, commit.written[0].version_id), (1, 1));
    let read = store
        .snapshot(&access())
        .read(resource_type("Patient"), &commit.written[0].id)
        .expect("what was just written");
    assert_eq!(read.last_updated_us, commit.time_us);
    assert!(matches!(
        snapshot.read(resource_type("Patient"), &commit.written[0].id),
        Err(Error::NotFound { .. })
    ));
}

#[test]
fn what_was_read_with_findings_can_be_sent_back_without_a_new_version() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path(), &Settings::default(), Arc::new(SystemClock))
        .expect("a new store");
    let given = r#"{"resourceType":"Patient","id":"p","gender":"female"}"#;
    let shown = noted(given, 1);
    let put = |text: &str| Write::Update {
        resource: resource(text),
        if_match: Some(1),
        if_none_match_any: false,
        create: true,
    };
    store.apply(Transaction::bulk(vec![resource(given)])).expect("a commit");
    let noted = Write::Annotate { resource: resource(&shown), version_id: 1 };
    store.apply(Transaction::single(noted)).expect("a commit");
    for text in [given, &shown] {
        let single = store.apply(Transaction::single(put(text))).expect("a commit");
        let bulk = store.apply(Transaction::bulk(vec![resource(text)])).expect("a commit");
        for commit in [single, bulk] {
            let written = &commit.written[0];
            assert_eq!((written.kind, written.version_id), (WrittenKind::Unchanged, 1), "{text}");
        }
    }
    let statistics = store.statistics();
    assert_eq!((statistics.types[0].resources, statistics.types[0].versions), (1, 1));
}
