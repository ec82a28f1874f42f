//! `_include` and `_revinclude`: what a page's resources point to, and what points to them.
//!
//! Spec: <https://hl7.org/fhir/R4/search.html#revinclude>

use crate::{Error, Snapshot, keys};
use fhir::{
    ResourceType,
    search::{Include, Parameter, ParameterId, ParameterKind, Query, Target, Value},
};
use std::collections::HashSet;

type Found = (ResourceType, u32);

impl Snapshot {
    /// The resources a query includes beside a page of it, each once, none of the page itself.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when there are more than `included_max` of the settings.
    pub fn included(&self, query: &Query, page: &[u32]) -> Result<Vec<(ResourceType, u32)>, Error> {
        let mut included = Vec::new();
        if query.include.is_empty() && query.revinclude.is_empty() {
            return Ok(included);
        }
        let mut seen: HashSet<Found> =
            page.iter().map(|&ordinal| (query.resource_type, ordinal)).collect();
        let mut fresh: Vec<Found> =
            page.iter().map(|&ordinal| (query.resource_type, ordinal)).collect();
        let mut is_page = true;
        while !fresh.is_empty() {
            let mut next = Vec::new();
            for &(resource_type, ordinal) in &fresh {
                let wanted = |include: &&Include| is_page || include.iterate;
                let includes: Vec<&Include> = query
                    .include
                    .iter()
                    .filter(wanted)
                    .filter(|include| include.source == resource_type)
                    .collect();
                if !includes.is_empty() {
                    next.extend(self.pointed_to(resource_type, ordinal, &includes)?);
                }
                for include in query.revinclude.iter().filter(wanted) {
                    if include.target.is_none_or(|target| target == resource_type) {
                        next.extend(self.pointing_to(resource_type, ordinal, include)?);
                    }
                }
            }
            next.retain(|found| seen.insert(*found));
            included.extend_from_slice(&next);
            let limit = self.inner.settings.included_max;
            if included.len() > limit {
                return Err(Error::TooLarge {
                    what: "what the page includes",
                    found: included.len() as u64,
                    limit: limit as u64,
                });
            }
            fresh = next;
            is_page = false;
        }
        Ok(included)
    }

    fn pointed_to(
        &self,
        resource_type: ResourceType,
        ordinal: u32,
        includes: &[&Include],
    ) -> Result<Vec<Found>, Error> {
        let mut targets: Vec<(ResourceType, String)> = Vec::new();
        self.values(resource_type, ordinal, false, &mut |parameter, value| {
            let target = match value {
                Value::Reference(Target::Local { resource_type, id }) => (resource_type, id),
                // A canonical points by url; what it names is looked up when urls are indexed as targets.
                _ => return,
            };
            let wanted = includes.iter().any(|include| {
                names(include.parameter, parameter)
                    && include.target.is_none_or(|only| only == target.0)
            });
            if wanted && !targets.iter().any(|known| (known.0, known.1.as_str()) == target) {
                targets.push((target.0, target.1.to_owned()));
            }
        })?;
        let mut found = Vec::with_capacity(targets.len());
        for (target, id) in targets {
            found.extend(
                self.record(target, &id)?
                    .filter(|record| !record.deleted)
                    .map(|record| (target, record.ordinal)),
            );
        }
        Ok(found)
    }

    fn pointing_to(
        &self,
        resource_type: ResourceType,
        ordinal: u32,
        include: &Include,
    ) -> Result<Vec<Found>, Error> {
        let block = self.inner.block(resource_type, ordinal)?;
        let (id, ..) = block.get(ordinal)?;
        let of = self.of(include.source)?;
        let mut all = roaring::RoaringBitmap::new();
        for parameter in Parameter::of(include.source) {
            if parameter.kind == ParameterKind::Reference && names(include.parameter, parameter.id)
            {
                let mut key = keys::posting(include.source, parameter.id, keys::VALUE);
                keys::push_local(&mut key, resource_type, id);
                all |= self.postings(&key, None)?;
            }
        }
        all.remove_range(of.limit..);
        all -= &*of.dead;
        Ok(all.iter().map(|ordinal| (include.source, ordinal)).collect())
    }
}

/// Whether an include that names a parameter, or all of them, means this one.
fn names(wanted: Option<&'static Parameter>, parameter: ParameterId) -> bool {
    wanted.is_none_or(|wanted| wanted.id == parameter)
}
