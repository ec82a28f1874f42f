//! States with more to them than a few keys: visits, allergies, orders, plans, images, observations.

use super::*;

impl<'a> Loader<'a> {
    pub(super) fn encounter(&mut self, draft: &'a Draft<'a>, fields: &Fields<'a>) -> Option<Kind> {
        let _ = draft;
        let reason = self.reason(fields);
        let telemedicine = match fields.text("telemedicine_possibility") {
            None | Some("none" | "possible") => false,
            Some("always") => true,
            Some(other) => {
                fields.fault(format!(
                    "`telemedicine_possibility` is \"{other}\"; none, possible or always expected"
                ));
                false
            }
        };
        if fields.flag("wellness") {
            fields.ignore(&["encounter_class", "codes"]);
            return Some(Kind::Wellness { reason });
        }
        let class = fields.need_text("encounter_class")?;
        let Some(class) = Class::of_name(class) else {
            fields.fault(format!("unknown `encounter_class` \"{class}\""));
            return None;
        };
        let acuity = fields.count("acuity").map(|acuity| {
            if !(1..=5).contains(&acuity) {
                fields.fault("`acuity` must be 1 to 5");
            }
            acuity.clamp(1, 5) as u8
        });
        Some(Kind::Encounter(Box::new(EncounterState {
            class: if telemedicine { Class::Virtual } else { class },
            ward: self.ward(fields),
            codes: self.codes(fields, "codes")?,
            reason,
            acuity,
        })))
    }

    pub(super) fn allergy(&mut self, draft: &'a Draft<'a>, fields: &Fields<'a>) -> Option<Kind> {
        let intolerance = match fields.text("allergy_type") {
            None | Some("allergy") => false,
            Some("intolerance") => true,
            Some(other) => {
                fields.fault(format!(
                    "`allergy_type` is \"{other}\"; allergy or intolerance expected"
                ));
                false
            }
        };
        let category = match fields.text("category") {
            None | Some("environment") => "environment",
            Some("food") => "food",
            Some("medication" | "drug") => "medication",
            Some("biologic") => "biologic",
            Some(other) => {
                fields.fault(format!("unknown `category` \"{other}\""));
                "environment"
            }
        };
        let mut reactions = Vec::new();
        let list = fields.list("reactions").unwrap_or_default();
        for item in fields.objects("reactions", list) {
            let reaction = self.one_code(&item, "reaction");
            let mut severities = Vec::new();
            let mut sum = 0.0;
            let list = item.need_list("possible_severities").unwrap_or_default();
            for severity in item.objects("possible_severities", list) {
                let level = match severity.text("level").or_else(|| severity.text("severity")) {
                    Some(level) => match level.to_ascii_lowercase().as_str() {
                        "mild" => Some(Severity::Mild),
                        "moderate" => Some(Severity::Moderate),
                        "severe" => Some(Severity::Severe),
                        "none" => None,
                        other => {
                            severity.fault(format!("unknown `level` \"{other}\""));
                            None
                        }
                    },
                    None => None,
                };
                let value = severity.need_number("value").unwrap_or(0.0);
                sum += value;
                severities.push((level, value));
                severity.finish();
            }
            if (sum - 1.0).abs() > SUM_TOLERANCE {
                item.fault(format!("`possible_severities` sum to {sum}, not 1"));
            }
            match reaction {
                Some(reaction) => reactions.push((reaction, severities.into())),
                None => item.fault("`reaction` is missing"),
            }
            item.finish();
        }
        Some(Kind::AllergyOnset(Box::new(AllergyState {
            target: self.target_encounter(draft, fields),
            assign: self.assign(fields),
            codes: self.codes(fields, "codes")?,
            intolerance,
            category,
            reactions: reactions.into(),
        })))
    }

    pub(super) fn medication(&mut self, fields: &Fields<'a>) -> Option<Kind> {
        let mut dosage = None;
        let mut supply = None;
        if let Some(prescription) = fields.object("prescription") {
            let as_needed = prescription.flag("as_needed");
            let instructions = match prescription.list("instructions") {
                Some(list) => prescription
                    .objects("instructions", list)
                    .into_iter()
                    .filter_map(|code| self.code(code))
                    .collect(),
                None => Vec::new(),
            };
            let days = prescription.object("duration").and_then(|duration| {
                let quantity = duration.need_number("quantity");
                let unit = duration.need_text("unit").and_then(|unit| seconds(&duration, unit));
                duration.finish();
                Some((quantity? * unit? as f64 / time::DAY as f64).clamp(0.0, 36_500.0) as u32)
            });
            let refills = prescription.count("refills");
            if days.is_some() || refills.is_some() {
                supply = Some((days.unwrap_or(30), refills.unwrap_or(0)));
            }
            let given = prescription.object("dosage").map(|given| {
                let amount = given.number("amount").unwrap_or(0.0);
                let frequency = given.number("frequency").unwrap_or(1.0);
                let period = given.number("period").unwrap_or(1.0);
                let unit = match given.text("unit") {
                    Some("seconds" | "second") => "s",
                    Some("minutes" | "minute") => "min",
                    Some("hours" | "hour") => "h",
                    Some("weeks" | "week") => "wk",
                    Some("months" | "month") => "mo",
                    Some("years" | "year") => "a",
                    None | Some("days" | "day") => "d",
                    Some(other) => {
                        given.fault(format!("unknown unit \"{other}\""));
                        "d"
                    }
                };
                given.finish();
                (amount, frequency, period, unit)
            });
            if given.is_some() || as_needed || !instructions.is_empty() {
                let (amount, frequency, period, period_unit) =
                    given.unwrap_or((0.0, 0.0, 0.0, "d"));
                dosage = Some(Dosage {
                    amount,
                    frequency,
                    period,
                    period_unit,
                    as_needed,
                    instructions,
                });
            }
            prescription.finish();
        }
        Some(Kind::MedicationOrder(Box::new(MedicationState {
            reason: self.reason(fields),
            assign: self.assign(fields),
            chronic: fields.flag("chronic"),
            administered: fields.flag("administration"),
            codes: self.codes(fields, "codes")?,
            dosage,
            supply,
        })))
    }

    pub(super) fn care_plan(&mut self, fields: &Fields<'a>) -> Option<Kind> {
        let activities = match fields.list("activities") {
            Some(list) => fields
                .objects("activities", list)
                .into_iter()
                .filter_map(|code| self.code(code))
                .collect(),
            None => Vec::new(),
        };
        let mut goals = Vec::new();
        for goal in fields.objects("goals", fields.list("goals").unwrap_or_default()) {
            goal.ignore(&["addresses"]);
            let mut text = goal.text("text").map(str::to_owned);
            if let Some(observation) = goal.object("observation") {
                let codes = self.codes(&observation, "codes");
                let operator = observation.text("operator").unwrap_or_default().to_owned();
                let value = observation.get("value").map(|value| match value {
                    Json::String(text) => text.clone(),
                    other => other.to_string(),
                });
                observation.ignore(&["unit", "value_code"]);
                if let (None, Some(codes)) = (&text, codes) {
                    let what = &self.vocabulary.first(codes).display;
                    text = Some(
                        format!("{what} {operator} {}", value.unwrap_or_default())
                            .trim()
                            .to_owned(),
                    );
                }
                observation.finish();
            }
            match text {
                Some(text) => goals.push(self.vocabulary.add_symbol(&text)),
                None => goal.fault("a goal needs `text` or `observation`"),
            }
            goal.finish();
        }
        Some(Kind::CarePlanStart(Box::new(CarePlanState {
            reason: self.reason(fields),
            assign: self.assign(fields),
            codes: self.codes(fields, "codes")?,
            activities: activities.into(),
            goals: goals.into(),
        })))
    }

    pub(super) fn imaging(&mut self, fields: &Fields<'a>) -> Option<Kind> {
        let procedure = self.one_code(fields, "procedure_code");
        let count = self.bounds(fields, "min_number_series", "max_number_series");
        let list = fields.need_list("series")?;
        let mut series = Vec::new();
        for item in fields.objects("series", list) {
            item.ignore(&["dicom_uid"]);
            let body_site = self.one_code(&item, "body_site");
            let modality = self.one_code(&item, "modality");
            let count = self.bounds(&item, "min_number_instances", "max_number_instances");
            let mut instances = Vec::new();
            let list = item.need_list("instances").unwrap_or_default();
            for instance in item.objects("instances", list) {
                instance.ignore(&["dicom_uid"]);
                let title = instance.text("title").unwrap_or_default().to_owned();
                match self.one_code(&instance, "sop_class") {
                    Some(class) => instances.push((self.vocabulary.add_symbol(&title), class)),
                    None => instance.fault("`sop_class` is missing"),
                }
                instance.finish();
            }
            match (body_site, modality) {
                (Some(body_site), Some(modality)) => series.push(SeriesState {
                    body_site,
                    modality,
                    instances: instances.into(),
                    count,
                }),
                _ => item.fault("`body_site` or `modality` is missing"),
            }
            item.finish();
        }
        let Some(procedure) = procedure else {
            fields.fault("`procedure_code` is missing");
            return None;
        };
        Some(Kind::Imaging(Box::new(ImagingState {
            procedure: self.vocabulary.add_list(&[procedure]),
            series: series.into(),
            count,
        })))
    }

    pub(super) fn bounds(
        &self,
        fields: &Fields<'a>,
        low: &'static str,
        high: &'static str,
    ) -> (u32, u32) {
        let (low, high) = (fields.count(low).unwrap_or(0), fields.count(high).unwrap_or(0));
        // As in Synthea: without a minimum the list stands as it is.
        if low > 0 && high >= low { (low.min(500), high.min(500)) } else { (0, 0) }
    }

    pub(super) fn parts(&mut self, fields: &Fields<'a>) -> Option<(Box<[ObservationState]>, u32)> {
        let last = fields.count("number_of_observations").unwrap_or(0);
        let mut parts = Vec::new();
        let list = fields.list("observations").unwrap_or_default();
        for part in fields.objects("observations", list) {
            part.ignore(VIEW_KEYS);
            if let Some(observation) = self.observation(&part) {
                parts.push(observation);
            }
            part.finish();
        }
        if list.is_empty() && last == 0 {
            fields.fault("`observations` is missing or empty");
            return None;
        }
        Some((parts.into(), if list.is_empty() { last } else { 0 }))
    }

    pub(super) fn category(&self, fields: &Fields<'a>) -> &'static str {
        match fields.text("category") {
            Some("vital-signs") => "vital-signs",
            Some("survey") => "survey",
            Some("social-history") => "social-history",
            Some("imaging") => "imaging",
            Some("exam") => "exam",
            Some("procedure") => "procedure",
            Some("therapy") => "therapy",
            Some("activity") => "activity",
            None | Some("laboratory") => "laboratory",
            Some(other) => {
                fields.fault(format!("unknown `category` \"{other}\""));
                "laboratory"
            }
        }
    }

    pub(super) fn observation(&mut self, fields: &Fields<'a>) -> Option<ObservationState> {
        let category = self.category(fields);
        let unit = fields.text("unit");
        let mut values = Vec::new();
        for key in ["sampled_data", "attachment"] {
            if fields.get(key).is_some() {
                fields.warn(format!("`{key}` is not supported; the observation has no value"));
                values.push(Observed::Nothing);
            }
        }
        if let Some(vital) = fields.get("vital_sign").and_then(|_| self.vital(fields)) {
            values.push(Observed::Vital(vital));
        }
        if let Some(name) = fields.text("attribute") {
            values.push(Observed::From(self.source(fields, name)));
        }
        if let Some(code) = self.one_code(fields, "value_code") {
            values.push(Observed::Code(code));
        }
        let text = fields.object("exact").and_then(|exact| {
            let value = match exact.get("quantity")? {
                Json::String(text) => Observed::Text(self.vocabulary.add_symbol(text)),
                Json::Bool(truth) => Observed::Bool(*truth),
                _ => return None,
            };
            exact.ignore(&["unit"]);
            exact.finish();
            Some(value)
        });
        match text {
            Some(text) => values.push(text),
            None => values.extend(self.amount(fields).map(Observed::Amount)),
        }
        if fields.get("expression").is_some() {
            values.push(
                self.expression(fields, "expression")
                    .map_or(Observed::Nothing, Observed::Expression),
            );
        }
        if values.len() > 1 {
            fields.fault("more than one kind of value");
        }
        let value = match values.pop() {
            Some(value) => value,
            None => {
                fields.warn("an observation without a value");
                Observed::Nothing
            }
        };
        Some(ObservationState {
            codes: self.codes(fields, "codes")?,
            unit: self.vocabulary.add_symbol(unit.unwrap_or_default()),
            category,
            value,
        })
    }

    pub(super) fn setting(&mut self, fields: &Fields<'a>) -> Option<Setting> {
        fields.ignore(&["period"]);
        let amount = self.amount(fields);
        let code = self.one_code(fields, "value_code");
        let other = fields.text("value_attribute");
        let value = fields.get("value");
        if fields.get("series_data").is_some() {
            fields.warn("`series_data` is not supported; the attribute is unset");
            return Some(Setting::Value(Value::Unset));
        }
        if fields.get("expression").is_some() {
            return Some(match self.expression(fields, "expression") {
                Some(expression) => Setting::Expression(expression),
                None => Setting::Value(Value::Unset),
            });
        }
        if let Some(amount) = amount {
            return Some(Setting::Amount(amount));
        }
        if let Some(code) = code {
            self.vocabulary.add_list(&[code]);
            return Some(Setting::Value(Value::Code(code)));
        }
        if let Some(other) = other {
            return Some(Setting::From(self.source(fields, other)));
        }
        Some(Setting::Value(match value {
            None => Value::Unset,
            Some(Json::Bool(truth)) => Value::Bool(*truth),
            Some(Json::String(text)) => Value::Text(self.vocabulary.add_symbol(text)),
            Some(Json::Number(number)) => Value::Number(number.as_f64().unwrap_or(0.0)),
            Some(_) => {
                fields.fault("`value` must be a truth value, a number or text");
                return None;
            }
        }))
    }
}
