//! Who pays, when: Coverage, and the year's accounts claims are settled against.

use super::id::Kind;
use super::{Lines, Object, Subject, Writer, period, tables, term};
use crate::person::{Person, Value};
use crate::time::Time;

/// One payer for a stretch of time.
pub(super) struct Stretch {
    pub payer: u32,
    pub start: Time,
    /// The start of the next.
    pub stop: Option<Time>,
}

/// The stretches of one person, without gap, from the history's start to the limit.
pub(super) struct Coverages(pub Vec<Stretch>);

impl Coverages {
    /// Asks the world at each New Year and each birthday.
    pub(super) fn over(writer: &Writer<'_>, person: &Person, limit: Time) -> Self {
        let world = &writer.simulation.world;
        let income = writer.income.and_then(|id| match person.attribute(id) {
            Value::Number(income) => Some(income),
            _ => None,
        });
        let begin = writer.simulation.plan.history_start().max(person.birth).min(limit);
        let mut moments = vec![begin];
        for year in begin.civil().year..=limit.civil().year {
            moments.push(Time::of_date(year, 1, 1));
            moments.push(person.birth.plus_years(year - person.birth.civil().year).midnight());
        }
        // Nothing begins at the limit itself, but for those who are born or die there.
        moments.retain(|moment| *moment == begin || (begin < *moment && *moment < limit));
        moments.sort();
        let mut stretches: Vec<Stretch> = Vec::new();
        for moment in moments {
            let payer = match income {
                Some(income) => world.payer_with(person, income, moment),
                None => world.payer(person, moment),
            };
            match stretches.last_mut() {
                Some(last) if last.payer == payer => {}
                last => {
                    if let Some(last) = last {
                        last.stop = Some(moment);
                    }
                    stretches.push(Stretch { payer, start: moment, stop: None });
                }
            }
        }
        Self(stretches)
    }

    /// The stretch at a moment, by place.
    pub(super) fn at(&self, moment: Time) -> usize {
        self.0.iter().rposition(|stretch| stretch.start <= moment).unwrap_or(0)
    }
}

pub(super) fn write(subject: &Subject<'_>, coverages: &Coverages, out: &mut Lines) {
    let world = &subject.writer.simulation.world;
    for (at, stretch) in coverages.0.iter().enumerate() {
        let Some(payer) = world.payers.get(stretch.payer as usize) else { continue };
        let id = subject.id(Kind::Coverage, at as u64);
        let stop = stretch.stop.or(subject.deceased.then_some(subject.limit));
        out.resource(Kind::Coverage, &id, &["us-core-coverage"], |coverage| {
            coverage.one("identifier", |identifier| {
                term(identifier, "type", tables::IDENTIFIER_TYPE, "MB", "Member Number");
                identifier.text("system", tables::MEMBER_SYSTEM);
                identifier.plain("value", |out| member(subject, at as u64, out));
            });
            coverage.text("status", if stop.is_none() { "active" } else { "cancelled" });
            let (system, display) = tables::coverage_type(payer.kind);
            term(coverage, "type", system, payer.kind, display);
            subject.patient(coverage, "subscriber");
            coverage.plain("subscriberId", |out| member(subject, at as u64, out));
            subject.patient(coverage, "beneficiary");
            term(coverage, "relationship", tables::SUBSCRIBER, "self", "Self");
            period(coverage, "period", stretch.start, stop);
            coverage.array("payor", |payors| match payer.kind {
                "pay" => payors.object(|payor| payor.target(Kind::Patient, &subject.id)),
                _ => payors.raw(&subject.writer.payers[stretch.payer as usize]),
            });
            coverage.one("class", |class| {
                term(class, "type", tables::COVERAGE_CLASS, "plan", "Plan");
                class.text("value", payer.name);
                class.text("name", payer.name);
            });
        });
    }
}

fn member(subject: &Subject<'_>, number: u64, out: &mut Vec<u8>) {
    let digits = subject.chance(tables::CHANCE_MEMBER, number) % 900_000_000 + 100_000_000;
    super::json::whole(out, digits as i64);
}

/// A reference to the coverage of a moment; Claim and ExplanationOfBenefit need one.
pub(super) fn insurance(
    object: &mut Object<'_>,
    subject: &Subject<'_>,
    coverage: usize,
    claim: bool,
) {
    object.one("insurance", |insurance| {
        if claim {
            insurance.number("sequence", 1);
        }
        insurance.boolean("focal", true);
        let id = subject.id(Kind::Coverage, coverage as u64);
        insurance.reference("coverage", Kind::Coverage, &id);
    });
}
