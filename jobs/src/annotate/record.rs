//! What the store knows of the people the notes are about: names and numbers that are PHI, codes
//! their record already holds, and the codes everybody's record uses.

use super::generate;
use crate::{Error, Room, tables};
use fhir::search::Query;
use fhir::{Node, Resource, ResourceType};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use store::Snapshot;

/// Resources of one patient looked at for codes: enough for any record, and a bound.
const CODED_MAX: usize = 5_000;
/// Rows of the tables' codes: one for each code and display there is.
const CODES_MAX: usize = 400_000;

/// The records of the patients in a batch.
pub(super) struct Records {
    by_patient: HashMap<String, Record>,
    nobody: Record,
}

/// What is known of one patient.
#[derive(Default)]
pub(super) struct Record {
    /// Names, numbers and places that are PHI in their notes.
    pub known: nlp::phi::Known,
    /// Codes their record holds: `system|code`.
    pub codes: HashSet<String>,
    /// The same as words, folded.
    pub words: HashSet<String>,
}

impl Records {
    /// Reads the records of everyone these documents are about.
    pub(super) fn new<'a>(
        snapshot: &Snapshot,
        documents: impl Iterator<Item = &'a Resource>,
    ) -> Result<Self, Error> {
        let mut by_patient = HashMap::new();
        for document in documents {
            if let Some(patient) = patient_of(document)
                && !by_patient.contains_key(&patient)
            {
                let record = Record::read(snapshot, &patient)?;
                by_patient.insert(patient, record);
            }
        }
        Ok(Self { by_patient, nobody: Record::default() })
    }

    /// The record a document belongs to.
    pub(super) fn of(&self, document: &Resource) -> &Record {
        patient_of(document).and_then(|id| self.by_patient.get(&id)).unwrap_or(&self.nobody)
    }
}

/// The id of the Patient a document is about.
fn patient_of(document: &Resource) -> Option<String> {
    let reference = document.root().get("subject")?.get("reference")?.text().into_owned();
    let id = reference
        .strip_prefix("Patient/")
        .or_else(|| reference.rsplit_once("/Patient/").map(|(_, id)| id))?;
    let id = id.split('/').next().unwrap_or_default();
    Resource::is_id(id).then(|| id.to_owned())
}

impl Record {
    fn read(snapshot: &Snapshot, patient: &str) -> Result<Self, Error> {
        let mut record = Self::default();
        if let Some(resource) = read(snapshot, "Patient", patient)? {
            record.know_patient(&resource);
            for member in ["generalPractitioner", "managingOrganization"] {
                for node in resource.root().get(member).into_iter().flat_map(Node::each) {
                    record.know_linked(snapshot, node)?;
                }
            }
        }
        for (type_name, parameter, member) in [
            ("Condition", "patient", "code"),
            ("AllergyIntolerance", "patient", "code"),
            ("Procedure", "patient", "code"),
            ("CarePlan", "patient", "category"),
            ("Immunization", "patient", "vaccineCode"),
            ("MedicationRequest", "patient", "medicationCodeableConcept"),
            ("MedicationStatement", "patient", "medicationCodeableConcept"),
            ("MedicationAdministration", "patient", "medicationCodeableConcept"),
        ] {
            let Some(resource_type) = ResourceType::parse(type_name) else { continue };
            let found = search(snapshot, resource_type, parameter, patient)?;
            for version in snapshot.bodies(resource_type, &found)? {
                let Some(body) = version.body else { continue };
                let Ok(resource) = Resource::parse(body.text()) else { continue };
                if generate::is_generated(&resource) {
                    continue;
                }
                for concept in resource.root().get(member).into_iter().flat_map(Node::each) {
                    record.know_concept(concept);
                }
            }
        }
        Ok(record)
    }

    fn know_concept(&mut self, concept: Node<'_>) {
        let text = |node: Node<'_>, name: &str| node.get(name).map(|v| v.text().into_owned());
        for coding in concept.get("coding").into_iter().flat_map(Node::each) {
            if let (Some(system), Some(code)) = (text(coding, "system"), text(coding, "code")) {
                self.codes.insert(format!("{system}|{code}"));
            }
            self.words.extend(text(coding, "display").map(|words| plain(&words)));
        }
        self.words.extend(text(concept, "text").map(|words| plain(&words)));
    }

    fn know_patient(&mut self, patient: &Resource) {
        self.know_person(patient.root());
        for contact in patient.root().get("contact").into_iter().flat_map(Node::each) {
            self.know_person(contact);
        }
    }

    /// A Patient, a contact, a Practitioner, an Organization or a Location.
    fn know_person(&mut self, person: Node<'_>) {
        let each = |node: Node<'_>, name: &str| -> Vec<String> {
            let found = node.get(name).into_iter().flat_map(Node::each);
            found.map(|part| part.text().into_owned()).collect()
        };
        let mut known = std::mem::take(&mut self.known);
        for name in person.get("name").into_iter().flat_map(Node::each) {
            if name.kind() == fhir::Kind::Object {
                let given = each(name, "given");
                let given: Vec<&str> = given.iter().map(String::as_str).collect();
                known = known.person(&given, &each(name, "family").join(" "));
            } else {
                known = known.place(&name.text());
            }
        }
        for identifier in person.get("identifier").into_iter().flat_map(Node::each) {
            for value in each(identifier, "value") {
                known = known.identifier(&value);
            }
        }
        for contact in person.get("telecom").into_iter().flat_map(Node::each) {
            for value in each(contact, "value") {
                known = if value.contains('@') { known.email(&value) } else { known.phone(&value) };
            }
        }
        for address in person.get("address").into_iter().flat_map(Node::each) {
            for part in ["line", "city", "postalCode"].into_iter().flat_map(|m| each(address, m)) {
                known = known.place(&part);
            }
        }
        for born in each(person, "birthDate") {
            known = known.birth_date(&born);
        }
        self.known = known;
    }

    fn know_linked(&mut self, snapshot: &Snapshot, reference: Node<'_>) -> Result<(), Error> {
        let Some(text) = reference.get("reference").map(|node| node.text().into_owned()) else {
            return Ok(());
        };
        if let Some((type_name, id)) = text.split_once('/')
            && matches!(type_name, "Practitioner" | "Organization" | "Location")
            && let Some(resource) = read(snapshot, type_name, id)?
        {
            self.know_person(resource.root());
        }
        Ok(())
    }
}

fn read(snapshot: &Snapshot, type_name: &str, id: &str) -> Result<Option<Resource>, Error> {
    let Some(resource_type) = ResourceType::parse(type_name) else { return Ok(None) };
    if !Resource::is_id(id) {
        return Ok(None);
    }
    match snapshot.read(resource_type, id) {
        Ok(version) => Ok(version.body.and_then(|body| Resource::parse(body.text()).ok())),
        Err(store::Error::NotFound { .. } | store::Error::Deleted { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Words as they are compared: lower case, without a semantic tag such as `(disorder)`.
pub(super) fn plain(words: &str) -> String {
    let folded = fhir::search::fold(words);
    match folded.rsplit_once(" (") {
        Some((before, tag)) if tag.ends_with(')') && !before.is_empty() => before.to_owned(),
        _ => folded,
    }
}

/// Current resources of a type that a search parameter finds, as many as are looked at.
pub(super) fn search(
    snapshot: &Snapshot,
    resource_type: ResourceType,
    parameter: &str,
    value: &str,
) -> Result<Vec<u32>, Error> {
    let escaped = value.replace('\\', "\\\\").replace(',', "\\,").replace('|', "\\|");
    let pairs = [(parameter.to_owned(), escaped), ("_total".to_owned(), "none".to_owned())];
    let (mut query, _) = Query::parse(resource_type, &pairs, false)
        .map_err(|_| Error::Internal(format!("`{parameter}` is not a search parameter")))?;
    query.count = CODED_MAX;
    Ok(snapshot.search(&query)?.ordinals)
}

/// Every code the tables hold with its displays: system, code, display, how often.
pub(super) fn codings(
    room: &Arc<Room>,
    runtime: &tokio::runtime::Handle,
    commit: u64,
) -> Result<Vec<nlp::Coding>, Error> {
    tables::catch_up_blocking(room, commit)?;
    let mut codings = Vec::new();
    for (type_name, column) in [
        ("Condition", "code"),
        ("Procedure", "code"),
        ("Observation", "code"),
        ("AllergyIntolerance", "code"),
        ("Immunization", "vaccinecode"),
        ("MedicationRequest", "medicationcodeableconcept"),
        ("Medication", "code"),
    ] {
        let table = type_name.to_ascii_lowercase();
        if !room.lake.tables().iter().any(|known| known.name == table && known.rows > 0) {
            continue;
        }
        let sql = format!(
            "SELECT c['system'] AS system, c['code'] AS code, c['display'] AS display, \
             count(*) AS n FROM (SELECT unnest({column}['coding']) AS c FROM {table} \
               WHERE NOT coalesce(meta['tag'][1]['code'] = '{}', false)) \
             WHERE c['code'] IS NOT NULL AND c['display'] IS NOT NULL \
             GROUP BY 1, 2, 3 ORDER BY n DESC, system, code, display LIMIT {CODES_MAX}",
            generate::TAG
        );
        let answer = runtime.block_on(room.lake.query(&sql, lake::QueryOptions::default()));
        let answer = match answer {
            Ok(answer) => answer,
            // Data in which nobody wrote a display has no such column.
            Err(error) if error.is_callers() => continue,
            Err(error) => return Err(error.into()),
        };
        let rows: Vec<Row> = serde_json::from_slice(&lake::render_json(&answer)?)
            .map_err(|error| Error::Internal(error.to_string()))?;
        codings.extend(rows.into_iter().map(|row| nlp::Coding {
            system: row.system.unwrap_or_default(),
            code: row.code,
            display: row.display,
            count: row.n,
            resource_type: type_name.to_owned(),
        }));
    }
    Ok(codings)
}

#[derive(serde::Deserialize)]
struct Row {
    system: Option<String>,
    code: String,
    display: String,
    n: u64,
}
