//! Vaccines and when they are due.
//!
//! The schedule of the CDC's Advisory Committee on Immunization Practices by age, with the years in
//! which each vaccine came (and went). Doses fall due at visits; a vaccine that was not to be had in
//! its time is not caught up on once the age for it has passed.
//!
//! Facts: <https://www.cdc.gov/vaccines/hcp/imz-schedules/>, codes:
//! <https://www2a.cdc.gov/vaccines/iis/iisstandards/vaccines.asp?rpt=cvx>

use super::words::Words;
use crate::person::{Person, Sex, Value};
use crate::record::{Class, EncounterIndex, Immunization};
use crate::time::{DAY, Time, YEAR};

/// Products: CVX code and short name.
pub(super) const PRODUCTS: [(&str, &str); 28] = [
    ("08", "Hep B, adolescent or pediatric"),
    ("119", "rotavirus, monovalent"),
    ("20", "DTaP"),
    ("49", "Hib (PRP-OMP)"),
    ("100", "pneumococcal conjugate PCV 7"),
    ("133", "Pneumococcal conjugate PCV 13"),
    ("216", "Pneumococcal conjugate PCV20, polysaccharide CRM197 conjugate, adjuvant, PF"),
    ("10", "IPV"),
    ("03", "MMR"),
    ("21", "varicella"),
    ("83", "Hep A, ped/adol, 2 dose"),
    ("115", "Tdap"),
    ("62", "HPV, quadrivalent"),
    ("165", "HPV9"),
    ("114", "meningococcal MCV4P"),
    ("113", "Td (adult), 5 Lf tetanus toxoid, preservative free, adsorbed"),
    ("187", "zoster recombinant"),
    ("33", "pneumococcal polysaccharide PPV23"),
    ("140", "Influenza, split virus, trivalent, PF"),
    ("135", "Influenza, high-dose, trivalent, PF"),
    ("208", "COVID-19, mRNA, LNP-S, PF, 30 mcg/0.3 mL dose"),
    ("218", "COVID-19, mRNA, LNP-S, PF, 10 mcg/0.2 mL dose, tris-sucrose"),
    ("300", "COVID-19, mRNA, LNP-S, bivalent, PF, 30 mcg/0.3 mL dose"),
    ("309", "COVID-19, mRNA, LNP-S, PF, tris-sucrose, 30 mcg/0.3 mL"),
    ("305", "RSV, bivalent, protein subunit RSVpreF, diluent reconstituted, 0.5 mL, PF"),
    ("01", "DTP"),
    ("02", "OPV, trivalent"),
    ("09", "Td (adult), 2 Lf tetanus toxoid, preservative free, adsorbed"),
];

const HEP_B: usize = 0;
const ROTA: usize = 1;
const DTAP: usize = 2;
const HIB: usize = 3;
const PCV7: usize = 4;
const PCV13: usize = 5;
const PCV20: usize = 6;
const IPV: usize = 7;
const MMR: usize = 8;
const VARICELLA: usize = 9;
const HEP_A: usize = 10;
const TDAP: usize = 11;
const HPV4: usize = 12;
const HPV9: usize = 13;
const MENACWY: usize = 14;
const TD: usize = 15;
const ZOSTER: usize = 16;
const PPSV: usize = 17;
const FLU: usize = 18;
const FLU_HIGH: usize = 19;
const COVID: usize = 20;
const COVID_CHILD: usize = 21;
const COVID_BIVALENT: usize = 22;
const COVID_YEARLY: usize = 23;
const RSV: usize = 24;
const DTP: usize = 25;
const OPV: usize = 26;
const TD_OLD: usize = 27;

/// A vaccine and its doses.
struct Series {
    /// Products with the years from which each is used, first first.
    products: &'static [(i32, usize)],
    /// Age in months at which each dose is due.
    due: &'static [i32],
    /// Not begun or gone on with from this age on, in months.
    until: i32,
    /// Days between two doses.
    gap: i64,
    /// Share of people who take it.
    coverage: f64,
}

/// In the order of the doses counted in `State::doses`. Coverage: National Immunization Survey
/// (children 2022, teenagers 2022) and NHIS (adults 2022), as a share of those asked at a visit.
const SERIES: [Series; 13] = [
    series(&[(1991, HEP_B)], &[0, 2, 6], 216, 26, 0.95),
    series(&[(2006, ROTA)], &[2, 4], 8, 26, 0.90),
    series(&[(1949, DTP), (1997, DTAP)], &[2, 4, 6, 15, 48], 84, 26, 0.95),
    series(&[(1990, HIB)], &[2, 4, 12], 60, 26, 0.95),
    series(&[(2000, PCV7), (2010, PCV13), (2023, PCV20)], &[2, 4, 6, 12], 60, 26, 0.94),
    series(&[(1963, OPV), (2000, IPV)], &[2, 4, 6, 48], 216, 26, 0.95),
    series(&[(1971, MMR)], &[12, 48], 216, 26, 0.95),
    series(&[(1995, VARICELLA)], &[12, 48], 216, 80, 0.94),
    series(&[(2006, HEP_A)], &[12, 18], 216, 170, 0.88),
    series(&[(1970, TD_OLD), (2005, TDAP)], &[132], 216, 26, 0.90),
    series(&[(2006, HPV4), (2015, HPV9)], &[132, 138], 312, 150, 0.76),
    series(&[(2005, MENACWY)], &[132, 192], 252, 50, 0.88),
    series(&[(2018, ZOSTER)], &[600, 602], 1_400, 58, 0.42),
];
const HPV_SERIES: usize = 10;

const fn series(
    products: &'static [(i32, usize)],
    due: &'static [i32],
    until: i32,
    gap: i64,
    coverage: f64,
) -> Series {
    Series { products, due, until, gap, coverage }
}

/// Counters of [`super::State`]: the series, then the ones with rules of their own.
pub(super) const COUNT: usize = SERIES.len() + 5;
const TETANUS: usize = SERIES.len();
const PNEUMOCOCCAL: usize = SERIES.len() + 1;
const INFLUENZA: usize = SERIES.len() + 2;
const CORONA: usize = SERIES.len() + 3;
const SYNCYTIAL: usize = SERIES.len() + 4;

/// Gives what is due at a visit.
pub(super) fn give(
    person: &mut Person,
    words: &Words,
    encounter: EncounterIndex,
    class: Class,
    now: Time,
) {
    let visit = match class {
        Class::Wellness => true,
        Class::Ambulatory | Class::Outpatient => false,
        _ => return,
    };
    // Nobody is vaccinated with a fever.
    if person.attribute(words.attributes.acute_infection) == Value::Bool(true)
        || person.attribute(words.attributes.hospice) == Value::Bool(true)
    {
        return;
    }
    let civil = now.civil();
    let (year, months) = (civil.year, now.age_months(person.birth));
    let accepts = person.life.accepts;
    let mut giving = Giving { person, words, encounter, now };

    if visit {
        for (at, series) in SERIES.iter().enumerate() {
            let given = usize::from(giving.person.life.doses[at]);
            if months >= series.until || accepts >= series.coverage {
                continue;
            }
            let Some(due) = series.due.get(given) else { continue };
            let Some((_, product)) = series.products.iter().rev().find(|(from, _)| *from <= year)
            else {
                continue;
            };
            // Boys were not meant before 2011; before 2006 one dose of varicella was enough.
            if at == HPV_SERIES && giving.person.sex == Sex::Male && year < 2011 {
                continue;
            }
            // A week early is in time.
            let age = now.plus(7 * DAY).age_months(giving.person.birth);
            if age >= *due && giving.since(at) >= series.gap * DAY {
                giving.dose(at, *product);
            }
        }
        giving.tetanus(year, months);
        giving.pneumococcal(year, months);
        giving.syncytial(year, civil.month, months);
    } else if giving.person.life.doses[SERIES.len() - 1] == 1
        && giving.since(SERIES.len() - 1) >= 58 * DAY
    {
        // The second dose against zoster is too far from the next check-up.
        giving.dose(SERIES.len() - 1, ZOSTER);
    }
    giving.influenza(year, civil.month, months);
    giving.corona(year, civil.month, months);
}

struct Giving<'a> {
    person: &'a mut Person,
    words: &'a Words,
    encounter: EncounterIndex,
    now: Time,
}

impl Giving<'_> {
    fn dose(&mut self, counter: usize, product: usize) {
        let life = &mut self.person.life;
        life.doses[counter] = life.doses[counter].saturating_add(1);
        life.last_dose[counter] = self.now;
        let dose = life.doses[counter];
        self.person.record.immunizations.push(Immunization {
            codes: self.words.vaccines[product],
            time: self.now,
            encounter: self.encounter,
            dose,
        });
        self.person.changes += 1;
    }

    /// Seconds since the last dose.
    fn since(&self, counter: usize) -> i64 {
        if self.person.life.doses[counter] == 0 {
            return i64::MAX;
        }
        self.now.since(self.person.life.last_dose[counter])
    }

    /// A booster every ten years from 21 on; the first one with pertussis since 2005.
    fn tetanus(&mut self, year: i32, months: i32) {
        if months < 21 * 12 || self.person.life.accepts >= 0.72 || year < 1960 {
            return;
        }
        if self.person.life.doses[TETANUS] == 0 {
            // Nobody knows when the last one was: it falls somewhere within ten years.
            let waits = self.person.life.seed % 10;
            if months < (21 + waits as i32) * 12 {
                return;
            }
        } else if self.since(TETANUS) < 10 * YEAR - 30 * DAY {
            return;
        }
        let pertussis = year >= 2005 && self.person.life.doses[TETANUS].is_multiple_of(2);
        let product = match (pertussis, year) {
            (true, _) => TDAP,
            (false, ..=2004) => TD_OLD,
            _ => TD,
        };
        self.dose(TETANUS, product);
    }

    /// At 65, earlier with diabetes or a chronic illness of heart or lung.
    fn pneumococcal(&mut self, year: i32, months: i32) {
        let attributes = &self.words.attributes;
        let ill = [attributes.diabetes, attributes.copd, attributes.chf]
            .into_iter()
            .any(|id| self.person.attribute(id) == Value::Bool(true));
        let due = months >= 65 * 12 || (ill && months >= 19 * 12);
        let coverage = if months >= 65 * 12 { 0.72 } else { 0.3 };
        if !due || year < 1984 || self.person.life.accepts >= coverage {
            return;
        }
        match (self.person.life.doses[PNEUMOCOCCAL], year) {
            (0, ..=2021) => self.dose(PNEUMOCOCCAL, PPSV),
            (0, _) => self.dose(PNEUMOCOCCAL, PCV20),
            (1, 2022..) if self.since(PNEUMOCOCCAL) >= 5 * YEAR => self.dose(PNEUMOCOCCAL, PCV20),
            _ => {}
        }
    }

    /// Once at 75, from autumn 2023.
    fn syncytial(&mut self, year: i32, month: u32, months: i32) {
        let open = year > 2023 || (year == 2023 && month >= 8);
        if open
            && months >= 75 * 12
            && self.person.life.doses[SYNCYTIAL] == 0
            && self.person.life.accepts < 0.35
        {
            self.dose(SYNCYTIAL, RSV);
        }
    }

    /// Every autumn from six months on: the question comes once a season.
    fn influenza(&mut self, year: i32, month: u32, months: i32) {
        let season = if month >= 9 { year } else { year - 1 };
        if !(month >= 9 || month == 1) || months < 6 || self.person.life.flu_season == season {
            return;
        }
        self.person.life.flu_season = season;
        // Recommended for the old since 1960, for all since 2010. Coverage: FluVaxView 2021-22, higher
        // here because only those who come in autumn are asked.
        let age = months / 12;
        let coverage = match (age, season) {
            (65.., 1985..) => 0.80,
            (_, ..=1984) => 0.05,
            (_, ..=2003) => 0.25,
            (..=17, _) => 0.66,
            (18..=49, _) => 0.45,
            _ => 0.60,
        };
        // Mostly the same people, year after year.
        let leaning = (coverage + 0.9 * (0.5 - self.person.life.accepts)).clamp(0.02, 0.97);
        if self.person.life_random.chance(leaning) {
            self.dose(INFLUENZA, if age >= 65 && season >= 2010 { FLU_HIGH } else { FLU });
        }
    }

    /// From December 2020: two doses, then one more, then every autumn for those who still want it.
    fn corona(&mut self, year: i32, month: u32, months: i32) {
        let at = year * 12 + month as i32 - 1;
        let opens = match months / 12 {
            65.. => 2021 * 12,
            16..=64 => 2021 * 12 + 3,
            12..=15 => 2021 * 12 + 4,
            5..=11 => 2021 * 12 + 10,
            _ => return,
        };
        let accepts = self.person.life.accepts;
        let age = months / 12;
        let child = age < 12;
        let (first, third, yearly) = match age {
            65.. => (0.94, 0.72, 0.45),
            18..=64 => (0.80, 0.42, 0.18),
            12..=17 => (0.62, 0.20, 0.10),
            _ => (0.36, 0.08, 0.06),
        };
        let doses = self.person.life.doses[CORONA];
        let since = self.since(CORONA);
        let autumn = month >= 9 || month == 1;
        // 2022-09 two strains, 2023-09 the year's own.
        let product = match at {
            _ if child => COVID_CHILD,
            _ if at >= 2023 * 12 + 8 => COVID_YEARLY,
            _ if at >= 2022 * 12 + 8 && doses >= 2 => COVID_BIVALENT,
            _ => COVID,
        };
        let due = match doses {
            _ if at < opens => false,
            // Since 2023 one dose is enough.
            0 => accepts < first && (at < 2023 * 12 + 8 || (autumn && accepts < yearly)),
            1 if at < 2023 * 12 + 8 => since >= 21 * DAY,
            2 if at < 2023 * 12 + 8 => at >= 2021 * 12 + 9 && accepts < third && since >= 150 * DAY,
            _ => autumn && accepts < yearly && since >= 180 * DAY,
        };
        if due {
            self.dose(CORONA, product);
        }
    }
}
