//! Bundles that answer a search or a history, written entry by entry into one buffer.
//!
//! ```
//! use fhir::{Bundle, bundle::Mode};
//!
//! let mut bundle = Bundle::searchset(Some(1), &[("self", "http://localhost/r4/Patient?_count=20")]);
//! bundle.found("http://localhost/r4/Patient/1", Mode::Match, |out| {
//!     out.extend_from_slice(br#"{"resourceType":"Patient","id":"1"}"#);
//! });
//! assert!(fhir::Resource::parse(bundle.finish()).is_ok());
//! ```
//!
//! Spec: <https://hl7.org/fhir/R4/bundle.html>

use crate::{Outcome, date, render};

/// Why an entry is in a search answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It was asked for.
    Match,
    /// A match refers to it, or it to a match.
    Include,
    /// It tells about the search.
    Outcome,
}

impl Mode {
    /// FHIR's code.
    pub fn name(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Include => "include",
            Self::Outcome => "outcome",
        }
    }
}

/// What made a version: its entry in a history says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interaction {
    /// The first version, made under an id of the server's choice.
    Create,
    /// A new version, or the first one under an id of the client's choice; true if the first.
    Update(bool),
    /// The end.
    Delete,
}

/// A Bundle being written.
#[derive(Debug)]
pub struct Bundle {
    out: Vec<u8>,
    entries: usize,
}

impl Bundle {
    /// An answer to a search: how many matches there are in all, if that was counted, and links
    /// as pairs of relation (`self`, `next`, `previous`, `first`, `last`) and URL.
    pub fn searchset(total: Option<u64>, links: &[(&str, &str)]) -> Self {
        Self::begin("searchset", total, links)
    }

    /// An answer to a history request.
    pub fn history(total: Option<u64>, links: &[(&str, &str)]) -> Self {
        Self::begin("history", total, links)
    }

    fn begin(kind: &str, total: Option<u64>, links: &[(&str, &str)]) -> Self {
        let mut out = Vec::with_capacity(4096);
        out.push(b'{');
        render::member("resourceType", "Bundle", &mut out);
        render::member("type", kind, &mut out);
        if let Some(total) = total {
            render::key("total", &mut out);
            out.extend_from_slice(total.to_string().as_bytes());
        }
        if !links.is_empty() {
            render::key("link", &mut out);
            out.push(b'[');
            for (relation, url) in links {
                render::comma(&mut out);
                out.push(b'{');
                render::member("relation", relation, &mut out);
                render::member("url", url, &mut out);
                out.push(b'}');
            }
            out.push(b']');
        }
        Self { out, entries: 0 }
    }

    /// Adds a resource that the search found; `resource` appends its JSON text.
    pub fn found(&mut self, full_url: &str, mode: Mode, resource: impl FnOnce(&mut Vec<u8>)) {
        self.entry();
        render::member("fullUrl", full_url, &mut self.out);
        render::key("resource", &mut self.out);
        resource(&mut self.out);
        self.search(mode);
    }

    /// Adds what should be known about the search.
    pub fn outcome(&mut self, outcome: &Outcome) {
        self.entry();
        render::key("resource", &mut self.out);
        self.out.extend_from_slice(&outcome.render());
        self.search(Mode::Outcome);
    }

    fn search(&mut self, mode: Mode) {
        render::key("search", &mut self.out);
        self.out.push(b'{');
        render::member("mode", mode.name(), &mut self.out);
        self.out.extend_from_slice(b"}}");
    }

    /// Adds a version of `Type/id` below `base`; `resource` appends its JSON text and is not
    /// called for a delete, which has none.
    pub fn version(
        &mut self,
        base: &str,
        target: (&str, &str),
        interaction: Interaction,
        (version_id, last_updated_us): (u64, i64),
        resource: impl FnOnce(&mut Vec<u8>),
    ) {
        let (resource_type, id) = target;
        self.entry();
        let out = &mut self.out;
        render::member("fullUrl", &format!("{base}/{resource_type}/{id}"), out);
        if interaction != Interaction::Delete {
            render::key("resource", out);
            resource(out);
        }
        let own = format!("{resource_type}/{id}");
        let (method, url, status) = match interaction {
            Interaction::Create => ("POST", resource_type, "201"),
            Interaction::Update(true) => ("PUT", own.as_str(), "201"),
            Interaction::Update(false) => ("PUT", own.as_str(), "200"),
            Interaction::Delete => ("DELETE", own.as_str(), "204"),
        };
        render::key("request", out);
        out.push(b'{');
        render::member("method", method, out);
        render::member("url", url, out);
        out.push(b'}');
        render::key("response", out);
        out.push(b'{');
        render::member("status", status, out);
        render::member("etag", &format!("W/\"{version_id}\""), out);
        render::member("lastModified", &date::instant(last_updated_us), out);
        out.extend_from_slice(b"}}");
    }

    fn entry(&mut self) {
        if self.entries == 0 {
            render::key("entry", &mut self.out);
            self.out.push(b'[');
        }
        self.entries += 1;
        render::comma(&mut self.out);
        self.out.push(b'{');
    }

    /// How many entries there are so far.
    pub fn len(&self) -> usize {
        self.entries
    }

    /// Whether there is no entry yet.
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// The JSON text. Without entries the element is left out: FHIR knows no empty arrays.
    pub fn finish(mut self) -> Vec<u8> {
        if self.entries > 0 {
            self.out.push(b']');
        }
        self.out.push(b'}');
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{IssueCode, Resource};

    const BASE: &str = "http://127.0.0.1:8470/datastore/0/r4";

    #[track_caller]
    fn check(bundle: Bundle) -> serde_json::Value {
        let text = bundle.finish();
        Resource::parse(text.clone()).expect("a Bundle is a resource");
        serde_json::from_slice(&text).expect("JSON")
    }

    #[test]
    fn a_search_answer_is_a_valid_bundle() {
        let mut bundle = Bundle::searchset(
            Some(2),
            &[("self", "http://a?b=\"c\""), ("next", "http://a?page=2")],
        );
        bundle.found(&format!("{BASE}/Patient/1"), Mode::Match, |out| {
            out.extend_from_slice(br#"{"resourceType":"Patient","id":"1"}"#)
        });
        bundle.found(&format!("{BASE}/Group/2"), Mode::Include, |out| {
            out.extend_from_slice(
                br#"{"resourceType":"Group","id":"2","type":"person","actual":true}"#,
            );
        });
        bundle.outcome(&Outcome::error(IssueCode::NotSupported, "`x` was left out"));
        assert_eq!(bundle.len(), 3);
        let value = check(bundle);
        assert_eq!(value["total"], 2);
        assert_eq!(value["link"][0]["url"], "http://a?b=\"c\"");
        assert_eq!(value["entry"][1]["search"]["mode"], "include");
        assert_eq!(value["entry"][2]["resource"]["resourceType"], "OperationOutcome");
    }

    #[test]
    fn an_answer_without_hits_has_no_entry() {
        let bundle = Bundle::searchset(Some(0), &[("self", BASE)]);
        assert!(bundle.is_empty());
        assert_eq!(check(bundle).get("entry"), None);
    }

    #[test]
    fn a_history_tells_how_each_version_came_about() {
        let patient =
            |out: &mut Vec<u8>| out.extend_from_slice(br#"{"resourceType":"Patient","id":"1"}"#);
        let mut bundle = Bundle::history(Some(3), &[("self", BASE)]);
        bundle.version(BASE, ("Patient", "1"), Interaction::Delete, (3, 3_000_000), patient);
        bundle.version(BASE, ("Patient", "1"), Interaction::Update(false), (2, 2_000_000), patient);
        bundle.version(BASE, ("Patient", "1"), Interaction::Create, (1, 1_000_000), patient);
        let value = check(bundle);
        assert_eq!(value["entry"][0].get("resource"), None);
        assert_eq!(value["entry"][0]["request"]["method"], "DELETE");
        assert_eq!(value["entry"][1]["response"]["etag"], "W/\"2\"");
        assert_eq!(value["entry"][2]["request"]["url"], "Patient");
    }
}
