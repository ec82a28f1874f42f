//! Visits: who holds the one that is open, when it begins and ends, check-ups, symptoms.

use super::*;

impl Run<'_> {
    /// The encounter something is recorded in: the module's own, the open one, or the last.
    pub(super) fn encounter(&self, at: usize) -> Option<EncounterIndex> {
        self.instances[at]
            .encounter
            .map(|(index, _)| index)
            .or(self.open.map(|open| open.index))
            .or(self.person.record.encounters.len().checked_sub(1).map(|last| last as u32))
    }

    pub(super) fn arrival(&mut self, class: Class, ward: Option<Ward>, wanted: Time) -> Time {
        match self.lifecycle {
            Lifecycle::Full => life::arrival(&mut self.person, class, ward, wanted).max(wanted),
            Lifecycle::Bare { .. } => wanted,
        }
    }

    pub(super) fn attend(&mut self, index: EncounterIndex, class: Class, day: u32, now: Time) {
        if self.lifecycle == Lifecycle::Full {
            life::attend(&mut self.person, self.ground.words, index, class, day, now);
        }
        self.record_changes += 1;
    }

    pub(super) fn visit_seconds(&mut self, class: Class) -> i64 {
        match self.lifecycle {
            Lifecycle::Full => life::visit_seconds(&mut self.person, class).max(MINUTE),
            Lifecycle::Bare { .. } => 30 * MINUTE,
        }
    }

    /// An Encounter state: waits its turn, then for the arranged time, then begins.
    pub(super) fn visit(
        &mut self,
        at: usize,
        frame: Frame,
        name: Symbol,
        wanted: &EncounterState,
        now: Time,
    ) -> Outcome {
        if self.open.is_some_and(|open| open.owner == Some(at)) {
            self.leave(at, None, now);
        }
        let emergency = self.instances[at].last.filter(|last| {
            let encounter = &self.person.record.encounters[*last as usize];
            wanted.class == Class::Inpatient
                && encounter.class == Class::Emergency
                && *last as usize + 1 == self.person.record.encounters.len()
                && encounter.stop.is_none_or(|stop| now.since(stop) <= ADMISSION_SECONDS)
        });
        if self.open.is_some() {
            // What was arranged falls through; it is arranged anew when the other visit ends.
            if let Some(frame) = self.instances[at].frames.last_mut() {
                frame.until = NEVER;
            }
            return Outcome::Wait(Wait::Slot);
        }
        let arranged = !frame.fresh && frame.until == now;
        if emergency.is_none() && !arranged {
            let time = self.arrival(wanted.class, wanted.ward, now);
            if time > now {
                if let Some(frame) = self.instances[at].frames.last_mut() {
                    frame.until = time;
                }
                self.wake[at] = time;
                return Outcome::Wait(Wait::Time);
            }
        }
        let machine = self.instances[at].machine;
        let ward = match wanted.class {
            Class::Emergency => Some(wanted.ward.unwrap_or(Ward::Emergency)),
            Class::Inpatient => Some(self.ward_for_age(wanted.ward.unwrap_or(Ward::Medical), now)),
            _ => None,
        };
        let index = self.open_encounter(
            wanted.class,
            wanted.codes,
            ward,
            wanted.acuity,
            Some(machine),
            emergency,
            now,
        );
        if let Some(open) = &mut self.open {
            open.owner = Some(at);
        }
        let instance = &mut self.instances[at];
        instance.encounter = Some((index, name));
        instance.last = Some(index);
        self.attend(index, wanted.class, 0, now);
        self.diagnose(at, name, index, now);
        let reason = self.reason(at, wanted.reason);
        self.person.record.encounters[index as usize].reason = reason;
        Outcome::Go
    }

    /// Children lie in the children's ward, whatever they have, unless it is intensive care.
    pub(super) fn ward_for_age(&self, ward: Ward, now: Time) -> Ward {
        match ward {
            Ward::Medical | Ward::Surgical if self.person.age(now) < 16 => Ward::Paediatric,
            ward => ward,
        }
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn open_encounter(
        &mut self,
        class: Class,
        codes: CodeList,
        ward: Option<Ward>,
        acuity: Option<u8>,
        machine: Option<u16>,
        admitted_from: Option<EncounterIndex>,
        now: Time,
    ) -> EncounterIndex {
        let path =
            machine.map_or("", |machine| &*self.ground.modules.machines[usize::from(machine)].path);
        let mut random = self.person.random.clone();
        let (mut facility, practitioner) =
            self.ground.world.choose(&self.person, class, ward, path, now, &mut random);
        self.person.random = random;
        if let Some(from) = admitted_from {
            facility = self.person.record.encounters[from as usize].facility;
        }
        let mut symptoms: Vec<(Symbol, u8)> = Vec::new();
        for (_, symptom, strength) in &self.person.symptoms {
            match symptoms.iter_mut().find(|(known, _)| known == symptom) {
                Some((_, known)) => *known = (*known).max(*strength),
                None => symptoms.push((*symptom, *strength)),
            }
        }
        symptoms.sort_by_key(|(_, strength)| std::cmp::Reverse(*strength));
        let index = self.person.record.encounters.len() as EncounterIndex;
        self.person.record.encounters.push(Encounter {
            class,
            codes,
            start: now,
            stop: None,
            reason: None,
            discharge: None,
            facility,
            practitioner,
            module: machine,
            wards: ward.map(|ward| (now, ward)).into_iter().collect(),
            acuity,
            symptoms,
            admitted_from,
        });
        let round = if class == Class::Inpatient {
            (now.midnight().plus(DAY + 7 * HOUR), 1)
        } else {
            (NEVER, 0)
        };
        self.open = Some(Open {
            index,
            class,
            start: now,
            owner: None,
            heir: None,
            close: NEVER,
            busy: now,
            serving: false,
            round,
        });
        index
    }

    /// The daily round of a stay.
    pub(super) fn round(&mut self, now: Time) {
        if let Some(open) = &mut self.open {
            let (index, class, day) = (open.index, open.class, open.round.1);
            open.round = (now.plus(DAY), day + 1);
            self.attend(index, class, day, now);
        }
    }

    /// A module's visit is over: it ends now, or when everyone has had enough time.
    pub(super) fn leave(&mut self, at: usize, discharge: Option<CodeId>, now: Time) {
        let Some((index, _)) = self.instances[at].encounter.take() else { return };
        let Some(open) = self.open.filter(|open| open.index == index && open.owner == Some(at))
        else {
            return;
        };
        if discharge.is_some() {
            self.person.record.encounters[index as usize].discharge = discharge;
        }
        let mut close = open.busy.max(now);
        if now.since(open.start) < MINUTE {
            // The module gave it no time.
            close = close.max(open.start.plus(self.visit_seconds(open.class)));
        }
        if let Some(open) = &mut self.open {
            open.owner = None;
            open.heir = Some(at);
            open.close = close;
        }
        if close <= now {
            self.close(now);
        }
    }

    /// A visit does not last as long as what comes next: who waits for weeks has gone home.
    pub(super) fn outstay(&mut self, at: usize, until: Time, now: Time) {
        let Some(open) = self.open.filter(|open| open.owner == Some(at)) else { return };
        let longest = match open.class {
            Class::Inpatient | Class::Hospice | Class::Snf | Class::Home => return,
            Class::Emergency => 3 * DAY,
            _ => DAY,
        };
        if until == NEVER || until.since(open.start) > longest {
            self.leave(at, None, now);
        }
    }

    /// The open encounter ends, and others get their turn.
    pub(super) fn close(&mut self, now: Time) {
        let Some(open) = self.open.take() else { return };
        self.person.record.encounters[open.index as usize].stop = Some(now);
        // What was given during a visit ends with it, so that the next visit can give it again.
        let given: Vec<u32> = self.active[Ended::Medication as usize]
            .iter()
            .map(|active| active.index)
            .filter(|index| {
                let medication = &self.person.record.medications[*index as usize];
                medication.administered && medication.encounter == open.index
            })
            .collect();
        for index in given {
            self.stop(Ended::Medication, index, now);
            self.person.record.medications[index as usize].stop_reason = None;
        }
        self.record_changes += 1;
        for instance in &mut self.instances {
            if instance.encounter.is_some_and(|(index, _)| index == open.index) {
                instance.encounter = None;
            }
        }
        if open.class == Class::Wellness && open.serving {
            self.wellness_next = match self.lifecycle {
                Lifecycle::Full => {
                    life::next_wellness(&mut self.person, self.ground.words, Some(open.start))
                }
                Lifecycle::Bare { check_up_seconds } => {
                    check_up_seconds.map_or(NEVER, |seconds| open.start.plus(seconds))
                }
            }
            .max(now.plus(1));
        } else if self.wellness_next <= now {
            self.wellness_next = self.arrival(Class::Wellness, None, now.plus(1));
        }
        if self.symptom_next <= now {
            self.symptom_next = now.plus(1);
        }
        // The heir first: an admission follows on its emergency visit.
        let order = open.heir.into_iter().chain(0..self.instances.len());
        for at in order {
            if self.instances[at].wait == Wait::Slot && self.person.alive() {
                // Also those that find it taken again: they go on waiting.
                self.advance(at, now);
            }
        }
    }

    /// Opens a visit of the lifecycle and serves the modules that wait for one.
    pub(super) fn check_up(&mut self, class: Class, now: Time) {
        let words = &self.ground.modules.words;
        let codes = match class {
            Class::Wellness if self.person.age(now) < 18 => words.child_visit,
            Class::Wellness => words.adult_visit,
            Class::Emergency => words.emergency_visit,
            Class::UrgentCare => words.urgent_visit,
            _ => words.problem_visit,
        };
        let ward = (class == Class::Emergency).then_some(Ward::Emergency);
        let index = self.open_encounter(class, codes, ward, None, None, None, now);
        let close = now.plus(self.visit_seconds(class));
        let serving = matches!(class, Class::Wellness | Class::Outpatient);
        if let Some(open) = &mut self.open {
            open.close = close;
            open.serving = serving;
        }
        self.attend(index, class, 0, now);
        self.diagnose_any(index, now);
        if serving {
            self.visit += 1;
            self.renew(index, now);
            for at in 0..self.instances.len() {
                if self.instances[at].wait == Wait::Wellness && self.person.alive() {
                    self.advance(at, now);
                }
            }
        }
    }

    /// A state that waits for a check-up.
    pub(super) fn wellness(
        &mut self,
        at: usize,
        name: Symbol,
        reason: Option<Reason>,
        now: Time,
    ) -> Outcome {
        match self.open {
            Some(open) if open.serving && self.instances[at].served != self.visit => {
                self.instances[at].served = self.visit;
                self.instances[at].encounter = Some((open.index, name));
                self.diagnose(at, name, open.index, now);
                let reason = self.reason(at, reason);
                let encounter = &mut self.person.record.encounters[open.index as usize];
                encounter.reason = encounter.reason.or(reason);
                Outcome::Go
            }
            _ => {
                self.outstay(at, NEVER, now);
                Outcome::Wait(Wait::Wellness)
            }
        }
    }

    /// Chronic medicines are prescribed anew at check-ups.
    pub(super) fn renew(&mut self, encounter: EncounterIndex, now: Time) {
        self.sync();
        let chronic: Vec<Active> = self.active[Ended::Medication as usize]
            .iter()
            .filter(|active| {
                let medication = &self.person.record.medications[active.index as usize];
                medication.chronic && medication.stop.is_none() && medication.start < now
            })
            .copied()
            .collect();
        for active in chronic {
            self.stop(Ended::Medication, active.index, now);
            let mut medication = self.person.record.medications[active.index as usize].clone();
            medication.start = now;
            medication.stop = None;
            medication.stop_reason = None;
            medication.encounter = encounter;
            medication.renewal = true;
            let index = self.person.record.medications.len() as u32;
            self.person.record.medications.push(medication);
            self.active[Ended::Medication as usize].push(Active { index, ..active });
            self.synced[Ended::Medication as usize] = index as usize + 1;
        }
    }

    // Symptoms.

    pub(super) fn symptom_strength(&self, symptom: Symbol) -> u8 {
        let of = self.person.symptoms.iter().filter(|(_, name, _)| *name == symptom);
        of.map(|(_, _, strength)| *strength).max().unwrap_or(0)
    }

    pub(super) fn symptom(&mut self, at: usize, symptom: Symbol, strength: u8, now: Time) {
        let cause = self.instances[at].machine;
        let symptoms = &mut self.person.symptoms;
        symptoms.retain(|(of, name, _)| (*of, *name) != (cause, symptom));
        if strength > 0 {
            symptoms.push((cause, symptom, strength));
            self.addressed.retain(|name| *name != symptom);
        }
        self.person.changes += 1;
        let total = self.symptoms_total();
        if total > SYMPTOM_TOTALS[0]
            && total != self.symptom_total
            && now.since(self.symptom_last) >= WEEK
            && self.symptom_next == NEVER
        {
            let class = symptom_class(total);
            self.symptom_next = self.arrival(class, None, now).max(now.plus(1));
        }
    }

    /// The sum of the strongest of each symptom nobody has looked after.
    pub(super) fn symptoms_total(&self) -> u32 {
        let mut seen: Vec<Symbol> = Vec::new();
        let mut total = 0;
        for (_, symptom, _) in &self.person.symptoms {
            if !seen.contains(symptom) && !self.addressed.contains(symptom) {
                seen.push(*symptom);
                total += u32::from(self.symptom_strength(*symptom));
            }
        }
        total
    }

    pub(super) fn symptom_visit(&mut self, now: Time) {
        let total = self.symptoms_total();
        if total <= SYMPTOM_TOTALS[0] {
            return;
        }
        self.symptom_total = total;
        self.symptom_last = now;
        let strongest = self
            .person
            .symptoms
            .iter()
            .filter(|(_, name, _)| !self.addressed.contains(name))
            .max_by_key(|(_, _, strength)| *strength)
            .map(|(_, name, _)| *name);
        self.check_up(symptom_class(total), now);
        self.addressed.extend(strongest);
    }

    // What states write.

    pub(super) fn transfer(&mut self, at: usize, ward: Option<Ward>, now: Time) {
        let Some(ward) = ward else { return };
        let ward = self.ward_for_age(ward, now);
        let Some(open) = self.open.filter(|open| open.owner == Some(at)) else { return };
        if !matches!(open.class, Class::Inpatient | Class::Emergency) {
            return;
        }
        let wards = &mut self.person.record.encounters[open.index as usize].wards;
        match wards.last_mut() {
            Some((_, last)) if *last == ward => {}
            // At the very moment of the last move nobody has moved yet.
            Some((since, last)) if *since == now => *last = ward,
            _ => wards.push((now, ward)),
        }
    }
}
