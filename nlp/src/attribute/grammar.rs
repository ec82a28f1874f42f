//! The grammar of attributes: from words and numbers to what they amount to.

use crate::entity::EntityType;
use crate::text::{Analysis, Span, TokenKind};

use super::RawAttribute;
use super::words::{Kind, VALUES, WORDS};

/// Reads all attributes of a text, in order.
pub fn find(analysis: &Analysis) -> Vec<RawAttribute> {
    let mut reader = Reader { analysis, end: 0, found: Vec::new() };
    for (number, sentence) in analysis.sentences.iter().enumerate() {
        if analysis.is_heading(number) {
            continue;
        }
        reader.end = sentence.tokens.end as usize;
        let from = reader.found.len();
        let mut at = sentence.tokens.start as usize;
        // The number of a list item is no quantity.
        if reader.kind_of(at) == Some(TokenKind::Number) && matches!(reader.word(at + 1), "." | ")")
        {
            at += 2;
        }
        while at < reader.end {
            at = reader.read(at).max(at + 1);
        }
        reader.strengths(from);
    }
    reader.found
}

struct Reader<'a, 't> {
    analysis: &'a Analysis<'t>,
    /// One past the last token of the sentence.
    end: usize,
    found: Vec<RawAttribute>,
}

/// A quantity: one past its last token.
struct Quantity {
    end: usize,
    /// Whether it was written with digits.
    digits: bool,
    /// `120/80`, `4-6`.
    range: bool,
}

impl Reader<'_, '_> {
    /// Reads what begins at `at`; gives the next token to read.
    fn read(&mut self, at: usize) -> usize {
        if let Some(end) = self.frequency(at) {
            return self.push_frequency(at, end);
        }
        if let Some(quantity) = self.quantity(at) {
            if let Some(end) = self.measure(at, &quantity) {
                return end;
            }
            if quantity.digits {
                let year = self.word(at).len() == 4
                    && (self.word(at).starts_with("19") || self.word(at).starts_with("20"));
                if year
                    && at > 0
                    && matches!(self.word(at - 1), "in" | "since" | "In" | "Since" | "until" | "of")
                {
                    self.push(EntityType::TimeToDxName, at, quantity.end, 0.7);
                } else {
                    self.push(EntityType::TestValue, at, quantity.end, 0.4);
                }
                return quantity.end;
            }
        }
        if self.kind_of(at) == Some(TokenKind::Number) {
            return at + 1;
        }
        let Some((length, kind)) = WORDS.longest_at(&self.analysis.folded[at..self.end]) else {
            return at + 1;
        };
        let end = at + length;
        match kind {
            Kind::Form => self.push(EntityType::Form, at, end, 0.7),
            Kind::Matter => {
                // `ER` is a place too.
                let short = self.word(at).len() <= 3 && length == 1;
                self.push(EntityType::Form, at, end, if short { 0.4 } else { 0.8 });
            }
            Kind::Route => {
                let short = length == 1 && self.word(at).len() <= 2;
                self.push(EntityType::RouteOrMode, at, end, if short { 0.7 } else { 0.85 });
            }
            Kind::When => {
                let start = self.time_start(at);
                self.push(EntityType::TimeToDxName, start, end, 0.75);
            }
            Kind::Overdose => self.push(EntityType::Dosage, at, end, 0.6),
            Kind::Level => {
                if let Some(next) = self.dose_level(at) {
                    return next;
                }
                if VALUES.longest_at(&self.analysis.folded[at..self.end]).is_some() {
                    self.push(EntityType::TestValue, at, end, 0.45);
                }
                if let Some((length, kind)) =
                    super::words::QUALITIES.longest_at(&self.analysis.folded[at..self.end])
                {
                    let entity_type =
                        if kind == Kind::Acuity { EntityType::Acuity } else { EntityType::Quality };
                    self.push(entity_type, at, at + length, 0.7);
                }
            }
            Kind::Value => {
                self.push(EntityType::TestValue, at, end, 0.45);
            }
            Kind::Acuity => self.push(EntityType::Acuity, at, end, 0.85),
            Kind::Direction => {
                // `right now`, `left the hospital`
                let verb = matches!(
                    self.word(end),
                    "now" | "away" | "the" | "after" | "against" | "her" | "his"
                );
                if !verb {
                    self.push(EntityType::Direction, at, end, 0.85);
                }
            }
            Kind::Site => self.push(EntityType::SystemOrganSite, at, end, 0.8),
            Kind::Quality => {
                if let Some(next) = self.dose_level(at) {
                    return next;
                }
                if VALUES.longest_at(&self.analysis.folded[at..self.end]).is_some() {
                    self.push(EntityType::TestValue, at, end, 0.45);
                }
                self.push(EntityType::Quality, at, end, 0.8);
            }
            Kind::Tobacco => self.push(EntityType::TobaccoUse, at, end, 0.9),
            Kind::Alcohol => self.push(EntityType::AlcoholConsumption, at, end, 0.85),
            Kind::Drug => self.push(EntityType::RecDrugUse, at, end, 0.85),
            Kind::Allergy => self.push(EntityType::Allergies, at, end, 0.85),
            Kind::Gender => self.push(EntityType::Gender, at, end, 0.9),
            Kind::Race => {
                // `white count`, `black stool`: colours, unless a person follows.
                let colour =
                    matches!(self.word(at).to_ascii_lowercase().as_str(), "white" | "black")
                        && length == 1;
                let person = (end..(end + 3).min(self.end)).any(|next| {
                    matches!(WORDS.word(self.analysis.folded[next]), Some(Kind::Gender))
                });
                if !colour || person || self.word(end) == "race" {
                    self.push(EntityType::RaceEthnicity, at, end, 0.85);
                }
            }
            Kind::Pack if self.word(at).eq_ignore_ascii_case("ppd") => {
                self.push(EntityType::Amount, at, end, 0.6);
            }
            Kind::Pack
                if matches!(
                    self.word(at).to_ascii_lowercase().as_str(),
                    "cigarettes" | "cigars"
                ) =>
            {
                self.push(EntityType::TobaccoUse, at, end, 0.85);
            }
            Kind::Pack
                if matches!(
                    self.word(at).to_ascii_lowercase().as_str(),
                    "beer" | "beers" | "drinks"
                ) =>
            {
                self.push(EntityType::AlcoholConsumption, at, end, 0.7);
            }
            _ => return at + 1,
        }
        end
    }

    // ----- tokens -----

    fn word(&self, at: usize) -> &str {
        if at < self.end { self.analysis.word(at) } else { "" }
    }

    fn kind_of(&self, at: usize) -> Option<TokenKind> {
        self.analysis.tokens.get(at).filter(|_| at < self.end).map(|token| token.kind)
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.word(at).eq_ignore_ascii_case(word)
    }

    fn touches(&self, at: usize) -> bool {
        at > 0
            && at < self.end
            && self.analysis.tokens[at - 1].span.end == self.analysis.tokens[at].span.start
    }

    fn phrase(&self, at: usize) -> Option<(usize, Kind)> {
        WORDS.longest_at(self.analysis.folded.get(at..self.end.max(at))?)
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let end = end.clamp(start + 1, self.end.max(start + 1));
        Span {
            start: self.analysis.tokens[start].span.start,
            end: self.analysis.tokens[end - 1].span.end,
        }
    }

    fn push(&mut self, entity_type: EntityType, start: usize, end: usize, score: f32) {
        let span = self.span(start, end);
        self.found.push(RawAttribute { entity_type, span, score });
    }

    // ----- numbers -----

    /// `2`, `1,000`, `4-6`, `1/2`, `120/80`, `21.9 +/- 10.9`, `two to three`.
    fn quantity(&self, at: usize) -> Option<Quantity> {
        let digits = self.kind_of(at) == Some(TokenKind::Number);
        let mut end = if digits {
            at + 1
        } else {
            match self.phrase(at) {
                Some((length, Kind::Number)) => at + length,
                _ => return None,
            }
        };
        let mut range = false;
        for _ in 0..2 {
            let joint = match self.word(end) {
                "-" | "–" | "—" | "/" | "x" | "±" | "to" | "or" => 1,
                "+" if self.word(end + 1) == "/" && self.word(end + 2) == "-" => 3,
                "and"
                    if matches!(self.word(end + 1), "1" | "a")
                        && matches!(self.word(end + 2), "/" | "half") =>
                {
                    1
                }
                _ => break,
            };
            let next = end + joint;
            let number = self.kind_of(next) == Some(TokenKind::Number);
            let spelt = !digits
                && matches!(self.phrase(next), Some((_, Kind::Number)))
                && !matches!(self.word(next), "a" | "an");
            let tight = matches!(self.word(end), "to" | "or" | "and" | "+")
                || self.touches(end) == self.touches(next);
            if !(number || spelt) || !tight {
                break;
            }
            range = true;
            end = next + 1;
        }
        Some(Quantity { end, digits, range })
    }

    /// What a quantity is a quantity of.
    fn measure(&mut self, at: usize, quantity: &Quantity) -> Option<usize> {
        let mut next = quantity.end;
        if self.word(next) == "-" && self.touches(next) {
            next += 1;
        }
        // `98.6 F`
        if self.word(next) == "°" && matches!(self.word(next + 1), "F" | "C" | "f" | "c") {
            self.push(EntityType::TestValue, at, quantity.end, 0.9);
            self.push(EntityType::TestUnit, next, next + 2, 0.9);
            return Some(next + 2);
        }
        let degrees =
            matches!(self.word(next), "F" | "C") && quantity.digits && !self.word(at).contains('/');
        if degrees {
            self.push(EntityType::TestValue, at, quantity.end, 0.7);
            self.push(EntityType::TestUnit, next, next + 1, 0.7);
            return Some(next + 1);
        }
        // `2 or 3 times a day`
        if self.is(next, "times") || self.is(next, "time") {
            if let Some((length, Kind::Daily)) = self.phrase(next + 1) {
                return Some(self.push_frequency(at, next + 1 + length));
            }
            if self.word(next + 1) == "/" && matches!(self.phrase(next + 2), Some((_, Kind::Time)))
            {
                return Some(self.push_frequency(at, next + 3));
            }
            return None;
        }
        let (length, kind) = self.phrase(next)?;
        let end = next + length;
        match kind {
            Kind::Mass | Kind::Either => {
                if !quantity.digits && kind == Kind::Either && self.word(at).len() < 2 {
                    return None;
                }
                Some(self.amount(at, quantity, next, end, kind))
            }
            Kind::TestUnit => {
                // `pg/mL`
                let per = self.word(end) == "/" && self.touches(end) && self.touches(end + 1);
                let end = if per { (end + 2).min(self.end) } else { end };
                self.push(EntityType::TestValue, at, quantity.end, 0.85);
                self.push(EntityType::TestUnit, next, end, 0.85);
                Some(end)
            }
            Kind::Form => {
                let article = matches!(self.word(at), "a" | "an");
                self.push(EntityType::Dosage, at, end, if article { 0.6 } else { 0.85 });
                Some(end)
            }
            Kind::Time => Some(self.duration(at, quantity, next, end)),
            Kind::When => {
                // `two weeks ago`
                let start = self.time_start(at);
                self.push(EntityType::TimeToDxName, start, end, 0.85);
                Some(end)
            }
            Kind::Dose => {
                if matches!(self.word(at), "a" | "an" | "A" | "An") {
                    return None;
                }
                self.push(EntityType::Dosage, at, end, 0.6);
                Some(end)
            }
            Kind::Pack => {
                let rate = match self.phrase(end) {
                    Some((length, Kind::Daily)) => end + length,
                    _ => end,
                };
                self.push(EntityType::Amount, at, rate, 0.85);
                if self.is(end - 1, "cigarettes") {
                    self.push(EntityType::TobaccoUse, end - 1, end, 0.85);
                }
                Some(rate)
            }
            _ => None,
        }
    }

    /// `10 mg`, `5 g/m2`, `0.5 mL/hr`, `12 g/dL`, `40 mg/day`, `80 mg/m(2)x3`.
    fn amount(
        &mut self,
        at: usize,
        quantity: &Quantity,
        unit: usize,
        unit_end: usize,
        kind: Kind,
    ) -> usize {
        let mut end = unit_end;
        let mut rate = false;
        let mut test = false;
        for _ in 0..3 {
            let slash = self.word(end) == "/";
            if !(slash || self.is(end, "per")) {
                break;
            }
            let below = self.word(end + 1).to_ascii_lowercase();
            let mut step = 2;
            match below.as_str() {
                "dl" | "l" | "ul" | "hpf" | "mcl" | "mm3" | "cumm" | "liter" | "deciliter"
                | "µl" | "μl" => test = true,
                "hr" | "h" | "hour" | "min" | "minute" | "sec" => rate = true,
                "ml" => {}
                "kg" | "day" | "d" | "m2" | "m²" | "week" | "wk" | "month" | "dose" | "g"
                | "mg" | "actuation" | "tablet" | "24" | "spray" | "puff" | "year" | "mm"
                | "cc" | "night" | "cycle" | "kilogram" => {}
                "m" if self.word(end + 2) == "(" && self.word(end + 3) == "2" => step = 5,
                "m" if self.word(end + 2) == "2" || self.word(end + 2) == "²" => step = 3,
                "square" => step = 3,
                _ if self.kind_of(end + 1) == Some(TokenKind::Number) && slash => {
                    // `5 mg/5 ml`, `800 mg/160 mg`
                    if matches!(self.phrase(end + 2), Some((_, Kind::Mass | Kind::Either))) {
                        step = 3;
                    }
                }
                _ => break,
            }
            end += step;
        }
        // `x3`
        if self.touches(end)
            && self.word(end).len() > 1
            && self.word(end).starts_with(['x', 'X'])
            && self.word(end)[1..].bytes().all(|byte| byte.is_ascii_digit())
        {
            end += 1;
        }
        let end = end.min(self.end);
        // Kilograms, centimetres and pressures are results.
        let unit_word = self.word(unit).to_ascii_lowercase();
        let body = end == unit_end
            && matches!(
                unit_word.as_str(),
                "kg" | "cm" | "mm" | "oz" | "ounces" | "l" | "liters" | "liter"
            );
        if test || body || quantity.range && self.word(at + 1) == "/" && kind == Kind::Either {
            self.push(EntityType::TestValue, at, quantity.end, 0.8);
            self.push(EntityType::TestUnit, unit, end, 0.8);
            return end;
        }
        if matches!(unit_word.as_str(), "%" | "percent") {
            // Saturation or strength: what it is attached to decides.
            self.push(EntityType::TestValue, at, quantity.end, 0.45);
            self.push(EntityType::Strength, at, end, 0.45);
            self.push(EntityType::TestUnit, unit, unit_end, 0.45);
            return end;
        }
        let entity_type = if rate { EntityType::Rate } else { EntityType::Dosage };
        self.push(entity_type, at, end, 0.9);
        end
    }

    /// `10 days`: how long, or, with a word more, when.
    fn duration(&mut self, at: usize, quantity: &Quantity, unit: usize, end: usize) -> usize {
        let article = matches!(self.word(at), "a" | "an");
        // An age is neither.
        let mut after = end;
        if self.word(after) == "-" {
            after += 1;
        }
        if self.is(after, "old")
            || self.is(after, "of") && self.is(after + 1, "age")
            || self.word(after) == "/" && self.is(after + 1, "o")
        {
            return after + 1;
        }
        let word = self.word(end).to_ascii_lowercase();
        if matches!(
            word.as_str(),
            "ago" | "prior" | "earlier" | "before" | "previously" | "later" | "after"
        ) {
            let start = self.time_start(at);
            self.push(EntityType::TimeToDxName, start, end + 1, if article { 0.7 } else { 0.85 });
            return end + 1;
        }
        let before =
            if at > 0 { self.analysis.word(at - 1).to_ascii_lowercase() } else { String::new() };
        let second =
            if at > 1 { self.analysis.word(at - 2).to_ascii_lowercase() } else { String::new() };
        let lasting = matches!(
            before.as_str(),
            "for" | "x" | "×" | "over" | "during" | "lasting" | "within" | "about" | "of"
        ) || matches!(second.as_str(), "for" | "past" | "last")
            && matches!(
                before.as_str(),
                "the" | "past" | "last" | "about" | "a" | "approximately" | "only" | "next"
            )
            || matches!(before.as_str(), "past" | "last" | "next");
        let history = matches!(word.as_str(), "history" | "h")
            || self.word(end) == "-" && self.is(end + 1, "history")
            || self.is(end, "course");
        if lasting || history {
            let score = if article { 0.6 } else { 0.85 };
            self.push(EntityType::Duration, at, end, score);
            let when = matches!(before.as_str(), "past" | "last") || history;
            if when {
                self.push(EntityType::TimeToDxName, at, end, 0.6);
            }
            return end;
        }
        // `in 2 weeks`
        if before == "in" && quantity.digits | !article {
            self.push(EntityType::TimeToDxName, at - 1, end, 0.6);
            return end;
        }
        let _ = unit;
        if quantity.digits || !article {
            self.push(EntityType::Duration, at, end, 0.5);
        }
        end
    }

    /// Takes in `about`, `approximately`, `over the past`.
    fn time_start(&self, at: usize) -> usize {
        if at > 0
            && matches!(
                self.analysis.word(at - 1),
                "about" | "approximately" | "approx" | "nearly" | "almost"
            )
        {
            at - 1
        } else {
            at
        }
    }

    /// `high-dose`, `low or moderate dosage`, `single small dose`, `high doses of`.
    fn dose_level(&mut self, at: usize) -> Option<usize> {
        let mut next = at;
        let mut levels = 0;
        while levels < 4 {
            match self.phrase(next) {
                Some((length, Kind::Level | Kind::Quality)) => {
                    next += length;
                    levels += 1;
                }
                _ if levels > 0 && matches!(self.word(next), "or" | "and" | "," | "to" | "-") => {
                    next += 1
                }
                Some((length, Kind::Dose)) if levels > 0 => {
                    // `a single dose of 40 mg`: the number says it.
                    let end = next + length;
                    let counted = (end..(end + 4).min(self.end)).any(|at| {
                        self.kind_of(at) == Some(TokenKind::Number)
                            && matches!(self.phrase(at + 1), Some((_, Kind::Mass | Kind::Either)))
                    });
                    if counted {
                        return Some(end);
                    }
                    self.push(EntityType::Dosage, at, next + length, 0.75);
                    return Some(next + length);
                }
                _ => return None,
            }
        }
        None
    }

    // ----- how often -----

    /// One past a frequency that begins at `at`.
    fn frequency(&self, at: usize) -> Option<usize> {
        if let Some((length, kind)) = self.phrase(at) {
            match kind {
                Kind::Frequency => return Some(at + length),
                Kind::Daily => {
                    return (at + length > at
                        && !matches!(self.word(at), "a" | "an" | "/" | "per")
                        && !matches!(self.phrase(at + length), Some((_, Kind::Dose))))
                    .then_some(at + length);
                }
                Kind::Times => {
                    let next = at + length;
                    if let Some((more, Kind::Daily)) = self.phrase(next) {
                        return Some(next + more);
                    }
                    if self.word(next) == "/"
                        && matches!(self.phrase(next + 1), Some((_, Kind::Time)))
                    {
                        return Some(next + 2);
                    }
                    // `twice every day`
                    if let Some((more, Kind::Frequency)) = self.phrase(next) {
                        return Some(next + more);
                    }
                    return (!self.is(at, "once")).then_some(next);
                }
                Kind::Level
                    if self.is(at, "daily")
                        && !matches!(self.phrase(at + 1), Some((_, Kind::Dose))) =>
                {
                    return Some(at + 1);
                }
                _ => {}
            }
        }
        // `once daily`
        if self.is(at, "once")
            && let Some((length, Kind::Daily)) = self.phrase(at + 1)
        {
            return Some(at + 1 + length);
        }
        let word = self.word(at);
        let first = word.as_bytes().first()?.to_ascii_lowercase();
        // `q6h`, `q12hrs`, `Q8H`
        if first == b'q' && word.len() > 1 && word.as_bytes()[1].is_ascii_digit() {
            let letters = word
                .trim_start_matches(['q', 'Q'])
                .trim_start_matches(|c: char| c.is_ascii_digit());
            if matches!(
                letters.to_ascii_lowercase().as_str(),
                "h" | "hr"
                    | "hrs"
                    | "hours"
                    | "d"
                    | "days"
                    | "day"
                    | "wk"
                    | "weeks"
                    | "w"
                    | "min"
                    | "months"
                    | "mo"
            ) {
                return Some(at + 1);
            }
            if letters.is_empty() {
                // `q4-6h`, `q6 hours`
                let mut next = at + 1;
                if self.word(next) == "-" && self.kind_of(next + 1) == Some(TokenKind::Number) {
                    next += 2;
                }
                if matches!(self.phrase(next), Some((_, Kind::Time))) {
                    return Some(next + 1);
                }
            }
            return None;
        }
        // `q 6 h`, `every 4 to 6 hours`, `q. 6 hours`, `each 8 hours`
        let every = self.is(at, "every") || self.is(at, "q") || self.is(at, "each");
        if every {
            let mut next = at + 1;
            if self.word(next) == "." {
                next += 1;
            }
            let quantity = self.quantity(next);
            if let Some(quantity) = &quantity {
                next = quantity.end;
            }
            if self.word(next) == "-" {
                next += 1;
            }
            if let Some((length, Kind::Time)) = self.phrase(next) {
                let counted = quantity.is_some() || self.is(at, "every") || self.is(at, "q");
                return counted.then_some(next + length);
            }
        }
        None
    }

    /// Notes a frequency, joined with one that ends right before it.
    fn push_frequency(&mut self, at: usize, end: usize) -> usize {
        let span = self.span(at, end);
        if let Some(last) = self.found.last_mut() {
            let gap =
                &self.analysis.text[(last.span.end.min(span.start)) as usize..span.start as usize];
            let close = gap.len() <= 5 && matches!(gap.trim(), "" | "," | "and");
            if last.entity_type == EntityType::Frequency
                && close
                && last.span.end <= span.start
                && !gap.contains('\n')
            {
                last.span.end = span.end;
                return end;
            }
        }
        self.push(EntityType::Frequency, at, end, 0.9);
        end
    }

    /// A quantity of substance beside a counted form is the form's strength: `20 mg tablet`,
    /// `0.2 mg, 1 tab`.
    fn strengths(&mut self, from: usize) {
        let found = &mut self.found[from..];
        for at in 0..found.len() {
            if found[at].entity_type != EntityType::Dosage || found[at].score < 0.9 {
                continue;
            }
            let near = |other: &RawAttribute| {
                other.span.start >= found[at].span.end
                    && other.span.start - found[at].span.end <= 12
            };
            let formed =
                found[at + 1..].iter().take(4).take_while(|other| near(other)).any(|other| {
                    matches!(other.entity_type, EntityType::Form)
                        || other.entity_type == EntityType::Dosage
                            && other.score < 0.9
                            && other.score >= 0.8
                });
            let counted = at > 0
                && found[at - 1].entity_type == EntityType::Dosage
                && found[at - 1].score < 0.9
                && found[at - 1].score >= 0.8
                && found[at].span.start - found[at - 1].span.end.min(found[at].span.start) <= 6;
            if formed || counted {
                found[at].entity_type = EntityType::Strength;
            }
        }
    }
}
