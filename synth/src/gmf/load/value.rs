//! Values, times, codes and names.

use super::*;

impl<'a> Loader<'a> {
    /// `exact`, `range` or `distribution` as a number.
    pub(super) fn amount(&mut self, fields: &Fields<'a>) -> Option<Amount> {
        if let Some(exact) = fields.object("exact") {
            exact.ignore(&["unit"]);
            let quantity = exact.need_number("quantity");
            exact.finish();
            return quantity.map(Amount::exact);
        }
        if let Some(range) = fields.object("range") {
            range.ignore(&["unit"]);
            return self.range(range);
        }
        let distribution = fields.object("distribution")?;
        self.distribution(distribution)
    }

    pub(super) fn range(&self, range: Fields<'a>) -> Option<Amount> {
        let (low, high) = (range.need_number("low"), range.need_number("high"));
        let decimals = range.count("decimals").map(|decimals| decimals.min(12) as u8);
        let (low, high) = match (low, high) {
            (Some(low), Some(high)) if low <= high => (low, high),
            (Some(low), Some(high)) => {
                range.doubt(format!("`low` {low} lies above `high` {high}"));
                (high, low)
            }
            _ => {
                range.finish();
                return None;
            }
        };
        range.finish();
        Some(Amount { distribution: Distribution::Uniform { low, high }, round: false, decimals })
    }

    pub(super) fn distribution(&self, fields: Fields<'a>) -> Option<Amount> {
        let round = fields.flag("round");
        let kind = fields.need_text("kind");
        let parameters = fields.object("parameters");
        if parameters.is_none() {
            fields.fault("`parameters` is missing");
        }
        let (kind, parameters) = match (kind, parameters) {
            (Some(kind), Some(parameters)) => (kind, parameters),
            _ => {
                fields.finish();
                return None;
            }
        };
        let get = |key| parameters.need_number(key);
        let clamp = || {
            (
                parameters.number("min").unwrap_or(f64::NEG_INFINITY),
                parameters.number("max").unwrap_or(f64::INFINITY),
            )
        };
        let distribution = match kind {
            "EXACT" => get("value").map(Distribution::Exact),
            "UNIFORM" => match (get("low"), get("high")) {
                (Some(low), Some(high)) if low <= high => Some(Distribution::Uniform { low, high }),
                (Some(low), Some(high)) => {
                    parameters.doubt(format!("`low` {low} lies above `high` {high}"));
                    Some(Distribution::Uniform { low: high, high: low })
                }
                _ => None,
            },
            "GAUSSIAN" => {
                let (min, max) = clamp();
                match (get("mean"), get("standardDeviation")) {
                    (Some(mean), Some(deviation)) if deviation >= 0.0 && min <= max => {
                        Some(Distribution::Gaussian { mean, deviation, min, max })
                    }
                    (Some(_), Some(_)) => {
                        parameters.fault("`standardDeviation` is below 0, or `min` above `max`");
                        None
                    }
                    _ => None,
                }
            }
            "EXPONENTIAL" => match get("mean") {
                Some(mean) if mean > 0.0 => Some(Distribution::Exponential { mean }),
                Some(_) => {
                    parameters.fault("`mean` must be above 0");
                    None
                }
                None => None,
            },
            "TRIANGULAR" => match (get("min"), get("mode"), get("max")) {
                (Some(min), Some(mode), Some(max)) if min <= mode && mode <= max => {
                    Some(Distribution::Triangular { min, mode, max })
                }
                (Some(_), Some(_), Some(_)) => {
                    parameters.fault("`min`, `mode` and `max` must be in this order");
                    None
                }
                _ => None,
            },
            "LOGNORMAL" => {
                let (min, max) = clamp();
                match (get("median"), get("sigma")) {
                    (Some(median), Some(sigma)) if median > 0.0 && sigma >= 0.0 && min <= max => {
                        Some(Distribution::LogNormal { median, sigma, min, max })
                    }
                    (Some(_), Some(_)) => {
                        parameters.fault("`median` must be above 0 and `sigma` not below 0");
                        None
                    }
                    _ => None,
                }
            }
            other => {
                fields.fault(format!("unknown `kind` of distribution \"{other}\""));
                // Its parameters are as unknown; one fault is enough.
                return None;
            }
        };
        parameters.finish();
        fields.finish();
        Some(Amount { distribution: distribution?, round, decimals: None })
    }

    /// `exact` or `range` with their own unit, or `distribution` beside `unit`.
    pub(super) fn duration(&mut self, fields: &Fields<'a>, needed: bool) -> Option<Duration> {
        let unit = fields.text("unit");
        if let Some(exact) = fields.object("exact") {
            let quantity = exact.need_number("quantity");
            let unit = exact.need_text("unit").and_then(|unit| seconds(&exact, unit));
            exact.finish();
            return Some(Duration { amount: Amount::exact(quantity?), unit_seconds: unit? });
        }
        if let Some(range) = fields.object("range") {
            return self.range_time(range);
        }
        let Some(distribution) = fields.object("distribution") else {
            let _ = needed;
            return None;
        };
        let amount = self.distribution(distribution);
        let Some(unit) = unit else {
            fields.fault("`unit` is missing beside `distribution`");
            return None;
        };
        Some(Duration { unit_seconds: seconds(fields, unit)?, amount: amount? })
    }

    pub(super) fn range_time(&self, range: Fields<'a>) -> Option<Duration> {
        let unit = range.need_text("unit").and_then(|unit| seconds(&range, unit));
        let amount = self.range(range);
        Some(Duration { amount: amount?, unit_seconds: unit? })
    }

    pub(super) fn expression(
        &mut self,
        fields: &Fields<'a>,
        key: &'static str,
    ) -> Option<Expression> {
        let text = fields.text(key)?;
        let expression = Expression::parse(text, &mut |name| match Vital::of_name(name) {
            Some(vital) => Name::Vital(vital),
            None => Name::Source(self.source(fields, name)),
        });
        if expression.is_none() {
            fields.warn(format!("`{key}` is not supported: {text}"));
        }
        expression
    }

    /// The outer option: a fault; the inner: a vital sign the lifecycle does not have.
    pub(super) fn vital(&mut self, fields: &Fields<'a>) -> Option<Option<Vital>> {
        let name = fields.need_text("vital_sign")?;
        // Synthea compares these names without regard to case.
        match VITALS.iter().find(|known| known.eq_ignore_ascii_case(name)) {
            Some(known) => Some(Vital::of_name(known)),
            None if VITALS_UNSUPPORTED.contains(&name) => {
                fields.warn(format!("vital sign \"{name}\" is not supported; it has no value"));
                Some(None)
            }
            None => {
                fields.fault(format!("unknown vital sign \"{name}\""));
                None
            }
        }
    }

    pub(super) fn ward(&self, fields: &Fields<'a>) -> Option<Ward> {
        let name = fields.text("ward")?;
        let ward = Ward::of_name(name);
        if ward.is_none() {
            fields.fault(format!("unknown `ward` \"{name}\""));
        }
        ward
    }

    pub(super) fn ending(
        &mut self,
        draft: &Draft<'a>,
        fields: &Fields<'a>,
        what: Ended,
        state_key: &'static str,
    ) -> Option<Kind> {
        let state = fields.text(state_key);
        let attribute = fields.text("referenced_by_attribute");
        let by = if let Some(state) = state {
            self.known_state(draft, fields, state, state_key);
            fields.ignore(&["codes"]);
            By::State(self.vocabulary.add_symbol(state))
        } else if let Some(name) = attribute {
            fields.ignore(&["codes"]);
            By::Attribute(self.read_attribute(fields, name))
        } else if fields.get("codes").is_some() || fields.get("code").is_none() {
            By::Codes(self.vocabulary_list(fields)?)
        } else {
            By::Codes([self.one_code(fields, "code")?].into())
        };
        Some(Kind::End { what, by })
    }

    pub(super) fn vocabulary_list(&mut self, fields: &Fields<'a>) -> Option<Box<[CodeId]>> {
        let list = self.codes(fields, "codes")?;
        Some(self.vocabulary.list(list).into())
    }

    pub(super) fn known_state(
        &self,
        draft: &Draft<'a>,
        fields: &Fields<'a>,
        name: &str,
        key: &str,
    ) {
        if !draft.states.contains_key(name) {
            if self.state_names.contains(name) {
                // A state of a submodule, or of the module that calls this one.
                return;
            }
            fields.fault(format!("`{key}` names no state: `{name}`"));
        }
    }

    pub(super) fn target_encounter(
        &mut self,
        draft: &Draft<'a>,
        fields: &Fields<'a>,
    ) -> Option<Symbol> {
        let name = fields.text("target_encounter")?;
        self.known_state(draft, fields, name, "target_encounter");
        Some(self.vocabulary.add_symbol(name))
    }

    pub(super) fn track(&mut self, name: &str) -> Symbol {
        let symbol = self.vocabulary.add_symbol(name);
        self.tracked.insert(symbol);
        symbol
    }

    pub(super) fn reason(&mut self, fields: &Fields<'a>) -> Option<Reason> {
        let name = fields.text("reason")?;
        let state = self.track(name);
        let attribute = self.vocabulary.find_attribute(name);
        let attribute = if self.state_names.contains(name) {
            attribute
        } else {
            let id = self.read_attribute(fields, name);
            self.reasons.push((fields.file().to_owned(), fields.place().to_owned(), id));
            Some(id)
        };
        Some(Reason { attribute, state })
    }

    pub(super) fn assign(&mut self, fields: &Fields<'a>) -> Option<AttributeId> {
        let name = fields.text("assign_to_attribute")?;
        let id = self.vocabulary.add_attribute(name);
        self.sets.entry(id).or_default().insert(fields.file().to_owned());
        Some(id)
    }

    pub(super) fn set_attribute_name(
        &mut self,
        fields: &Fields<'a>,
        key: &'static str,
    ) -> Option<AttributeId> {
        let name = fields.need_text(key)?;
        if let Source::Season(_) = self.special(name) {
            fields.fault(format!("`{name}` is computed and cannot be set"));
            return None;
        }
        let id = self.vocabulary.add_attribute(name);
        self.sets.entry(id).or_default().insert(fields.file().to_owned());
        Some(id)
    }

    pub(super) fn read_attribute(&mut self, fields: &Fields<'a>, name: &str) -> AttributeId {
        let id = self.vocabulary.add_attribute(name);
        self.reads.entry(id).or_default().insert(fields.file().to_owned());
        id
    }

    pub(super) fn special(&mut self, name: &str) -> Source {
        match name {
            "season_influenza" => Source::Season(Season::Influenza),
            "season_respiratory" => Source::Season(Season::Respiratory),
            "season_covid" => Source::Season(Season::Covid),
            "season_injury" => Source::Season(Season::Injury),
            "season_heat" => Source::Season(Season::Heat),
            "age" => Source::Age,
            "gender" => Source::Gender,
            "race" => Source::Race,
            "ethnicity" => Source::Ethnicity,
            "state" => Source::State,
            "city" => Source::City,
            _ => Source::Attribute(AttributeId(u16::MAX)),
        }
    }

    pub(super) fn source(&mut self, fields: &Fields<'a>, name: &str) -> Source {
        match self.special(name) {
            Source::Attribute(_) => Source::Attribute(self.read_attribute(fields, name)),
            special => special,
        }
    }

    pub(super) fn code(&mut self, fields: Fields<'a>) -> Option<CodeId> {
        fields.ignore(&["value_set", "version"]);
        let system = fields.need_text("system");
        let code = fields.get("code").and_then(code_text);
        if code.is_none() {
            fields.fault("`code` is missing, or neither text nor a whole number");
        }
        let display = fields.text("display").unwrap_or_default().to_owned();
        fields.finish();
        let system = self.vocabulary.add_system(system?);
        Some(self.vocabulary.add_code(system, &code?, &display))
    }

    pub(super) fn one_code(&mut self, fields: &Fields<'a>, key: &'static str) -> Option<CodeId> {
        let object = fields.object(key)?;
        self.code(object)
    }

    pub(super) fn codes(&mut self, fields: &Fields<'a>, key: &'static str) -> Option<CodeList> {
        let list = fields.need_list(key)?;
        let objects = fields.objects(key, list);
        let codes: Vec<CodeId> = objects.into_iter().filter_map(|code| self.code(code)).collect();
        // Faults in single codes were reported above; an empty list would break a promise.
        if codes.is_empty() { None } else { Some(self.vocabulary.add_list(&codes)) }
    }
}
