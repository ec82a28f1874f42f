//! Search: criteria to a set of ordinals, smallest first, and a page of it.
//!
//! Each criterion becomes a set; sets intersect; what is dead or beyond the snapshot falls away at
//! the end. Criteria that are cheap and select little come first, and those after them only look
//! at the containers that are still of interest.
//!
//! Spec: <https://hl7.org/fhir/R4/search.html>

use crate::{
    Error, Snapshot,
    column::{Column, Unit, unordered},
    keys, posting,
    record::RunRecord,
    store::TypeState,
};
use fhir::{
    DateSpan, Resource, ResourceType,
    search::{
        Criterion, Modifier, Parameter, ParameterId, ParameterKind, Prefix, Query, Summary, Target,
        Test, Total, Value, date_matches, extract, extract_as_written, fold, number_matches,
    },
};
use roaring::RoaringBitmap;
use std::sync::Arc;

/// One page of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The hits of this page, in order.
    pub ordinals: Vec<u32>,
    /// How many hits there are in all, unless the query wants no total.
    pub total: Option<u64>,
    /// Whether there are hits after this page.
    pub more: bool,
}

impl Snapshot {
    /// Answers a query.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when a parameter cannot be used as the query does.
    pub fn search(&self, query: &Query) -> Result<Page, Error> {
        let resource_type = query.resource_type;
        let of = self.of(resource_type)?;
        let hits = self.hits(resource_type, &of, &query.criteria)?;
        let found = hits.len();
        let total =
            (query.total != Total::None || query.summary == Summary::Count).then_some(found);
        if query.summary == Summary::Count || query.count == 0 || query.offset as u64 >= found {
            return Ok(Page { ordinals: Vec::new(), total, more: false });
        }
        let ordinals: Vec<u32> = if query.sort.is_empty() {
            let newest = hits
                .select((found - 1 - query.offset as u64) as u32)
                .expect("the offset lies before the end");
            hits.range(..=newest).rev().take(query.count).collect()
        } else {
            let end = query.offset.saturating_add(query.count);
            let mut sorted = self.sorted(resource_type, &of, &query.sort, &hits, end)?;
            sorted.drain(..query.offset.min(sorted.len()));
            sorted
        };
        let more = query.offset as u64 + (ordinals.len() as u64) < found;
        Ok(Page { ordinals, total, more })
    }

    /// All current ordinals that meet all criteria.
    pub(crate) fn hits(
        &self,
        resource_type: ResourceType,
        of: &TypeState,
        criteria: &[Criterion],
    ) -> Result<RoaringBitmap, Error> {
        let mut ordered: Vec<&Criterion> = criteria.iter().collect();
        ordered.sort_by_key(|criterion| cost(criterion));
        let mut hits: Option<RoaringBitmap> = None;
        for criterion in ordered {
            let mut set = self.criterion(resource_type, of, criterion, hits.as_ref())?;
            if let Some(hits) = &hits {
                set &= hits;
            }
            if set.is_empty() {
                return Ok(set);
            }
            hits = Some(set);
        }
        let mut hits = hits.unwrap_or_else(|| all(of));
        hits.remove_range(of.limit..);
        hits -= &*of.dead;
        Ok(hits)
    }

    fn criterion(
        &self,
        resource_type: ResourceType,
        of: &TypeState,
        criterion: &Criterion,
        within: Option<&RoaringBitmap>,
    ) -> Result<RoaringBitmap, Error> {
        let looking =
            Looking { snapshot: self, resource_type, of, parameter: criterion.parameter, within };
        let mut any = RoaringBitmap::new();
        for test in &criterion.any {
            any |= looking.test(test, criterion.modifier.as_ref())?;
        }
        if criterion.modifier == Some(Modifier::Not) {
            return Ok(within.cloned().unwrap_or_else(|| all(of)) - any);
        }
        Ok(any)
    }

    /// The ordinals one posting holds, or several that begin alike.
    pub(crate) fn postings(
        &self,
        prefix: &[u8],
        within: Option<&RoaringBitmap>,
    ) -> Result<RoaringBitmap, Error> {
        let mut union = posting::Union::default();
        self.inner.substrate.scan(prefix, &keys::after(prefix), |key, value| {
            let container = keys::tail_u16(key).unwrap_or(0);
            if within.is_none_or(|within| touches(within, container)) {
                union.add(container, value);
            }
            Ok(true)
        })?;
        Ok(union.finish())
    }

    /// A decoded column.
    pub(crate) fn column(
        &self,
        resource_type: ResourceType,
        of: &TypeState,
        parameter: ParameterId,
        container: u16,
    ) -> Result<Arc<Column>, Error> {
        let key = (resource_type.number(), parameter.0, container);
        if let Some(column) = self.inner.columns.get(key, of.limit) {
            return Ok(column);
        }
        // All of these are on disk already, so what is read next has them.
        let covers = self.inner.state().types[resource_type.number() as usize].limit;
        let column =
            match self.inner.substrate.get(&keys::column(resource_type, parameter, container))? {
                Some(bytes) => Column::decode(&bytes)?,
                None => Column::default(),
            };
        let column = Arc::new(column);
        self.inner.columns.put(key, covers, column.clone());
        Ok(column)
    }

    /// Hands over the index values of a stored version again.
    pub(crate) fn values(
        &self,
        resource_type: ResourceType,
        ordinal: u32,
        as_written: bool,
        sink: &mut dyn FnMut(ParameterId, Value<'_>),
    ) -> Result<(), Error> {
        let Some(body) = self.body(resource_type, ordinal)?.body else { return Ok(()) };
        let resource = Resource::parse(body.text())
            .map_err(|_| Error::Damaged { what: "a body that should be a resource" })?;
        if as_written {
            extract_as_written(&resource, sink)
        } else {
            extract(&resource, sink)
        }
        Ok(())
    }

    /// The first ordinal of a type committed at or after a moment.
    fn first_since(
        &self,
        resource_type: ResourceType,
        of: &TypeState,
        time_us: i64,
    ) -> Result<u32, Error> {
        let (mut low, mut high) = (1, self.commit() + 1);
        let end = keys::run(resource_type, high);
        // Commit times ascend with commits, and so with the runs of a type.
        let run_from = |commit| {
            self.inner.substrate.first(&keys::run(resource_type, commit), &end, |key, value| {
                Ok((keys::tail_u64(key).unwrap_or(0), RunRecord::decode(value)?))
            })
        };
        let mut first = of.limit;
        while low < high {
            let middle = low + (high - low) / 2;
            match run_from(middle)? {
                Some((commit, run)) if run.time_us < time_us => low = commit + 1,
                Some((_, run)) => {
                    first = run.first;
                    high = middle;
                }
                None => high = middle,
            }
        }
        Ok(first)
    }
}

/// Every ordinal of a type that was given out.
fn all(of: &TypeState) -> RoaringBitmap {
    let mut all = RoaringBitmap::new();
    all.insert_range(..of.limit);
    all
}

fn span(container: u16) -> std::ops::RangeInclusive<u32> {
    let start = u32::from(container) << 16;
    start..=start | 0xffff
}

fn touches(set: &RoaringBitmap, container: u16) -> bool {
    set.range(span(container)).next().is_some()
}

/// The containers a set has ordinals in.
pub(crate) fn containers(set: &RoaringBitmap) -> Vec<u16> {
    let mut found = Vec::new();
    let mut iterator = set.iter();
    while let Some(ordinal) = iterator.next() {
        let container = keys::container(ordinal);
        found.push(container);
        match (u32::from(container) + 1).checked_shl(16).filter(|_| container < u16::MAX) {
            Some(next) => iterator.advance_to(next),
            None => break,
        }
    }
    found
}

/// What to look at first: the cheapest and, as a rule, most selective.
fn cost(criterion: &Criterion) -> u8 {
    let test = match criterion.any.first() {
        Some(Test::Id(_)) => 0,
        Some(Test::Reference { .. }) => 1,
        Some(Test::Uri(_)) => 2,
        Some(Test::Token { .. }) => 3,
        Some(Test::LastUpdated(..)) => 4,
        Some(Test::String(_)) => 5,
        Some(Test::Missing(_)) => 6,
        _ => 7,
    };
    match criterion.modifier {
        Some(Modifier::Not) => 8,
        Some(Modifier::Exact | Modifier::Contains) => 9,
        _ => test,
    }
}

/// One criterion being looked up.
struct Looking<'a> {
    snapshot: &'a Snapshot,
    resource_type: ResourceType,
    of: &'a TypeState,
    parameter: &'static Parameter,
    within: Option<&'a RoaringBitmap>,
}

impl Looking<'_> {
    fn test(&self, test: &Test, modifier: Option<&Modifier>) -> Result<RoaringBitmap, Error> {
        let unsupported =
            |reason| Err(Error::Unsupported { parameter: self.parameter.code, reason });
        if let Some(Modifier::Text) = modifier {
            return unsupported("`:text` is not indexed");
        }
        match test {
            Test::Id(id) => {
                let record =
                    self.snapshot.record(self.resource_type, id)?.filter(|record| !record.deleted);
                Ok(record.map(|record| record.ordinal).into_iter().collect())
            }
            Test::LastUpdated(prefix, span) => self.last_updated(*prefix, *span),
            Test::Missing(missing) => self.missing(*missing),
            Test::Token { system, code } => self.token(system.as_deref(), code.as_deref()),
            Test::String(text) => match modifier {
                Some(Modifier::Exact) => self.exact(text),
                Some(Modifier::Contains) => self
                    .matching_texts(&self.head(keys::VALUE), &|value| {
                        contains(value, text.as_bytes())
                    }),
                _ => {
                    let mut prefix = self.head(keys::VALUE);
                    let kept = text.len().min(keys::TEXT_KEPT);
                    keys::push_open_text(&mut prefix, &text.as_bytes()[..kept]);
                    if kept == text.len() {
                        return self.snapshot.postings(&prefix, self.within);
                    }
                    self.matching_texts(&prefix, &|value| value.starts_with(text.as_bytes()))
                }
            },
            Test::Uri(uri) => {
                let mut key = self.head(keys::VALUE);
                keys::push_text(&mut key, uri.as_bytes());
                self.snapshot.postings(&key, self.within)
            }
            Test::Reference { types, id } => {
                let mut any = RoaringBitmap::new();
                if types.is_empty() {
                    let mut key = self.head(keys::VALUE);
                    keys::push_target(&mut key, &Target::Url(id));
                    return self.snapshot.postings(&key, self.within);
                }
                for &target in types {
                    if matches!(modifier, Some(Modifier::Type(only)) if *only != target) {
                        continue;
                    }
                    let mut key = self.head(keys::VALUE);
                    keys::push_local(&mut key, target, id);
                    any |= self.snapshot.postings(&key, self.within)?;
                }
                Ok(any)
            }
            Test::Date(prefix, span) => {
                let now_us = self.snapshot.inner.clock.now_us();
                self.filter(
                    |_| (),
                    |column, (), at| {
                        date_matches(
                            *prefix,
                            *span,
                            DateSpan::between(column.low[at], column.high[at]),
                            now_us,
                        )
                    },
                )
            }
            Test::Number { prefix, value, low, high } => self.filter(
                |_| (),
                |column, (), at| {
                    number_matches(
                        *prefix,
                        *value,
                        *low,
                        *high,
                        unordered(column.low[at]),
                        unordered(column.high[at]),
                    )
                },
            ),
            Test::Quantity { prefix, value, low, high, system, code } => self.filter(
                |column| {
                    column
                        .units
                        .iter()
                        .map(|unit| unit_matches(unit, system.as_deref(), code.as_deref()))
                        .collect::<Vec<bool>>()
                },
                |column, units, at| {
                    column.unit.get(at).is_some_and(|&unit| units[unit as usize])
                        && number_matches(
                            *prefix,
                            *value,
                            *low,
                            *high,
                            unordered(column.low[at]),
                            unordered(column.high[at]),
                        )
                },
            ),
        }
    }

    fn head(&self, kind: u8) -> Vec<u8> {
        keys::posting(self.resource_type, self.parameter.id, kind)
    }

    fn missing(&self, missing: bool) -> Result<RoaringBitmap, Error> {
        if self.parameter.id == ParameterId::ID || self.parameter.id == ParameterId::LAST_UPDATED {
            return Ok(if missing { RoaringBitmap::new() } else { all(self.of) });
        }
        if matches!(self.parameter.kind, ParameterKind::Composite | ParameterKind::Special) {
            return Err(Error::Unsupported {
                parameter: self.parameter.code,
                reason: "`:missing` needs a parameter with values of its own",
            });
        }
        let present = self.snapshot.postings(&self.head(keys::PRESENT), self.within)?;
        Ok(if missing { all(self.of) - present } else { present })
    }

    fn token(&self, system: Option<&str>, code: Option<&str>) -> Result<RoaringBitmap, Error> {
        let one = |system: Option<&str>| {
            let key = match (system, code) {
                (None, code) => {
                    let mut key = self.head(keys::VALUE);
                    keys::push_text(&mut key, code.unwrap_or_default().as_bytes());
                    key
                }
                (Some(system), None) => {
                    let mut key = self.head(keys::SYSTEM);
                    keys::push_text(&mut key, system.as_bytes());
                    key
                }
                (Some(system), Some(code)) => {
                    let mut key = self.head(keys::VALUE);
                    keys::push_token(&mut key, system, code);
                    key
                }
            };
            self.snapshot.postings(&key, self.within)
        };
        let mut found = one(system)?;
        // A plain code belongs to the system its definition names.
        if system.is_some_and(|system| self.parameter.systems.contains(&system)) {
            found |= one(Some(""))?;
        }
        Ok(found)
    }

    /// Resources with a value that is this text, letter for letter: postings are folded, so what
    /// they find is looked at again.
    fn exact(&self, text: &str) -> Result<RoaringBitmap, Error> {
        let mut key = self.head(keys::VALUE);
        keys::push_text(&mut key, fold(text).as_bytes());
        let candidates = self.snapshot.postings(&key, self.within)?;
        self.again(candidates, true, &|value| value == text.as_bytes())
    }

    /// Resources with a text under `prefix` that `holds`. Texts too long for a key are read again.
    fn matching_texts(
        &self,
        prefix: &[u8],
        holds: &dyn Fn(&[u8]) -> bool,
    ) -> Result<RoaringBitmap, Error> {
        let (mut sure, mut doubtful) = (posting::Union::default(), posting::Union::default());
        self.snapshot.inner.substrate.scan(prefix, &keys::after(prefix), |key, value| {
            let container = keys::tail_u16(key).unwrap_or(0);
            if self.within.is_none_or(|within| touches(within, container)) {
                let (text, whole, _) = keys::split_text(&key[keys::POSTING_HEAD..])
                    .ok_or(Error::Damaged { what: "a posting's key" })?;
                if holds(&text) {
                    sure.add(container, value);
                } else if !whole {
                    doubtful.add(container, value);
                }
            }
            Ok(true)
        })?;
        Ok(sure.finish() | self.again(doubtful.finish(), false, holds)?)
    }

    /// Those of some candidates whose texts, read again from their bodies, hold.
    fn again(
        &self,
        mut candidates: RoaringBitmap,
        as_written: bool,
        holds: &dyn Fn(&[u8]) -> bool,
    ) -> Result<RoaringBitmap, Error> {
        if let Some(within) = self.within {
            candidates &= within;
        }
        candidates.remove_range(self.of.limit..);
        candidates -= &*self.of.dead;
        let mut found = RoaringBitmap::new();
        for ordinal in candidates {
            let mut any = false;
            self.snapshot.values(
                self.resource_type,
                ordinal,
                as_written,
                &mut |parameter, value| {
                    if parameter == self.parameter.id
                        && let Value::String(text) = value
                    {
                        any |= holds(text.as_bytes());
                    }
                },
            )?;
            if any {
                found.insert(ordinal);
            }
        }
        Ok(found)
    }

    fn last_updated(&self, prefix: Prefix, span: DateSpan) -> Result<RoaringBitmap, Error> {
        let since = |time_us| self.snapshot.first_since(self.resource_type, self.of, time_us);
        let limit = self.of.limit;
        let mut found = RoaringBitmap::new();
        match prefix {
            Prefix::Eq => found.insert_range(since(span.start_us())?..since(span.end_us())?),
            Prefix::Ne => {
                found.insert_range(..since(span.start_us())?)
                    + found.insert_range(since(span.end_us())?..limit)
            }
            Prefix::Gt | Prefix::Sa => found.insert_range(since(span.end_us())?..limit),
            Prefix::Ge => found.insert_range(since(span.start_us())?..limit),
            Prefix::Lt | Prefix::Eb => found.insert_range(..since(span.start_us())?),
            Prefix::Le => found.insert_range(..since(span.end_us())?),
            Prefix::Ap => {
                let now_us = self.snapshot.inner.clock.now_us();
                let margin = (now_us.clamp(span.start_us(), span.end_us()) - now_us).abs() / 10;
                found.insert_range(
                    since(span.start_us().saturating_sub(margin))?
                        ..since(span.end_us().saturating_add(margin))?,
                )
            }
        };
        Ok(found)
    }

    /// Ordinals with a column entry that fits; `fits` is asked with the column's memo and a place in it.
    fn filter<M>(
        &self,
        memo: impl Fn(&Column) -> M,
        fits: impl Fn(&Column, &M, usize) -> bool,
    ) -> Result<RoaringBitmap, Error> {
        if self.of.limit == 0 {
            return Ok(RoaringBitmap::new());
        }
        let containers = self
            .within
            .map_or_else(|| (0..=keys::container(self.of.limit - 1)).collect(), containers);
        let mut found: Vec<u32> = Vec::new();
        for container in containers {
            let column =
                self.snapshot.column(self.resource_type, self.of, self.parameter.id, container)?;
            let memo = memo(&column);
            let base = u32::from(container) << 16;
            match self.within {
                None => {
                    for (at, &low) in column.lows.iter().enumerate() {
                        if fits(&column, &memo, at) {
                            found.push(base | u32::from(low));
                        }
                    }
                }
                Some(within) => {
                    let mut at = 0;
                    for ordinal in within.range(span(container)) {
                        let low = keys::low(ordinal);
                        at += gallop(&column.lows[at..], low);
                        while column.lows.get(at) == Some(&low) {
                            if fits(&column, &memo, at) {
                                found.push(ordinal);
                            }
                            at += 1;
                        }
                    }
                }
            }
        }
        found.dedup();
        Ok(RoaringBitmap::from_sorted_iter(found).expect("containers and their entries ascend"))
    }
}

/// How many of the ascending `lows` come before `low`; near ones are found soonest.
#[inline]
pub(crate) fn gallop(lows: &[u16], low: u16) -> usize {
    // Where most ordinals have a value, the next one is it.
    if lows.first().is_none_or(|&first| first >= low) {
        return 0;
    }
    let mut step = 1;
    while step < lows.len() && lows[step] < low {
        step *= 2;
    }
    let from = step / 2;
    let to = (step + 1).min(lows.len());
    if from >= to {
        return lows.partition_point(|&known| known < low);
    }
    from + lows[from..to].partition_point(|&known| known < low)
}

fn unit_matches(unit: &Unit, system: Option<&str>, code: Option<&str>) -> bool {
    let Some(code) = code else {
        return system.is_none_or(|system| unit.system == system);
    };
    match system.filter(|system| !system.is_empty()) {
        Some(system) => unit.system == system && unit.code == code,
        None => unit.code == code || unit.shown == code,
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn galloping_finds_what_a_plain_search_finds() {
        for len in 0..20u16 {
            let lows: Vec<u16> = (0..len).map(|at| at * 3 + 1).collect();
            for low in 0..len * 3 + 3 {
                assert_eq!(
                    gallop(&lows, low),
                    lows.partition_point(|&known| known < low),
                    "{low} in {len}"
                );
            }
        }
    }

    #[test]
    fn containers_of_a_set_are_each_named_once() {
        let set: RoaringBitmap =
            [1, 5, 65_536, 65_540, u32::MAX - 1, u32::MAX].into_iter().collect();
        assert_eq!(containers(&set), [0, 1, u16::MAX]);
    }

    #[test]
    fn a_bare_unit_code_also_matches_the_unit_as_shown() {
        let unit = Unit {
            system: "http://unitsofmeasure.org".to_owned(),
            code: "mm[Hg]".to_owned(),
            shown: "mmHg".to_owned(),
        };
        assert!(unit_matches(&unit, None, None));
        assert!(unit_matches(&unit, None, Some("mmHg")));
        assert!(unit_matches(&unit, Some(""), Some("mm[Hg]")));
        assert!(unit_matches(&unit, Some("http://unitsofmeasure.org"), Some("mm[Hg]")));
        assert!(!unit_matches(&unit, Some("http://unitsofmeasure.org"), Some("mmHg")));
    }
}
