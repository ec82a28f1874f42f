//! The words that say whether something is so.
//!
//! The table is our own. It was written with the trigger lists of NegEx and ConText in view
//! (github.com/chapmanbe/negex, Apache-2.0, Wendy Chapman and others), whose classes it keeps:
//! triggers before and after, false triggers, and words that end a reach.

use crate::text::phrase::Phrases;

pub(super) const NEGATED: u8 = 1;
pub(super) const HYPOTHETICAL: u8 = 2;
pub(super) const HISTORICAL: u8 = 4;
pub(super) const FAMILY: u8 = 8;
pub(super) const UNCERTAIN: u8 = 16;
pub(super) const FUTURE: u8 = 32;
const ALL: u8 = 63;

/// What a phrase does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// What it says of what it reaches.
    pub(super) effects: u8,
    /// Which effects of other triggers end at it.
    pub(super) ends: u8,
    /// How many tokens it reaches.
    pub(super) reach: u16,
    /// How sure it is, 0 to 1.
    pub(super) score: f32,
    /// Whether it speaks of what follows.
    pub(super) forward: bool,
    /// Whether it speaks of what stood before.
    pub(super) backward: bool,
}

/// Speaks of what follows.
const fn before(effects: u8, reach: u16, score: f32) -> Rule {
    Rule { effects, ends: 0, reach, score, forward: true, backward: false }
}

/// Speaks of what stood before.
const fn after(effects: u8, reach: u16, score: f32) -> Rule {
    Rule { effects, ends: 0, reach, score, forward: false, backward: true }
}

/// Speaks of both sides.
const fn around(effects: u8, reach: u16, score: f32) -> Rule {
    Rule { effects, ends: 0, reach, score, forward: true, backward: true }
}

/// Ends the reach of others.
const fn end(ends: u8) -> Rule {
    Rule { effects: 0, ends, reach: 0, score: 0.0, forward: false, backward: false }
}

impl Rule {
    const fn ending(self, ends: u8) -> Self {
        Self { ends, ..self }
    }
}

/// Looks like a trigger and is none.
const NOTHING: Rule = end(0);

/// The rest of any sentence.
const FAR: u16 = 400;

/// What a year of the last century does.
pub(super) fn year() -> Rule {
    after(HISTORICAL, 14, 0.65)
}

/// What an item of a list does.
pub(super) fn item() -> Rule {
    end(ALL)
}

/// Rules and their phrases, `|` between them. Of a phrase listed twice the later rule counts.
const TABLE: &[(Rule, &str)] = &[
    // Denied, before.
    (
        before(NEGATED, 60, 0.95),
        "no|without|w/o|denies|denied|deny|denying|negative for|no evidence of|no evidence for|\
         no evidence|no sign of|no signs of|no signs or symptoms of|no symptoms of|\
         no indication of|no suggestion of|no finding of|no findings of|no findings to suggest|\
         no findings to indicate|absence of|absent|free of|free from|never had|never has had|\
         never developed|never experienced|never|lack of|lacks|lacked|lacking|neither|nor|\
         fails to reveal|fail to reveal|failed to reveal|failed to show|fails to show|\
         did not reveal|did not show|does not show|does not reveal|does not demonstrate|\
         did not demonstrate|has no|had no|have no|with no|is without|was without|\
         no new|no other|no acute|no obvious|no significant|no known|no current|no active|\
         no further|no recent|no such|no abnormal|no associated|not associated with|\
         no complaints of|no complaint of|no reports of|no report of|no mention of|\
         no clinical evidence of|no radiographic evidence of|no definite|no definite evidence of|\
         no clear|no gross|no overt|no convincing|no frank|no apparent|\
         not have|not had|not having|does not have|did not have|do not have|has not had|\
         have not had|had not had|doesn't have|didn't have|don't have|hasn't had|haven't had|\
         not demonstrate|not exhibit|not appear to have|not feel|not know of|not know to have|\
         not reveal|not see|not complain of|not complaining of|not complained of|\
         not to be|not appreciate|not appreciated any|not identify|not detect|\
         ruled out for|rules out|ruled out any|unremarkable for|exam negative for|\
         not consistent with|not compatible with|rather than|instead of|clear of|declines|declined|negative examination for|\
         not experiencing|not experience|not experienced|not reporting|not endorse|\
         does not endorse|did not endorse|not evidence of|not developed|not develop|\
         non contributory for|not diagnostic of|not suggestive of|not suspicious for|\
         no suspicion for|no concern for|zero|\
         deny any|denies any|denies having|denied having|denies any history of current|\
         rules him out|rules her out|rules the patient out|ruled him out for|\
         ruled her out for|ruled the patient out for|test for|nondiagnostic for|\
         is not|are not|was not|were not|isn't|aren't|wasn't|weren't|does not|did not|do not|\
         doesn't|didn't|don't|has not|have not|had not|hasn't|haven't|hadn't",
    ),
    (before(NEGATED, 12, 0.85), "not|can not|cannot|can't|cannot see|unable to|won't|n't"),
    (NOTHING, "test for|not only|not just|not merely"),
    // Denied, after.
    (
        after(NEGATED, 14, 0.9),
        "is negative|was negative|are negative|were negative|is absent|was absent|are absent|\
         were absent|not seen|not identified|not demonstrated|not present|not appreciated|\
         not noted|not detected|not visualized|not visualised|not evident|not found|\
         not observed|not palpable|not palpated|not elicited|not apparent|not reported|\
         is not seen|are not seen|was not seen|were not seen|is not identified|\
         are not identified|was not identified|were not identified|is not present|\
         are not present|was not present|were not present|is not appreciated|\
         was not appreciated|are not appreciated|were not appreciated|is not noted|\
         was not noted|is not evident|was not evident|are not evident|not been seen|\
         not been identified|is not detected|was not detected|were not detected|\
         is not demonstrated|was not demonstrated|is not visualized|are not visualized|\
         was not found|were not found|was not observed|were not observed|\
         ruled out|is ruled out|was ruled out|were ruled out|are ruled out|has been ruled out|\
         have been ruled out|been ruled out|was excluded|were excluded|is excluded|\
         has been excluded|is denied|was denied|are denied|were denied|none seen|\
         none noted|none present|none identified|: none|: negative|: denies|: denied|: absent|\
         : no|: neg|(-)|- none|- negative|- denies|= negative|= neg|is not there|not had|is not felt to be present",
    ),
    (after(NEGATED, 4, 0.75), "free|negative|-free|neg"),
    (
        after(NEGATED | UNCERTAIN, 14, 0.6),
        "unlikely|is unlikely|was unlikely|very unlikely|\
      is less likely|less likely|is not likely|not likely|is doubtful|doubtful",
    ),
    (
        before(NEGATED | UNCERTAIN, 14, 0.6),
        "unlikely to be|unlikely to represent|unlikely to have|\
      doubt",
    ),
    (
        before(NEGATED | HISTORICAL, 60, 0.9),
        "no history of|no h/o|no hx of|no prior history of|\
      no previous history of|no past history of|no past medical history of|\
      no past medical history|no significant past medical history|no known history of|\
      denies history of|denies a history of|denies any history of|denies any prior|\
      denied history of|denied a history of|denied any history of|denies h/o|denies hx of|\
      denies prior|without history of|without a history of|without any history of|\
      without prior|no prior|no previous|negative history of|not have a history of|\
      not have any history of|not give a history of|no significant history of|\
      never been diagnosed with|never diagnosed with|no history|no personal history of",
    ),
    (
        before(NEGATED | FAMILY, 60, 0.9),
        "no family history of|no family history|\
      no known family history of|no significant family history of|no fh of|\
      denies family history of|denies any family history of|denies a family history of|\
      negative family history of|family history is negative for|family history negative for|\
      family history is noncontributory for|no familial|family history was negative for",
    ),
    (before(NEGATED | HYPOTHETICAL, 20, 0.7), "avoid|to avoid|do not take|don't take|do not use"),
    (
        before(HISTORICAL | NEGATED, 20, 0.6),
        "no longer|no longer has|no longer had|no longer having",
    ),
    // Denied-looking.
    (
        NOTHING,
        "no increase|no increase in|no change|no change in|no changes in|no significant change|\
         no significant change in|no significant interval change|no interval change|\
         no interval change in|no suspicious change|no definite change|no appreciable change|\
         no change from|no changes|\
         not extend|not cause|not drain|not necessarily|without difficulty|without contrast|\
         without contract|with and without|with or without|without complication|\
         without complications|gram negative|gram-negative|rh negative|rh-negative|\
         no improvement|not improved|not improve|not improving|not resolved|not resolve|\
         no relief|no relief from|without relief|no doubt|without change|not changed|\
         no more than|not more than|not less than|no less than|not relieved|not relieved by|\
         not controlled|not well controlled|not responding to|not respond to|\
         not tolerate|not tolerated|not taking|not yet|negative pressure|\
         not limited to|not a candidate for|not a candidate|not at all|no response to|\
         no response|if negative|without evaluation for|no attempt|no.|\
         double negative|false negative|triple negative|triple-negative|coagulase negative|\
         coagulase-negative|her2 negative|seronegative|not helped by|not been able|\
         not been helped|not go away|not worsen|not changed by|no worse|no different",
    ),
    (
        before(UNCERTAIN, 16, 0.8),
        "not certain if|not certain whether|not sure if|not sure whether|unsure if|not clear if|\
         not clear whether|unclear if|unclear whether|cannot rule out|can not rule out|\
         not rule out|cannot exclude|can not exclude|not exclude|could not exclude|\
         couldn't rule out|could not rule out|can't rule out|not been ruled out for|\
         whether|or whether|unable to exclude|unable to rule out|does not exclude|does not rule out|\
         did not rule out|don't know if|not know if|not know whether",
    ),
    (
        after(UNCERTAIN, 16, 0.8),
        "cannot be excluded|can not be excluded|could not be excluded|cannot be ruled out|\
         can not be ruled out|could not be ruled out|not excluded|is not excluded|\
         not ruled out|not been ruled out|has not been ruled out|not be excluded|\
         should be ruled out|must be ruled out|to be ruled out|is possible|is suspected|\
         was suspected|is considered|was considered|in the differential|is questionable|\
         is likely|is probable|was questioned|is in question|be ruled out|vs|versus|vs.",
    ),
    // Not sure, before.
    (
        before(UNCERTAIN, 10, 0.75),
        "possible|possibly|probable|probably|likely|most likely|suspected|suspect|suspects|\
         suspicion of|suspicion for|suspicious for|concern for|concerning for|concerns for|\
         concerned about|concern about|concern of|question of|questionable|?|may have|\
         may represent|may reflect|may be|might be|might have|might represent|could be|\
         could represent|could have|presumed|presumably|presumptive|suggestive of|suggesting|\
         suggests|suggest|appears to be|appears to have|possibility of|possibility that|\
         differential includes|differential diagnosis includes|differential diagnosis of|\
         rule out|r/o|ro|to rule out|evaluate for|evaluated for|evaluation for|\
         evaluation of possible|versus|vs|perhaps|apparent|apparently|seems to have|\
         cannot completely exclude|thought to be|felt to be|thought to have|believed to be|\
         working diagnosis of|equivocal for|indeterminate for|worrisome for|\
         borderline|equivocal|as if|being evaluated for|be evaluated for|checked for|\
         workup for|work-up for|work up for|screening for|screen for|tested for",
    ),
    // Only spoken of.
    (
        before(HYPOTHETICAL, FAR, 0.9),
        "if|return for|return if|return to the emergency department for|return to the er for|\
         return to ed for|return to the ed for|return to clinic for|return immediately for|\
         come back for|come back if|come back to|should he|should she|should you|should they|\
         should there|should the patient|should the|should any|should symptoms|call if|call for|\
         call also for|also call for|call your doctor for|call your doctor if|\
         call the doctor if|call the doctor for|call the office for|call the office if|\
         call the physician if|call the physician for|call us for|call us if|call immediately for|\
         call with|call 911 for|call your physician for|call your physician if|\
         seek medical attention for|seek medical care for|seek immediate care for|\
         seek care for|seek medical attention|look out for|watch for|watch out for|\
         monitor for|monitored for|monitoring for|observe for|in case of|in the event of|\
         in the event that|notify your doctor|notify the physician|notify the doctor|\
         notify physician|report any|contact your doctor|contact the office|\
         return precautions|precautions for|warning signs|signs to watch for|\
         unless|if you have|if you develop|if he develops|if she develops|\
         instructed to return|advised to return|told to return|to return for|\
         to call for|to call if|to return if|he is to return|she is to return|returning for|\
         are to return|return to the hospital|return to hospital|return to the emergency room|\
         return to the emergency department|return to the er|return to the ed|return to er|\
         return to ed|call the office|call the doctor|call the physician|call your doctor|\
         call your physician|call us|call dr|call dr.|call his physician|call her physician|\
         contact your physician|notify|notify md for|please call|should call|should return|\
         should be notified|any signs of|come to the emergency room|go to the emergency room|\
         go to the nearest emergency room|monitor her for|monitor him for|watch her for|\
         watch him for|immediately for|immediately if|any of the following|as if he was going to|as if she was going to",
    ),
    (
        before(HYPOTHETICAL, 8, 0.75),
        "as needed for|p.r.n. for|prn for|prn|p.r.n.|prophylaxis for|prophylaxis against|to prevent|\
         prevention of|for prevention of|prophylaxis of|risk of|risk for|risks of|at risk for|\
         at risk of|increased risk of|increased risk for|high risk for|high risk of|\
         risks include|risks including|risks, including|to treat any|\
         side effects of|side effects include|side effects including|complications including|\
         complications such as|complications include|counseled on|educated about|\
         education on|ways of|in order to avoid|to be on the lookout for|as if|\
         educated on|fear of|afraid of|worried about|history of exposure to",
    ),
    (NOTHING, "if negative|know if|risk factors|risk factor|what if|as if to"),
    // Past, before.
    (
        before(HISTORICAL, FAR, 0.85),
        "history|history of|h/o|hx|hx of|past medical history|past medical history of|\
         past medical history is significant for|past medical history significant for|\
         past medical history includes|past medical history is positive for|pmh|pmhx|pmh of|\
         medical history|medical history of|medical history significant for|\
         past history of|past history|past surgical history|surgical history|psh|\
         known history of|significant history of|history significant for|\
         history is significant for|history notable for|history is notable for|\
         past psychiatric history|has had a history of|long history of|\
         prior history of|remote history of|previous history of|\
         carries a diagnosis of|carries the diagnosis of|has been diagnosed with|\
         was diagnosed with|previously diagnosed with|previous diagnosis of|\
         prior diagnosis of|long-standing history of|longstanding history of|known to have",
    ),
    (
        before(HISTORICAL, 10, 0.8),
        "status post|s/p|prior|previous|previously|previous episode of|prior episode of|\
         previous episodes of|former|formerly|old|remote|healed|past|status-post|sp|\
         in the past for|had been treated for|used to have|in the past had|\
         postop from|recovered from|known|pre-existing|preexisting|as a child had|\
         last episode of|childhood|ex|quit|was a|were once|pre - existing|chronic history of",
    ),
    // Past, after.
    (
        after(HISTORICAL, 20, 0.75),
        "in the past|years ago|year ago|months ago|decades ago|many years ago|\
         several years ago|as a child|in childhood|as a teenager|in his youth|in her youth|\
         since childhood|previously|last year|in the remote past|at age|at the age of|\
         years prior|years previously|years earlier|months prior|as an infant|\
         years before|history|status post repair|in infancy",
    ),
    // Past-looking.
    (
        NOTHING,
        "history and physical|history, physical|history taking|poor history|\
         history and examination|history of chief complaint|history of present illness|\
         history of presenting illness|history of the present illness|\
         social history|clinical history|patient history|detailed history|history from|\
         history, and|history and|day history of|days history of|week history of|weeks history of|\
         month history of|months history of|year history of|years history of|hour history of|\
         hours history of|minute history of|day history|week history|month history|\
         day h/o|week h/o|month h/o|year h/o|day hx of|week hx of|hour h/o|day hx|\
         several day history of|days' history of|weeks' history of|months' history of|\
         previous study|previous exam|previous examination|previous films|previous film|\
         previous radiograph|previous ct|previous mri|prior study|prior exam|\
         prior examination|prior radiograph|prior ct|prior mri|prior to|prior films|\
         prior film|compared to prior|compared with prior|comparison to prior|\
         compared to previous|from prior|previous report|prior report|previous day|\
         previous visit|prior visit|previous echocardiogram|prior echocardiogram|\
         year old|years old|year-old|-year-old|- year - old|months old|day old|month old|week old|\
         from previous|than previous|than prior|history is limited|history provided by|\
         past few days|past week|past several days|past month|past few weeks|past two days|\
         past three days|past day|past 24 hours|past several weeks|past couple of days|\
         history obtained|history was obtained|well known|well-known|previous studies|\
         prior studies|history unobtainable|\
         previous hospital|prior hospital|previous facility|medical history with|\
         on history|by history",
    ),
    // About others.
    (
        before(FAMILY, FAR, 0.9),
        "family history|family history of|family hx of|family hx|fhx|fh of|fh|familial history of|\
         family medical history|strong family history of|positive family history of|\
         family history is significant for|family history significant for|\
         family history is positive for|family history includes|runs in the family",
    ),
    (
        after(FAMILY, 12, 0.85),
        "in the family|runs in the family|in his family|in her family|\
      on his mother's side|on her mother's side|on his father's side|on her father's side|\
      in family members|in relatives",
    ),
    // Planned.
    (
        before(FUTURE, 14, 0.75),
        "will undergo|will have|will need|will require|will be started on|will start|\
         will begin|will get|will obtain|will order|will check|will schedule|will be scheduled for|\
         will receive|will be given|scheduled for|is scheduled for|was scheduled for|\
         scheduled to|plan to|plans to|plan for|planning for|planned for|planned|planning|\
         plan is to|plan is for|to be started on|to undergo|recommend|recommended|\
         recommends|recommending|recommendation for|recommendation of|consider|\
         considering|consideration of|referred for|refer for|referral for|refer to|awaiting|\
         upcoming|is to have|advised to|advise|going to|follow up with|follow-up with|\
         followup with|will follow|ordered|order|pending|to schedule|to arrange|\
         arrange for|to obtain|obtain|set up for|candidate for|would like to|\
         would benefit from|we will|i will|intends to|tomorrow|next week|next month",
    ),
    (
        after(FUTURE, 14, 0.7),
        "is planned|are planned|was planned|is scheduled|are scheduled|\
      will be performed|will be done|will be obtained|will be arranged|is recommended|\
      are recommended|was recommended|will be ordered|is pending|are pending|pending|\
      to be scheduled|to be done|tomorrow|next week|next month|will be scheduled|\
      in the future|to follow|is advised|will be started|to be performed|to be started",
    ),
    // Words that end a reach.
    (
        end(ALL),
        "but|however|nevertheless|nonetheless|yet|although|though|even though|except|\
         except for|apart from|aside from|other than|with the exception of|;|whereas|\
         despite|in spite of|besides|otherwise",
    ),
    (
        end(NEGATED | UNCERTAIN),
        "secondary to|as the cause of|as a cause of|as the source of|as a source of|\
         as the reason for|as the etiology of|as the origin of|for the cause of|\
         as the secondary cause of|cause of|cause for|etiology for|origin for|source for|\
         trigger event for|due to|because of|caused by|as a result of|resulting in|\
         while|until|after|\
         which is|which was|which are|which were|which has|who has|who had|who is|who was|\
         and has|and had|and have|and is|and was|and does have|, has|, had|has been|\
         , is|and are|and were|and reports|and complains|and notes|and states|\
         is identified|are identified|still|there is|there are|there was|there were|\
         positive for|but has|remains|only|mostly|mainly|which|states|reports|reported|\
         complains of|complaining of|endorses|admits to|he has|she has|he had|she had|\
         patient has|i have|he is|she is|he was|she was|patient is|patient was|\
         , he|, she|and he|and she|, the patient|and the patient|, patient|, it|\
         to account for|to explain|to suggest that|associated with|\
         given|found to have|as well as a|, with|, positive|, mild|, moderate",
    ),
    (NOTHING, "associated with nausea|not remains"),
    (
        end(ALL),
        "presented with|presents with|presenting with|who presents|who presented|now presents|\
         , presents|, presented|and presents|and presented",
    ),
    (
        end(HISTORICAL | FAMILY | FUTURE),
        "presented|presents|presenting|complains|\
         complaining|complained|coming in with|comes in with|came in with|was found|is found|\
         currently|today|now|sudden onset of|noted|consistent with|emergency department|\
         recent|recently|admitted|brought|reported|reported to have|\
         , who|who had been|who was admitted|who was brought|who is here|was seen|who was seen|\
         comes in|here for|here with|new onset|new-onset|\
         with complaint of|with complaints of|chief complaint|with chief complaint|\
         at this time|at present|acute onset of|developed|now with|this morning|\
         this time|on presentation|on admission|awoke|woke up|began|started having|\
         this admission|presently|no longer on|comes to|came to|transferred",
    ),
    (end(HYPOTHETICAL | FAMILY), "because|since|because he|because she|since he|since she"),
    (end(HYPOTHETICAL), "then he|then she|then we|would be|we would|i would|will be"),
    (
        end(FAMILY),
        "patient|the patient|patient's|the patient's|her own|his own|he himself|she herself",
    ),
    (
        end(HISTORICAL),
        "postoperative day|hospital day|his signs|her signs|his symptoms|her symptoms|not consistent|his current|her current|\
      current|acute|worsening|increasing",
    ),
];

/// People whose illness is not the patient's.
const KIN: &str = "mother|father|mom|dad|mum|brother|sister|brothers|sisters|sibling|siblings|\
    parent|parents|aunt|uncle|aunts|uncles|cousin|cousins|grandmother|grandfather|grandparent|\
    grandparents|grandma|grandpa|maternal|paternal|son|daughter|sons|daughters|niece|nephew|\
    twin|half-brother|half-sister|relative|relatives|family member|family members|husband|wife|\
    spouse|roommate|boyfriend|girlfriend|fiance|partner|neighbor|coworker|donor|\
    maternal grandmother|maternal grandfather|paternal grandmother|paternal grandfather|\
    maternal aunt|maternal uncle|paternal aunt|paternal uncle|mother's|father's|brother's|\
    sister's|aunt's|uncle's|grandmother's|grandfather's|husband's|wife's|son's|daughter's";

/// Kin who tell rather than suffer.
const TELLING: &str = "reports|reported|reporting|states|stated|says|said|notes|noted|noticed|\
    denies|denied|describes|described|thinks|thought|feels|felt|believes|brought|brings|called|\
    calls|gave|gives|is present|was present|is here|at bedside|at the bedside|is at bedside|\
    is concerned|was concerned|is worried|found|found him|found her|who reports|who states|\
    who brought|who provided|provides|provided|helps|and patient|confirms|confirmed|observed|\
    witnessed|heard|saw|reports that|states that|told|tells|mentions|mentioned|\
    has noticed|has noted|and father report|complains|endorses|asked|asks|agrees|agreed|wants";

/// Words before kin who are only there.
const WITH: &str = "by|per|from|with|to|and|accompanied by|according to|lives with|living with|\
    lives with his|discussed with|history from";

/// All of it.
pub(super) fn table() -> Phrases<Rule> {
    let mut all: Vec<(String, Rule)> = Vec::with_capacity(4_000);
    let kin = around(FAMILY, 0, 0.85);
    for kin_word in KIN.split('|') {
        all.push((kin_word.to_owned(), Rule { reach: 40, backward: false, ..kin }));
        for lead in ["in her", "in his", "in the patient's", "in patient's", "in a", "in the", "in"]
        {
            all.push((format!("{lead} {kin_word}"), Rule { reach: 12, ..kin }));
        }
        for telling in TELLING.split('|') {
            all.push((format!("{kin_word} {telling}"), NOTHING));
        }
        for lead in WITH.split('|') {
            for whose in ["his ", "her ", "the ", "their ", "patient's ", ""] {
                if lead != "and" || !whose.is_empty() {
                    all.push((format!("{lead} {whose}{kin_word}"), NOTHING));
                }
            }
        }
    }
    for (rule, phrases) in TABLE {
        for phrase in phrases.split('|') {
            all.push((phrase.trim().to_owned(), *rule));
        }
    }
    // A denial also ends what was past or hypothetical before it.
    for denial in ["denies", "denied", "deny", "denies any", "has no", "had no"] {
        let rule = before(NEGATED, 60, 0.95).ending(HISTORICAL | FAMILY);
        all.push((denial.to_owned(), rule));
    }
    let curly: Vec<(String, Rule)> = all
        .iter()
        .filter(|(phrase, _)| phrase.contains('\''))
        .map(|(phrase, rule)| (phrase.replace('\'', "’"), *rule))
        .collect();
    all.extend(curly);
    Phrases::new(all.iter().map(|(phrase, rule)| (phrase.as_str(), *rule)))
}
