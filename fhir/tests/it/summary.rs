//! Parts of resources are resources too, and say that they are parts.

use crate::data::{each_line, shared};
use fhir::Resource;
use fhir::resource::{View, summarise};
use serde_json::Value;

#[test]
fn every_part_of_a_published_resource_is_a_resource() {
    let Some(_) = shared() else { return };
    let names = ["name".to_owned(), "value".to_owned(), "Patient.gender".to_owned()];
    for folder in ["synthea-tiny", "examples-r4", "us-core-examples"] {
        each_line(folder, |line| {
            let Ok(resource) = Resource::parse(line.text) else { return };
            for view in [View::Summary, View::Text, View::Data, View::Elements(&names)] {
                let part = Resource::parse(summarise(&resource, view));
                let part =
                    part.unwrap_or_else(|outcome| panic!("{} {view:?}: {outcome}", line.place));
                assert_eq!(
                    (part.id(), part.resource_type()),
                    (resource.id(), resource.resource_type())
                );
                let meta = part.root().get("meta").expect("meta");
                let tags = meta.get("tag").expect("tags");
                assert_eq!(
                    tags.children()
                        .filter(|tag| tag.get("code").is_some_and(|c| c.text() == "SUBSETTED"))
                        .count(),
                    1
                );
            }
        });
    }
}

const PATIENT: &str = r#"{"active":true,"resourceType":"Patient","id":"1","meta":{"tag":[{"code":"a"}],"versionId":"2"},"text":{"status":"empty","div":"<div>x</div>"},"name":[{"text":"A","extension":[{"url":"b","valueCode":"c"}]}],"photo":[{"title":"p"}],"birthDate":"2000","_birthDate":{"id":"d"},"contact":[{"gender":"male"}],"communication":[{"language":{"text":"x"},"preferred":true}],"link":[{"other":{"reference":"Patient/2"},"type":"seealso"}]}"#;

#[test]
fn the_summary_holds_summary_elements_at_every_depth() {
    let value = part(View::Summary);
    assert_eq!(value["meta"]["tag"].as_array().expect("tags").len(), 2);
    assert_eq!(value["meta"]["versionId"], "2");
    assert_eq!(value["name"][0]["text"], "A");
    assert_eq!(value["name"][0].get("extension"), None);
    assert_eq!(value["_birthDate"]["id"], "d");
    assert_eq!(value["link"][0]["type"], "seealso");
    for absent in ["text", "photo", "contact", "communication"] {
        assert_eq!(value.get(absent), None, "{absent}");
    }
}

#[test]
fn other_parts_hold_what_was_asked_for() {
    let text = part(View::Text);
    assert_eq!((text["text"]["status"].as_str(), text.get("name")), (Some("empty"), None));
    let data = part(View::Data);
    assert_eq!((data.get("text"), data["photo"][0]["title"].as_str()), (None, Some("p")));
    let wanted = ["photo".to_owned(), "Patient.active".to_owned(), "Group.name".to_owned()];
    let elements = part(View::Elements(&wanted));
    assert_eq!(
        (elements["photo"][0]["title"].as_str(), elements["active"].as_bool()),
        (Some("p"), Some(true))
    );
    assert_eq!((elements.get("name"), elements.get("birthDate")), (None, None));
}

fn part(view: View<'_>) -> Value {
    let resource = Resource::parse(PATIENT).expect("a resource");
    serde_json::from_slice(&summarise(&resource, view)).expect("JSON")
}
