//! Organizations, locations, clinicians and payers: the world once per run.

use super::id::{Kind, WORLD};
use super::json::Object;
use super::{Id, Lines, Writer, tables, term, terms};
use crate::beds::BedBook;
use crate::record::Ward;
use crate::world::{Facility, FacilityKind, Location, LocationKind, Place};

/// Payers are counted from here, beside facilities.
pub(super) const PAYERS: u64 = 1 << 32;

pub(super) fn write(writer: &Writer<'_>, beds: &BedBook, out: &mut Lines) {
    let world = &writer.simulation.world;
    for (at, facility) in world.facilities.iter().enumerate() {
        organization(writer, at as u64, facility, out);
    }
    for (at, payer) in world.payers.iter().enumerate() {
        let id = writer.id(Kind::Organization, PAYERS + at as u64);
        out.resource(Kind::Organization, &id, &["us-core-organization"], |organization| {
            organization.boolean("active", true);
            terms(organization, "type", tables::ORGANIZATION_TYPE, "pay", "Payer");
            organization.text("name", payer.name);
        });
    }
    for (at, place) in world.locations.iter().enumerate() {
        location(writer, at as u32, place, beds, out);
    }
    for (at, person) in world.practitioners.iter().enumerate() {
        practitioner(writer, at as u64, person, out);
    }
}

fn organization(writer: &Writer<'_>, number: u64, facility: &Facility, out: &mut Lines) {
    let id = writer.id(Kind::Organization, number);
    out.resource(Kind::Organization, &id, &["us-core-organization"], |organization| {
        organization.one("identifier", |identifier| {
            identifier.text("system", tables::FACILITY_SYSTEM);
            identifier.plain("value", |out| super::json::whole(out, number as i64 + 1));
        });
        organization.boolean("active", true);
        let provider = "Healthcare Provider";
        terms(organization, "type", tables::ORGANIZATION_TYPE, "prov", provider);
        organization.text("name", &facility.name);
        phone(organization, &facility.phone);
        if let Some(place) = writer.simulation.world.places.get(facility.place as usize) {
            organization.array("address", |addresses| {
                addresses.object(|address| {
                    address_inside(address, &facility.street, place, &place.zip);
                });
            });
        }
    });
}

fn location(
    writer: &Writer<'_>,
    number: u32,
    location: &Location,
    beds: &BedBook,
    out: &mut Lines,
) {
    let world = &writer.simulation.world;
    let id = &writer.location_ids[number as usize];
    out.resource(Kind::Location, id, &["us-core-location"], |object| {
        object.text("status", "active");
        if location.kind == LocationKind::Bed {
            let bed = beds.status(number);
            object.object("operationalStatus", |status| {
                status.text("system", tables::BED_STATUS);
                status.text("code", bed.code());
                status.text("display", bed.display());
            });
        }
        object.text("name", &location.name);
        object.text("mode", "instance");
        let facility = world.facilities.get(location.facility as usize);
        if let Some((code, display)) = service(location, facility) {
            terms(object, "type", tables::ROLE_CODE, code, display);
        }
        if location.kind == LocationKind::Building
            && let Some(facility) = facility
            && let Some(place) = world.places.get(facility.place as usize)
        {
            phone(object, &facility.phone);
            object.object("address", |address| {
                address_inside(address, &facility.street, place, &place.zip);
            });
        }
        physical_type(object, location.kind);
        if location.kind == LocationKind::Building
            && let Some(facility) = facility
            && let Some(place) = world.places.get(facility.place as usize)
        {
            object.object("position", |position| {
                position.decimal("longitude", place.position.1, 4);
                position.decimal("latitude", place.position.0, 4);
            });
        }
        if let Some(json) = writer.facilities.get(location.facility as usize) {
            object.raw("managingOrganization", json);
        }
        if let Some(parent) = location.parent {
            object.reference("partOf", Kind::Location, &writer.location_ids[parent as usize]);
        }
    });
}

/// What a location is.
pub(super) fn physical_type(object: &mut Object<'_>, kind: LocationKind) {
    let display = match kind {
        LocationKind::Building => "Building",
        LocationKind::Ward => "Ward",
        LocationKind::Room => "Room",
        LocationKind::Bed => "Bed",
    };
    term(object, "physicalType", tables::LOCATION_TYPE, kind.code(), display);
}

/// What is done there, as HL7's ServiceDeliveryLocationRoleType says it.
fn service(
    location: &Location,
    facility: Option<&Facility>,
) -> Option<(&'static str, &'static str)> {
    Some(match (location.kind, location.ward) {
        (LocationKind::Building, _) => match facility?.kind {
            FacilityKind::Hospital => ("HOSP", "Hospital"),
            FacilityKind::Practice => ("PC", "Primary care clinic"),
            FacilityKind::UrgentCare => ("OF", "Outpatient facility"),
            FacilityKind::Clinic => ("OF", "Outpatient facility"),
            FacilityKind::Nursing => ("NCCF", "Nursing or custodial care facility"),
            FacilityKind::Hospice => ("NCCF", "Nursing or custodial care facility"),
            FacilityKind::HomeCare => ("PTRES", "Patient's Residence"),
        },
        (_, Some(Ward::Emergency)) => ("ER", "Emergency room"),
        (_, Some(Ward::Icu)) => ("ICU", "Intensive care unit"),
        (_, Some(Ward::Paediatric)) => ("PEDU", "Pediatric unit"),
        (_, Some(Ward::Medical | Ward::Surgical | Ward::Maternity)) => ("HU", "Hospital unit"),
        (_, None) => return None,
    })
}

fn practitioner(
    writer: &Writer<'_>,
    number: u64,
    person: &crate::world::Practitioner,
    out: &mut Lines,
) {
    let id = writer.id(Kind::Practitioner, number);
    out.resource(Kind::Practitioner, &id, &["us-core-practitioner"], |practitioner| {
        practitioner.one("identifier", |identifier| {
            // Not the NPI's system: the number fails its check digit on purpose.
            identifier.text("system", tables::PRACTITIONER_SYSTEM);
            identifier.text("value", &person.npi);
        });
        practitioner.boolean("active", true);
        practitioner.one("name", |name| {
            name.text("use", "official");
            name.text("family", &person.family);
            name.array("given", |given| given.text(&person.given));
            name.array("prefix", |prefix| prefix.text("Dr."));
        });
        practitioner.text("gender", if person.female { "female" } else { "male" });
    });
    let world = &writer.simulation.world;
    let role = Id::new(writer.simulation.plan.seed, WORLD, Kind::PractitionerRole, number);
    let facility = world.facilities.get(person.facility as usize);
    // A role without a telephone does not meet US Core's rule pd-1.
    let reachable = facility.is_some_and(|facility| !facility.phone.is_empty());
    let profile = if reachable { "us-core-practitionerrole" } else { "" };
    out.resource(Kind::PractitionerRole, &role, &[profile], |role| {
        role.boolean("active", true);
        role.raw("practitioner", &writer.practitioners[number as usize]);
        if let Some(json) = writer.facilities.get(person.facility as usize) {
            role.raw("organization", json);
        }
        terms(role, "specialty", tables::NUCC, person.specialty.0, person.specialty.1);
        if let Some(facility) = facility {
            if let Some(json) = writer.locations.get(facility.location as usize) {
                role.array("location", |locations| locations.raw(json));
            }
            phone(role, &facility.phone);
        }
    });
}

/// A telephone at work.
fn phone(object: &mut Object<'_>, number: &str) {
    if !number.is_empty() {
        object.one("telecom", |telecom| {
            telecom.text("system", "phone");
            telecom.text("value", number);
            telecom.text("use", "work");
        });
    }
}

/// The inside of an Address.
pub(super) fn address_inside(address: &mut Object<'_>, street: &str, place: &Place, zip: &str) {
    if !street.is_empty() {
        address.array("line", |lines| lines.text(street));
    }
    address.text("city", &place.name);
    address.text("state", place.state);
    address.text("postalCode", zip);
    address.text("country", "US");
}
