//! Transitions and conditions.

use super::*;

impl<'a> Loader<'a> {
    pub(super) fn goto(
        &self,
        draft: &Draft<'a>,
        fields: &Fields<'a>,
        name: &str,
    ) -> Option<StateId> {
        let id = draft.states.get(name).copied();
        if id.is_none() {
            fields.fault(format!("transition to `{name}`, which is no state of this file"));
        }
        id
    }

    pub(super) fn transition(
        &mut self,
        draft: &'a Draft<'a>,
        fields: &Fields<'a>,
    ) -> Option<Transition> {
        const KINDS: [&str; 6] = [
            "direct_transition",
            "conditional_transition",
            "distributed_transition",
            "complex_transition",
            "lookup_table_transition",
            "type_of_care_transition",
        ];
        let found: Vec<&str> =
            KINDS.iter().copied().filter(|key| fields.get(key).is_some()).collect();
        if found.len() > 1 {
            fields.fault(format!("more than one transition: {}", found.join(", ")));
        }
        match *found.first()? {
            "direct_transition" => {
                let name = fields.text("direct_transition")?;
                self.goto(draft, fields, name).map(Transition::Direct)
            }
            "conditional_transition" => {
                let list = fields.need_list("conditional_transition")?;
                let mut options = Vec::new();
                for option in fields.objects("conditional_transition", list) {
                    let condition = self.optional_condition(&option);
                    let to = option
                        .need_text("transition")
                        .and_then(|name| self.goto(draft, &option, name));
                    options.extend(to.map(|to| (condition, to)));
                    option.ignore(&["remarks"]);
                    option.finish();
                }
                self.no_dead_end(fields, &options)?;
                Some(Transition::Conditional(options.into()))
            }
            "distributed_transition" => {
                let list = fields.need_list("distributed_transition")?;
                let shares = self.shares(draft, fields, "distributed_transition", list)?;
                Some(Transition::Distributed(shares))
            }
            "complex_transition" => {
                let list = fields.need_list("complex_transition")?;
                let mut options = Vec::new();
                for option in fields.objects("complex_transition", list) {
                    let condition = self.optional_condition(&option);
                    let branch = if let Some(name) = option.text("transition") {
                        self.goto(draft, &option, name).map(Branch::To)
                    } else if let Some(list) = option.need_list("distributions") {
                        self.shares(draft, &option, "distributions", list).map(Branch::Shares)
                    } else {
                        None
                    };
                    options.extend(branch.map(|branch| (condition, branch)));
                    option.ignore(&["remarks", "distributions"]);
                    option.finish();
                }
                self.no_dead_end(fields, &options)?;
                Some(Transition::Complex(options.into()))
            }
            "lookup_table_transition" => {
                let list = fields.need_list("lookup_table_transition")?;
                self.table(draft, fields, list).map(|table| Transition::Table(Box::new(table)))
            }
            _ => {
                let care = fields.object("type_of_care_transition")?;
                let to = |key: &'static str| {
                    care.need_text(key).and_then(|name| self.goto(draft, &care, name))
                };
                let (ambulatory, emergency, telemedicine) =
                    (to("ambulatory"), to("emergency"), to("telemedicine"));
                care.finish();
                Some(Transition::TypeOfCare {
                    ambulatory: ambulatory?,
                    emergency: emergency?,
                    telemedicine: telemedicine?,
                })
            }
        }
    }

    pub(super) fn no_dead_end<T>(&self, fields: &Fields<'a>, options: &[T]) -> Option<()> {
        if options.is_empty() {
            fields.fault("no option of the transition is valid");
            return None;
        }
        Some(())
    }

    pub(super) fn optional_condition(&mut self, option: &Fields<'a>) -> Option<Condition> {
        let condition = option.get("condition")?;
        // A faulty condition has been reported; the files are refused anyway.
        Some(
            option
                .within("condition", condition)
                .and_then(|fields| self.condition(fields))
                .unwrap_or(Condition::False),
        )
    }

    pub(super) fn shares(
        &mut self,
        draft: &'a Draft<'a>,
        fields: &Fields<'a>,
        key: &'static str,
        list: &'a [Json],
    ) -> Option<Box<[Share]>> {
        let mut shares = Vec::new();
        let mut sum = 0.0;
        let mut open = false;
        for option in fields.objects(key, list) {
            let to =
                option.need_text("transition").and_then(|name| self.goto(draft, &option, name));
            let probability = match option.get("distribution") {
                Some(Json::Object(_)) => {
                    open = true;
                    option.object("distribution").and_then(|named| {
                        let source =
                            named.need_text("attribute").map(|name| self.source(&named, name));
                        let default = named.need_number("default");
                        let times = named.number("times").unwrap_or(1.0);
                        named.finish();
                        Some(Probability::From { source: source?, default: default?, times })
                    })
                }
                _ => option.need_number("distribution").map(|share| {
                    if !(0.0..=1.0 + SUM_TOLERANCE).contains(&share) {
                        option.fault(format!("`distribution` is {share}, not between 0 and 1"));
                    }
                    sum += share;
                    Probability::Fixed(share)
                }),
            };
            option.ignore(&["remarks"]);
            option.finish();
            if let (Some(probability), Some(to)) = (probability, to) {
                shares.push(Share { probability, to });
            }
        }
        if !open && (sum - 1.0).abs() > SUM_TOLERANCE {
            fields.doubt(format!("`{key}` sums to {sum}, not 1; the last option takes the rest"));
        }
        self.no_dead_end(fields, &shares)?;
        Some(shares.into())
    }

    pub(super) fn condition(&mut self, fields: Fields<'a>) -> Option<Condition> {
        fields.ignore(&["remarks", "comments"]);
        let kind = fields.need_text("condition_type")?;
        let condition = self.condition_of(kind, &fields);
        fields.finish();
        condition
    }

    pub(super) fn operator(&self, fields: &Fields<'a>) -> Option<Operator> {
        let name = fields.need_text("operator")?;
        let operator = Operator::of_name(name);
        if operator.is_none() {
            fields.fault(format!("unknown `operator` \"{name}\""));
        }
        operator
    }

    pub(super) fn numeric_operator(&self, fields: &Fields<'a>) -> Option<Operator> {
        let operator = self.operator(fields)?;
        if matches!(operator, Operator::Nil | Operator::NotNil) {
            fields.fault("this condition compares numbers; `is nil` makes no sense");
            return None;
        }
        Some(operator)
    }

    pub(super) fn against(&mut self, fields: &Fields<'a>, operator: Operator) -> Option<Against> {
        if let Some(code) = self.one_code(fields, "value_code") {
            fields.ignore(&["value"]);
            return Some(Against::Code(code));
        }
        let value = match fields.get("value") {
            None if matches!(operator, Operator::Nil | Operator::NotNil) => Against::Nothing,
            None => {
                fields.fault("`value` is missing");
                return None;
            }
            Some(Json::Number(number)) => Against::Number(number.as_f64().unwrap_or(0.0)),
            Some(Json::Bool(truth)) => Against::Bool(*truth),
            Some(Json::String(text)) => Against::Text(self.vocabulary.add_symbol(text)),
            Some(_) => {
                fields.fault("`value` must be a truth value, a number or text");
                return None;
            }
        };
        let ordered = matches!(
            operator,
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual
        );
        if ordered && !matches!(value, Against::Number(_)) {
            fields.fault("only numbers can be compared by size");
        }
        Some(value)
    }

    pub(super) fn several(&mut self, fields: &Fields<'a>) -> Option<Box<[Condition]>> {
        let list = fields.need_list("conditions")?;
        let mut all = Vec::new();
        for part in fields.objects("conditions", list) {
            all.extend(self.condition(part));
        }
        (all.len() == list.len()).then(|| all.into())
    }

    pub(super) fn active(&mut self, fields: &Fields<'a>, what: Ended) -> Option<Condition> {
        let by = match fields.text("referenced_by_attribute") {
            Some(name) if fields.get("codes").is_none() => {
                By::Attribute(self.read_attribute(fields, name))
            }
            _ => By::Codes(self.vocabulary_list(fields)?),
        };
        Some(Condition::Active { what, by })
    }

    pub(super) fn condition_of(&mut self, kind: &str, fields: &Fields<'a>) -> Option<Condition> {
        Some(match kind {
            "True" => Condition::True,
            "False" => Condition::False,
            "Gender" => match fields.need_text("gender")? {
                "F" | "female" => Condition::Gender(Sex::Female),
                "M" | "male" => Condition::Gender(Sex::Male),
                other => {
                    fields.fault(format!("unknown `gender` \"{other}\""));
                    return None;
                }
            },
            "Age" => {
                let operator = self.numeric_operator(fields);
                let quantity = fields.need_number("quantity");
                let unit = match fields.need_text("unit")? {
                    "years" | "year" => AgeUnit::Years,
                    "months" | "month" => AgeUnit::Months,
                    "weeks" | "week" => AgeUnit::Weeks,
                    "days" | "day" => AgeUnit::Days,
                    other => {
                        fields.fault(format!("unknown `unit` of age \"{other}\""));
                        return None;
                    }
                };
                Condition::Age { operator: operator?, quantity: quantity?, unit }
            }
            "Date" => {
                let operator = self.numeric_operator(fields);
                let (year, month) = (fields.number("year"), fields.number("month"));
                let date = fields.object("date").and_then(|date| {
                    let parts: Vec<Option<f64>> =
                        ["year", "month", "day", "hour", "minute", "second", "millisecond"]
                            .into_iter()
                            .map(|key| date.number(key))
                            .collect();
                    date.finish();
                    let whole = |at: usize, default: f64| parts[at].unwrap_or(default) as i64;
                    let year = parts[0]?.clamp(1.0, 9_999.0) as i32;
                    let (month, day) = (whole(1, 1.0).clamp(1, 12), whole(2, 1.0).clamp(1, 31));
                    Some(
                        Time::of_date(year, month as u32, day as u32)
                            .plus(whole(3, 0.0).clamp(0, 23) * time::HOUR)
                            .plus(whole(4, 0.0).clamp(0, 59) * time::MINUTE)
                            .plus(whole(5, 0.0).clamp(0, 59)),
                    )
                });
                match (year, month, date) {
                    (Some(year), None, None) => Condition::Year { operator: operator?, year },
                    (None, Some(month), None) => Condition::Month { operator: operator?, month },
                    (None, None, Some(date)) => Condition::Date { operator: operator?, date },
                    _ => {
                        fields.fault("a Date needs one of `year`, `month` and `date`");
                        return None;
                    }
                }
            }
            "Socioeconomic Status" => {
                let category = fields.need_text("category")?;
                if !["High", "Middle", "Low"].contains(&category) {
                    fields.fault(format!("unknown `category` \"{category}\""));
                }
                Condition::Socioeconomic {
                    attribute: self.vocabulary.add_attribute("socioeconomic_category"),
                    category: self.vocabulary.add_symbol(category),
                }
            }
            "Race" => {
                Condition::Race(match fields.need_text("race")?.to_ascii_lowercase().as_str() {
                    "white" => RaceTest::Race(Race::White),
                    "black" => RaceTest::Race(Race::Black),
                    "asian" => RaceTest::Race(Race::Asian),
                    "native" => RaceTest::Race(Race::Native),
                    "hawaiian" | "pacific" => RaceTest::Race(Race::Pacific),
                    "other" => RaceTest::Race(Race::Other),
                    "hispanic" => RaceTest::Hispanic,
                    other => {
                        fields.fault(format!("unknown `race` \"{other}\""));
                        return None;
                    }
                })
            }
            "Symptom" => {
                let operator = self.numeric_operator(fields);
                let value = fields.need_number("value");
                let symptom = fields.need_text("symptom")?;
                Condition::Symptom {
                    symptom: self.vocabulary.add_symbol(symptom),
                    operator: operator?,
                    value: value?,
                }
            }
            "Observation" => {
                let operator = self.operator(fields);
                let against = operator.and_then(|operator| self.against(fields, operator));
                let of = match fields.text("referenced_by_attribute") {
                    Some(name) if fields.get("codes").is_none() => {
                        By::Attribute(self.read_attribute(fields, name))
                    }
                    _ => {
                        let codes = self.vocabulary_list(fields)?;
                        self.observed.extend(codes.iter().copied());
                        By::Codes(codes)
                    }
                };
                Condition::Observation { of, operator: operator?, against: against? }
            }
            "Vital Sign" => {
                let operator = self.operator(fields);
                let nil = matches!(operator, Some(Operator::Nil | Operator::NotNil));
                let value = if nil {
                    fields.number("value").or(Some(0.0))
                } else {
                    fields.need_number("value")
                };
                Condition::Vital { vital: self.vital(fields)?, operator: operator?, value: value? }
            }
            "Active Condition" => self.active(fields, Ended::Condition)?,
            "Active Medication" => self.active(fields, Ended::Medication)?,
            "Active CarePlan" => self.active(fields, Ended::CarePlan)?,
            "Active Allergy" => self.active(fields, Ended::Allergy)?,
            "Attribute" => {
                let operator = self.operator(fields);
                let against = operator.and_then(|operator| self.against(fields, operator));
                let name = fields.need_text("attribute")?;
                Condition::Attribute {
                    source: self.source(fields, name),
                    operator: operator?,
                    against: against?,
                }
            }
            "PriorState" => {
                let within = match fields.object("within") {
                    Some(within) => {
                        let quantity = within.need_number("quantity");
                        let unit = within.need_text("unit").and_then(|u| seconds(&within, u));
                        within.finish();
                        Some((quantity? * unit? as f64) as i64)
                    }
                    None => None,
                };
                let since = fields.text("since");
                let name = fields.need_text("name")?;
                for asked in [Some(name), since].into_iter().flatten() {
                    if !self.state_names.contains(asked) {
                        fields.fault(format!("names no state: `{asked}`"));
                    }
                }
                Condition::Prior {
                    name: self.track(name),
                    since: since.map(|since| self.track(since)),
                    within,
                }
            }
            "And" => Condition::And(self.several(fields)?),
            "Or" => Condition::Or(self.several(fields)?),
            "Not" => {
                let Some(inner) = fields.get("condition") else {
                    fields.fault("`condition` is missing");
                    return None;
                };
                Condition::Not(Box::new(self.condition(fields.within("condition", inner)?)?))
            }
            "At Least" => {
                if fields.count("minimum").is_none() {
                    fields.fault("`minimum` is missing");
                }
                Condition::AtLeast(fields.count("minimum")? as usize, self.several(fields)?)
            }
            "At Most" => {
                if fields.count("maximum").is_none() {
                    fields.fault("`maximum` is missing");
                }
                Condition::AtMost(fields.count("maximum")? as usize, self.several(fields)?)
            }
            other => {
                fields.fault(format!("unknown `condition_type` \"{other}\""));
                return None;
            }
        })
    }
}
