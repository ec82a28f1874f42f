//! What modules write into a record, and what of it is still going on.

use super::*;

impl Run<'_> {
    /// Takes note of what the lifecycle wrote into the record by itself.
    pub(super) fn sync(&mut self) {
        let record = &self.person.record;
        let lengths = [
            record.conditions.len(),
            record.allergies.len(),
            record.medications.len(),
            record.care_plans.len(),
            record.devices.len(),
        ];
        if lengths == self.synced {
            return;
        }
        for (kind, length) in lengths.into_iter().enumerate() {
            for index in self.synced[kind]..length {
                let codes = match kind {
                    0 => record.conditions[index].codes,
                    1 => record.allergies[index].codes,
                    2 => record.medications[index].codes,
                    3 => record.care_plans[index].codes,
                    _ => record.devices[index].codes,
                };
                self.active[kind].push(Active {
                    code: self.ground.vocabulary.list(codes)[0],
                    index: index as u32,
                    name: Symbol(u32::MAX),
                    instance: usize::MAX,
                });
            }
        }
        self.synced = lengths;
    }

    /// Notes an entry just pushed as active.
    pub(super) fn begin(
        &mut self,
        what: Ended,
        codes: CodeList,
        index: u32,
        name: Symbol,
        at: usize,
    ) {
        let code = self.main(codes);
        self.active[what as usize].push(Active { code, index, name, instance: at });
        let length = index as usize + 1;
        self.synced[what as usize] = self.synced[what as usize].max(length);
        self.record_changes += 1;
    }

    pub(super) fn going_on(&self, what: Ended, index: u32) -> bool {
        let record = &self.person.record;
        let index = index as usize;
        match what {
            Ended::Condition => {
                let condition = &record.conditions[index];
                condition.diagnosed.is_some() && condition.abatement.is_none()
            }
            Ended::Allergy => {
                let allergy = &record.allergies[index];
                allergy.diagnosed.is_some() && allergy.abatement.is_none()
            }
            Ended::Medication => record.medications[index].stop.is_none(),
            Ended::CarePlan => record.care_plans[index].stop.is_none(),
            Ended::Device => record.devices[index].stop.is_none(),
        }
    }

    pub(super) fn find_active(&mut self, what: Ended, code: CodeId) -> Option<Active> {
        self.sync();
        self.active[what as usize]
            .iter()
            .find(|active| active.code == code && self.going_on(what, active.index))
            .copied()
    }

    pub(super) fn active(&mut self, what: Ended, code: CodeId) -> bool {
        self.find_active(what, code).is_some()
    }

    /// Ends one active entry.
    pub(super) fn stop(&mut self, what: Ended, index: u32, now: Time) {
        let record = &mut self.person.record;
        let at = index as usize;
        match what {
            Ended::Condition => record.conditions[at].abatement = Some(now),
            Ended::Allergy => record.allergies[at].abatement = Some(now),
            Ended::Medication => {
                record.medications[at].stop = Some(now);
                record.medications[at].stop_reason = Some(self.ground.modules.words.stopped);
            }
            Ended::CarePlan => record.care_plans[at].stop = Some(now),
            Ended::Device => record.devices[at].stop = Some(now),
        }
        self.active[what as usize].retain(|active| active.index != index);
        self.record_changes += 1;
    }

    pub(super) fn end(&mut self, at: usize, what: Ended, by: &By, now: Time) {
        self.sync();
        let undiagnosed = |entry: Entry| match what {
            Ended::Condition => matches!(entry, Entry::Condition(_)),
            Ended::Allergy => matches!(entry, Entry::Allergy(_)),
            _ => false,
        };
        let codes: &[CodeId] = match by {
            By::Codes(codes) => codes,
            By::State(name) => {
                let found: Vec<u32> = self.active[what as usize]
                    .iter()
                    .filter(|active| active.name == *name && active.instance == at)
                    .filter(|active| self.going_on(what, active.index))
                    .map(|active| active.index)
                    .collect();
                for index in found {
                    self.stop(what, index, now);
                }
                self.forget(at, now, |_, pending| {
                    pending.name == *name && undiagnosed(pending.entry)
                });
                return;
            }
            By::Attribute(id) => {
                let value = self.person.attribute(*id);
                if let Value::Entry(entry) = value {
                    self.forget(at, now, |_, pending| pending.entry == entry);
                }
                match self.code_of(value) {
                    Some(code) => &[code],
                    None => return,
                }
            }
        };
        for code in codes {
            if let Some(active) = self.find_active(what, *code) {
                self.stop(what, active.index, now);
            }
        }
        self.forget(at, now, |run, pending| {
            undiagnosed(pending.entry)
                && run
                    .codes_of(Value::Entry(pending.entry))
                    .is_some_and(|list| codes.contains(&run.main(list)))
        });
    }

    /// Ends what was never diagnosed: nobody will find it any more.
    pub(super) fn forget(&mut self, at: usize, now: Time, which: impl Fn(&Self, &Pending) -> bool) {
        if self.instances[at].pending.is_empty() {
            return;
        }
        let mut pending = std::mem::take(&mut self.instances[at].pending);
        pending.retain(|pending| {
            if !which(self, pending) {
                return true;
            }
            match pending.entry {
                Entry::Condition(index) => {
                    self.person.record.conditions[index as usize].abatement = Some(now);
                }
                Entry::Allergy(index) => {
                    self.person.record.allergies[index as usize].abatement = Some(now);
                }
                _ => {}
            }
            false
        });
        self.instances[at].pending = pending;
    }

    pub(super) fn assign(&mut self, attribute: Option<AttributeId>, entry: Entry) {
        if let Some(attribute) = attribute {
            self.person.set(attribute, Value::Entry(entry));
        }
    }

    pub(super) fn reason(&mut self, at: usize, reason: Option<Reason>) -> Option<CodeList> {
        let reason = reason?;
        let value = reason.attribute.map_or(Value::Unset, |id| self.person.attribute(id));
        if value != Value::Unset {
            return self.codes_of(value);
        }
        self.reason_by_state(at, reason.state)
    }

    /// The codes of a diagnosed condition a state of this module brought on.
    pub(super) fn reason_by_state(&mut self, at: usize, name: Symbol) -> Option<CodeList> {
        self.sync();
        self.active[Ended::Condition as usize]
            .iter()
            .rev()
            .find(|active| {
                active.name == name
                    && active.instance == at
                    && self.going_on(Ended::Condition, active.index)
            })
            .map(|active| self.person.record.conditions[active.index as usize].codes)
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn condition_onset(
        &mut self,
        at: usize,
        state: StateId,
        name: Symbol,
        codes: CodeList,
        target: Option<Symbol>,
        assign: Option<AttributeId>,
        now: Time,
    ) {
        self.sync();
        let found = self.found_at_once(at, target);
        if found && let Some(active) = self.find_active(Ended::Condition, self.main(codes)) {
            self.assign(assign, Entry::Condition(active.index));
            return;
        }
        if let Some(known) = self.instances[at].pending.iter().find(|known| known.state == state) {
            let entry = known.entry;
            self.assign(assign, entry);
            return;
        }
        let index = self.person.record.conditions.len() as u32;
        self.person.record.conditions.push(record::Condition {
            codes,
            onset: now,
            abatement: None,
            encounter: None,
            diagnosed: None,
            module: self.instances[at].machine,
        });
        self.begin(Ended::Condition, codes, index, name, at);
        self.onset(at, state, name, Entry::Condition(index), target, assign, found, now);
    }

    pub(super) fn allergy_onset(
        &mut self,
        at: usize,
        state: StateId,
        name: Symbol,
        wanted: &AllergyState,
        now: Time,
    ) {
        self.sync();
        let found = self.found_at_once(at, wanted.target);
        if found && let Some(active) = self.find_active(Ended::Allergy, self.main(wanted.codes)) {
            self.assign(wanted.assign, Entry::Allergy(active.index));
            return;
        }
        if let Some(known) = self.instances[at].pending.iter().find(|known| known.state == state) {
            let entry = known.entry;
            self.assign(wanted.assign, entry);
            return;
        }
        let mut reactions = Vec::new();
        for (reaction, severities) in &wanted.reactions {
            let mut left = self.person.random.unit();
            let severity = severities.iter().find(|(_, probability)| {
                left -= probability;
                left < 0.0
            });
            if let Some((Some(severity), _)) = severity.or(severities.last()) {
                reactions.push((*reaction, *severity));
            }
        }
        let index = self.person.record.allergies.len() as u32;
        self.person.record.allergies.push(Allergy {
            codes: wanted.codes,
            onset: now,
            abatement: None,
            encounter: None,
            diagnosed: None,
            intolerance: wanted.intolerance,
            category: wanted.category,
            reactions,
        });
        self.begin(Ended::Allergy, wanted.codes, index, name, at);
        let entry = Entry::Allergy(index);
        self.onset(at, state, name, entry, wanted.target, wanted.assign, found, now);
    }

    /// Diagnosed the moment it begins: no target, or its target is the visit going on.
    pub(super) fn found_at_once(&self, at: usize, target: Option<Symbol>) -> bool {
        target.is_none()
            || self.instances[at].encounter.is_some_and(|(_, name)| Some(name) == target)
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn onset(
        &mut self,
        at: usize,
        state: StateId,
        name: Symbol,
        entry: Entry,
        target: Option<Symbol>,
        assign: Option<AttributeId>,
        found: bool,
        now: Time,
    ) {
        self.assign(assign, entry);
        match self.encounter(at).filter(|_| found) {
            Some(encounter) => self.find(entry, encounter, now),
            None => {
                let target = target.filter(|_| !found);
                self.instances[at].pending.push(Pending { entry, name, target, assign, state });
            }
        }
    }

    pub(super) fn find(&mut self, entry: Entry, encounter: EncounterIndex, now: Time) {
        match entry {
            Entry::Condition(index) => {
                let condition = &mut self.person.record.conditions[index as usize];
                condition.encounter = Some(encounter);
                condition.diagnosed = Some(now);
            }
            Entry::Allergy(index) => {
                let allergy = &mut self.person.record.allergies[index as usize];
                allergy.encounter = Some(encounter);
                allergy.diagnosed = Some(now);
            }
            _ => {}
        }
        self.record_changes += 1;
    }

    /// Finds what waits for an encounter of this name, and what waits for any.
    pub(super) fn diagnose(
        &mut self,
        at: usize,
        name: Symbol,
        encounter: EncounterIndex,
        now: Time,
    ) {
        self.diagnose_any(encounter, now);
        self.diagnose_where(at, encounter, now, |pending| pending.target == Some(name));
    }

    pub(super) fn diagnose_any(&mut self, encounter: EncounterIndex, now: Time) {
        for at in 0..self.instances.len() {
            if !self.instances[at].pending.is_empty() {
                self.diagnose_where(at, encounter, now, |pending| pending.target.is_none());
            }
        }
    }

    pub(super) fn diagnose_where(
        &mut self,
        at: usize,
        encounter: EncounterIndex,
        now: Time,
        which: impl Fn(&Pending) -> bool,
    ) {
        if !self.instances[at].pending.iter().any(&which) {
            return;
        }
        let all = std::mem::take(&mut self.instances[at].pending);
        let (found, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(which);
        self.instances[at].pending = rest;
        for pending in found {
            let what = match pending.entry {
                Entry::Condition(_) => Ended::Condition,
                _ => Ended::Allergy,
            };
            let code = self.code_of(Value::Entry(pending.entry));
            match code.and_then(|code| self.find_active(what, code)) {
                // Known already, from elsewhere: it stays the one it is.
                Some(active) => {
                    let entry = match what {
                        Ended::Condition => Entry::Condition(active.index),
                        _ => Entry::Allergy(active.index),
                    };
                    self.assign(pending.assign, entry);
                }
                None => {
                    self.find(pending.entry, encounter, now);
                    self.assign(pending.assign, pending.entry);
                }
            }
        }
    }

    pub(super) fn medication(
        &mut self,
        at: usize,
        name: Symbol,
        order: &MedicationState,
        now: Time,
    ) {
        if let Some(active) = self.find_active(Ended::Medication, self.main(order.codes)) {
            if order.chronic {
                self.person.record.medications[active.index as usize].chronic = true;
            }
            self.assign(order.assign, Entry::Medication(active.index));
            return;
        }
        let Some(encounter) = self.encounter(at) else { return };
        let reason = self.reason(at, order.reason);
        let index = self.person.record.medications.len() as u32;
        self.person.record.medications.push(Medication {
            codes: order.codes,
            start: now,
            stop: None,
            stop_reason: None,
            encounter,
            reason,
            chronic: order.chronic,
            dosage: order.dosage.clone(),
            supply: order.supply,
            administered: order.administered,
            renewal: false,
        });
        self.begin(Ended::Medication, order.codes, index, name, at);
        self.assign(order.assign, Entry::Medication(index));
    }

    pub(super) fn care_plan(&mut self, at: usize, name: Symbol, plan: &CarePlanState, now: Time) {
        if let Some(active) = self.find_active(Ended::CarePlan, self.main(plan.codes)) {
            self.assign(plan.assign, Entry::CarePlan(active.index));
            return;
        }
        let Some(encounter) = self.encounter(at) else { return };
        let reason = self.reason(at, plan.reason);
        let index = self.person.record.care_plans.len() as u32;
        self.person.record.care_plans.push(CarePlan {
            codes: plan.codes,
            start: now,
            stop: None,
            encounter,
            reason,
            activities: plan.activities.to_vec(),
            goals: plan.goals.to_vec(),
        });
        self.begin(Ended::CarePlan, plan.codes, index, name, at);
        self.assign(plan.assign, Entry::CarePlan(index));
    }

    pub(super) fn procedure(
        &mut self,
        at: usize,
        frame: Frame,
        procedure: &ProcedureState,
        now: Time,
    ) -> Outcome {
        if !frame.fresh {
            return self.sleep(at, frame.until, now);
        }
        let seconds = procedure.time.as_ref().map(|time| self.seconds(time));
        self.transfer(at, procedure.ward, now);
        let stop = now.plus(seconds.unwrap_or(PROCEDURE_SECONDS));
        if let Some(encounter) = self.encounter(at) {
            let reason = self.reason(at, procedure.reason);
            self.add_procedure(procedure.codes, reason, encounter, now, stop);
            let index = self.person.record.procedures.len() as u32 - 1;
            self.assign(procedure.assign, Entry::Procedure(index));
        }
        match seconds {
            Some(_) => self.sleep(at, stop, now),
            None => Outcome::Go,
        }
    }

    pub(super) fn add_procedure(
        &mut self,
        codes: CodeList,
        reason: Option<CodeList>,
        encounter: EncounterIndex,
        start: Time,
        stop: Time,
    ) {
        self.person.record.procedures.push(Procedure { codes, start, stop, encounter, reason });
        self.record_changes += 1;
        if let Some(open) = &mut self.open
            && open.index == encounter
        {
            open.busy = open.busy.max(stop);
            if open.close != NEVER {
                open.close = open.close.max(stop);
            }
        }
    }

    pub(super) fn imaging(&mut self, at: usize, imaging: &ImagingState, now: Time) {
        let Some(encounter) = self.encounter(at) else { return };
        let random = &mut self.person.random;
        let mut count = |(low, high): (u32, u32)| random.whole(i64::from(low), i64::from(high));
        let wanted: Vec<&SeriesState> = match (imaging.count, imaging.series.first()) {
            ((0, _), _) | (_, None) => imaging.series.iter().collect(),
            (bounds, Some(first)) => vec![first; count(bounds) as usize],
        };
        let series = wanted
            .into_iter()
            .map(|series| Series {
                body_site: series.body_site,
                modality: series.modality,
                instances: match (series.count, series.instances.first()) {
                    ((0, _), _) | (_, None) => series.instances.to_vec(),
                    (bounds, Some(first)) => vec![*first; count(bounds) as usize],
                },
            })
            .collect();
        self.person.record.imaging.push(Imaging {
            procedure: imaging.procedure,
            time: now,
            encounter,
            reason: None,
            series,
        });
        let stop = now.plus(IMAGING_SECONDS);
        self.add_procedure(imaging.procedure, None, encounter, now, stop);
    }

    pub(super) fn finding(&mut self, observation: &ObservationState, now: Time) -> Finding {
        let unit = self.ground.vocabulary.symbol(observation.unit);
        match &observation.value {
            Observed::Nothing => Finding::None,
            Observed::Amount(amount) => {
                let value = self.draw(amount);
                match (amount.decimals, amount.distribution) {
                    (Some(decimals), _) => quantity(value, decimals),
                    (None, _) if amount.round => quantity(value, 0),
                    (None, Distribution::Exact(value)) => {
                        let places = (0..4_u8).find(|places| {
                            let scale = 10_f64.powi(i32::from(*places));
                            ((value * scale).round() - value * scale).abs() < 1e-9
                        });
                        quantity(value, places.unwrap_or(4))
                    }
                    (None, _) => quantity(value, decimals(unit, value)),
                }
            }
            Observed::Text(text) => Finding::Text(*text),
            Observed::Bool(truth) => Finding::Bool(*truth),
            Observed::Code(code) => Finding::Code(*code),
            Observed::Vital(vital) => match vital.and_then(|vital| self.vital(vital, now)) {
                Some(value) => quantity(value, decimals(unit, value)),
                None => Finding::None,
            },
            Observed::From(source) => match self.value(*source, now) {
                Value::Unset => Finding::None,
                Value::Bool(truth) => Finding::Bool(truth),
                Value::Number(value) if value.fract() == 0.0 => quantity(value, 0),
                Value::Number(value) => quantity(value, decimals(unit, value)),
                Value::Text(text) => Finding::Text(text),
                value => self.code_of(value).map_or(Finding::None, Finding::Code),
            },
            Observed::Expression(expression) => {
                match expression.value(|name| self.number(name, now)) {
                    Some(value) => quantity(value, decimals(unit, value)),
                    None => Finding::None,
                }
            }
        }
    }

    pub(super) fn observe(
        &mut self,
        wanted: &ObservationState,
        encounter: EncounterIndex,
        now: Time,
    ) {
        let value = self.finding(wanted, now);
        self.person.record.observations.push(Observation {
            codes: wanted.codes,
            time: now,
            encounter,
            category: wanted.category,
            value,
            unit: wanted.unit,
            components: Vec::new(),
        });
        self.record_changes += 1;
    }

    pub(super) fn multi(
        &mut self,
        at: usize,
        codes: CodeList,
        category: &'static str,
        parts: &[ObservationState],
        last: usize,
        now: Time,
    ) {
        let Some(encounter) = self.encounter(at) else { return };
        let mut components = Vec::with_capacity(parts.len());
        if last > 0 {
            // Older files: the observations made just before become its parts.
            let observations = &mut self.person.record.observations;
            let from = observations.len() - last.min(observations.len());
            let own = observations[from..].iter().filter(|o| o.encounter == encounter).count();
            let from = observations.len() - own;
            components.extend(observations.drain(from..).map(|o| (o.codes, o.value, o.unit)));
            self.observations_seen = self.observations_seen.min(observations.len());
        }
        for part in parts {
            let finding = self.finding(part, now);
            components.push((part.codes, finding, part.unit));
        }
        self.person.record.observations.push(Observation {
            codes,
            time: now,
            encounter,
            category,
            value: Finding::None,
            unit: self.ground.modules.words.no_unit,
            components,
        });
        self.record_changes += 1;
    }

    pub(super) fn report(
        &mut self,
        at: usize,
        codes: CodeList,
        parts: &[ObservationState],
        last: usize,
        now: Time,
    ) {
        let Some(encounter) = self.encounter(at) else { return };
        let end = self.person.record.observations.len();
        let mut from = end;
        if last > 0 {
            let earlier = &self.person.record.observations[end - last.min(end)..];
            from = end - earlier.iter().filter(|o| o.encounter == encounter).count();
        }
        for part in parts {
            self.observe(part, encounter, now);
        }
        let observations = (from as u32..self.person.record.observations.len() as u32).collect();
        self.person.record.reports.push(Report { codes, time: now, encounter, observations });
        self.record_changes += 1;
    }
}
