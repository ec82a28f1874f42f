//! `_summary` and `_elements`: part of a resource, marked as such.
//!
//! What is mandatory stays, so that the part is a valid resource too; what is kept keeps its bytes.
//!
//! Spec: <https://hl7.org/fhir/R4/search.html#summary>

use crate::failure::Failure;
use fhir::resource::{View, summarise};
use fhir::search::Summary;
use fhir::{IssueCode, Resource};

/// Which part of a resource is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Subset {
    summary: Summary,
    elements: Vec<String>,
}

impl Subset {
    /// Everything.
    pub fn all() -> Self {
        Self { summary: Summary::False, elements: Vec::new() }
    }

    /// What a search wants of its matches.
    pub fn of(summary: Summary, elements: &[String]) -> Self {
        // Only whole elements: `name.family` asks for at least `name`, and so does
        // `Patient.name.family`.
        let first = |path: &String| {
            let (first, rest) = path.split_once('.').unwrap_or((path, ""));
            match rest.split('.').next() {
                Some(second) if first.starts_with(char::is_uppercase) => {
                    format!("{first}.{second}")
                }
                _ => first.to_owned(),
            }
        };
        Self { summary, elements: elements.iter().map(first).collect() }
    }

    /// What the parameters of a read ask for.
    pub fn parse(pairs: &[(String, String)]) -> Result<Self, Failure> {
        let mut subset = Self::all();
        for (name, value) in pairs {
            match (name.as_str(), value.as_str()) {
                ("_summary", "true") => subset.summary = Summary::True,
                ("_summary", "text") => subset.summary = Summary::Text,
                ("_summary", "data") => subset.summary = Summary::Data,
                ("_summary", "false") => subset.summary = Summary::False,
                ("_summary", _) => {
                    return Err(Failure::new(
                        IssueCode::Value,
                        "`_summary` is true, text, data or false",
                    )
                    .at("_summary"));
                }
                ("_elements", list) => {
                    let list: Vec<String> =
                        list.split(',').map(|path| path.trim().to_owned()).collect();
                    subset = Self { summary: subset.summary, ..Self::of(subset.summary, &list) };
                }
                ("_format" | "_pretty", _) => {}
                _ => {
                    return Err(Failure::new(
                        IssueCode::NotSupported,
                        "a read takes `_summary`, `_elements` and `_format`",
                    )
                    .at(name.chars().take(64).collect::<String>()));
                }
            }
        }
        Ok(subset)
    }

    /// Appends the wanted part of a version.
    pub fn render(&self, version: &store::Version, out: &mut Vec<u8>) -> Result<(), Failure> {
        let Some(body) = &version.body else {
            return Err(Failure::fault("a deleted version was to be rendered"));
        };
        let view = match self.summary {
            _ if !self.elements.is_empty() => View::Elements(&self.elements),
            Summary::True => View::Summary,
            Summary::Text => View::Text,
            Summary::Data => View::Data,
            Summary::Count | Summary::False => {
                body.render(version.version_id, version.last_updated_us, out);
                return Ok(());
            }
        };
        let mut text = Vec::new();
        body.render(version.version_id, version.last_updated_us, &mut text);
        let resource = Resource::parse(text)
            .map_err(|_| Failure::fault("a stored resource no longer parses"))?;
        out.extend(summarise(&resource, view));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENT: &str = r#"{"resourceType":"Patient","id":"1","meta":{"tag":[{"code":"a"}]},"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"},"gender":"female","birthDate":"1970","_birthDate":{"id":"b"},"maritalStatus":{"text":"m"},"deceasedBoolean":false}"#;

    #[track_caller]
    fn check(parameters: &[(&str, &str)], expected: &[&str]) {
        let resource = Resource::parse(PATIENT).expect("a Patient");
        let version = store::Version {
            resource_type: resource.resource_type(),
            id: "1".to_owned(),
            version_id: 1,
            ordinal: 0,
            commit: 1,
            last_updated_us: 0,
            body: Some(resource.body()),
        };
        let pairs: Vec<_> =
            parameters.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let mut out = Vec::new();
        Subset::parse(&pairs).expect("known").render(&version, &mut out).expect("renders");
        Resource::parse(out.clone()).expect("a part is a resource");
        let value: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        let names: Vec<_> =
            value.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(names, expected);
        let tags = value["meta"]["tag"].as_array().expect("tags");
        assert_eq!(tags.iter().any(|tag| tag["code"] == "SUBSETTED"), !parameters.is_empty());
        assert!(tags.iter().any(|tag| tag["code"] == "a"));
    }

    #[test]
    fn a_part_holds_what_was_asked_for_and_says_it_is_a_part() {
        let whole = [
            "resourceType",
            "id",
            "meta",
            "text",
            "gender",
            "birthDate",
            "_birthDate",
            "maritalStatus",
            "deceasedBoolean",
        ];
        check(&[], &whole);
        check(
            &[("_elements", "birthDate")],
            &["resourceType", "id", "meta", "birthDate", "_birthDate"],
        );
        check(
            &[("_elements", "deceased,gender")],
            &["resourceType", "id", "meta", "gender", "deceasedBoolean"],
        );
        check(
            &[("_elements", "Patient.gender,birthDate.x,Group.name")],
            &["resourceType", "id", "meta", "gender", "birthDate", "_birthDate"],
        );
        check(&[("_summary", "text")], &["resourceType", "id", "meta", "text"]);
        check(
            &[("_summary", "true")],
            &["resourceType", "id", "meta", "gender", "birthDate", "_birthDate", "deceasedBoolean"],
        );
        check(
            &[("_summary", "data")],
            &[
                "resourceType",
                "id",
                "meta",
                "gender",
                "birthDate",
                "_birthDate",
                "maritalStatus",
                "deceasedBoolean",
            ],
        );
    }
}
