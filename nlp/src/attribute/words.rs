//! The words of dosages, values, time, severity, place in the body and habits.

use std::sync::LazyLock;

use crate::text::phrase::Phrases;

/// What a phrase is in the grammar of attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A unit of a drug's quantity: `mg`.
    Mass,
    /// A unit that is one of a test as well: `ml`, `%`.
    Either,
    /// A unit of test results only: `mmHg`.
    TestUnit,
    /// Something counted to a dose: `tablet`.
    Form,
    /// A form that is not counted: `ointment`.
    Matter,
    /// How it gets in: `po`.
    Route,
    /// How often, complete in itself: `bid`.
    Frequency,
    /// `once`, `twice`: how often, with what follows.
    Times,
    /// `day`, `hours`.
    Time,
    /// `daily`: both what follows `twice` and complete in itself.
    Daily,
    /// `yesterday`: when, complete in itself.
    When,
    /// `high`, `low`: how much, before `dose`.
    Level,
    /// `dose`.
    Dose,
    /// `overdose`.
    Overdose,
    /// `two`.
    Number,
    /// What a test shows without a number: `positive`.
    Value,
    /// `acute`.
    Acuity,
    /// `left`.
    Direction,
    /// `arm`.
    Site,
    /// `severe`.
    Quality,
    /// `pack`, `beers`: what habits are counted in.
    Pack,
    /// What is smoked.
    Tobacco,
    /// What is drunk.
    Alcohol,
    /// What is abused.
    Drug,
    /// Allergy words.
    Allergy,
    /// `woman`.
    Gender,
    /// `Hispanic`.
    Race,
}

const TABLE: &[(Kind, &str)] = &[
    (
        Kind::Mass,
        "mg|mgs|mg.|milligram|milligrams|mcg|mcgs|microgram|micrograms|ug|µg|μg|micro g|microg|\
         g|gm|gms|gram|grams|ng|nanograms|meq|milliequivalents|iu|ui|international units|units|\
         unit|u|mu|million units|million iu|million u|mmol|millimoles|mci|gbq|mbq|gy|cgy|grains|\
         mgm|mgms|kiu|ku|usp units|mg.|miu|μmol|umol",
    ),
    (
        Kind::Either,
        "ml|mls|milliliter|milliliters|cc|ccs|l|liter|liters|litre|litres|%|percent|kg|mm|cm|oz|ounces",
    ),
    (
        Kind::TestUnit,
        "mmhg|mm hg|bpm|beats per minute|breaths per minute|°f|°c|degrees fahrenheit|\
         degrees celsius|degrees f|degrees c|degrees|fahrenheit|celsius|mm/hr|mm/h|k/ul|\
         cells/ul|/ul|/mm3|/cumm|x10e3/ul|fl|pg|mosm|mosm/kg|kpa|cmh2o|cm h2o|lbs|lb|pounds|\
         kg/m2|ml/min|ml/min/1.73 m2|sec|seconds|msec|ms|inches|inch|feet|ft|kilograms|\
         copies/ml|mm3|µl|μl|ul|hounsfield units|mets|meters|metres|kcal|db|diopters|bpm.",
    ),
    (
        Kind::Form,
        "tablet|tablets|tab|tabs|capsule|capsules|cap|caps|pill|pills|puff|puffs|spray|sprays|\
         drop|drops|gtt|gtts|patch|patches|suppository|suppositories|lozenge|lozenges|\
         inhalation|inhalations|teaspoon|teaspoons|tsp|tablespoon|tablespoons|tbsp|ampule|\
         ampules|ampoule|ampoules|vial|vials|sachet|sachets|packet|packets|scoop|scoops|\
         injection|injections|syringe|syringes|caplet|caplets|softgel|softgels|cartridge|\
         nebs|pen|pens|actuation|actuations|applicator|applicatorful|film|implant",
    ),
    (
        Kind::Matter,
        "ointment|cream|gel|lotion|solution|suspension|syrup|elixir|powder|foam|shampoo|eye drops|\
         ear drops|nasal spray|oral solution|oral suspension|oral tablet|inhaler|nebulizer|\
         nebuliser|infusion|extended release|extended-release|sustained release|\
         sustained-release|slow release|delayed release|delayed-release|xr|er|sr|cr|xl|hfa|\
         mdi|chewable|emulsion|paste|enema|mouthwash|liquid|drip|drops solution",
    ),
    (
        Kind::Route,
        "po|p.o.|p.o|by mouth|orally|oral|iv|i.v.|i.v|intravenous|intravenously|im|i.m.|i.m|\
         intramuscular|intramuscularly|sc|s.c.|sq|subq|subcut|subcutaneous|subcutaneously|\
         sublingual|sublingually|sl|s.l.|topical|topically|inhaled|by inhalation|intranasal|\
         intranasally|nasally|per nostril|rectally|rectal|pr|per rectum|transdermal|\
         transdermally|intrathecal|intrathecally|epidural|intravitreal|intraperitoneal|\
         intradermal|intradermally|ophthalmic|otic|vaginally|vaginal|buccal|via nebulizer|\
         ivpb|iv push|iv drip|per g-tube|via g-tube|per ng tube|via peg|ngt|per os|\
         intraarticular|intra-articular|intralesional|parenteral|parenterally|\
         in each eye|in both eyes|in each nostril|in the left eye|in the right eye|\
         under the tongue|to affected area|to the affected area|enteral|intraosseous|\
         intracavernosal|intravesical|intrapleural|periocular|in the ear",
    ),
    (
        Kind::Frequency,
        "bid|b.i.d.|b.i.d|tid|t.i.d.|t.i.d|qid|q.i.d.|q.i.d|qd|q.d.|q.d|qday|q day|qod|q.o.d.|\
         q.o.d|qhs|q.h.s.|q hs|qam|q am|q.a.m.|qpm|q pm|q.p.m.|hs|h.s.|qac|ac|a.c.|qweek|\
         q week|q weekly|qmonth|q month|q shift|prn|p.r.n.|p.r.n|as needed|as required|\
         when needed|if needed|nightly|at bedtime|every bedtime|at night|every night|each night|\
         at night time|in the morning|in the evening|every morning|each morning|every evening|\
         each evening|at noon|every other day|every other week|every other night|every day|\
         each day|every week|each week|every month|each month|every year|every hour|\
         with meals|before meals|after meals|with each meal|with breakfast|with lunch|\
         with dinner|with food|at breakfast|at lunch|at dinner|before breakfast|before bed|\
         before bedtime|before each meal|after each meal|with supper|three times weekly|\
         around the clock|stat|hourly|on alternate days|alternate days|on mondays|\
         monday wednesday friday|as directed|ad lib|per protocol|q.o.w.|biweekly|bi-weekly|\
         bimonthly|fortnightly|qds|tds|od.|o.d.|once|mane|nocte|in am|in pm|as a single dose",
    ),
    (Kind::Times, "twice|thrice|once"),
    (
        Kind::Daily,
        "daily|weekly|monthly|yearly|annually|a day|per day|a week|per week|a month|per month|\
         /day|/week|/d|/wk|each day|every day|per night|a night|a year|per year|per hour|an hour",
    ),
    (
        Kind::Time,
        "second|minute|minutes|min|mins|hour|hours|hr|hrs|h|day|days|d|week|weeks|wk|wks|month|\
         months|mo|mos|year|years|yr|yrs|decade|decades|cycle|cycles|nights",
    ),
    (
        Kind::When,
        "yesterday|today|tonight|tomorrow|this morning|this afternoon|this evening|last night|\
         last week|last month|last year|last evening|this week|this month|this year|next week|\
         next month|next year|overnight|earlier today|the day before|the next day|\
         the following day|the previous day|the day after|postoperatively|preoperatively|\
         currently|recently|at that time|at birth|in childhood|since childhood|since birth|\
         on admission|at admission|on discharge|at discharge|at presentation|on arrival|\
         over the weekend|in infancy|in adolescence|the other day|a few days ago|\
         several days ago|several weeks ago|several months ago|several years ago|\
         a few weeks ago|a few months ago|a few years ago|many years ago|long ago|\
         some time ago|years ago|months ago|weeks ago|days ago|a year ago|a month ago|\
         a week ago|an hour ago",
    ),
    (
        Kind::Level,
        "high|higher|highest|low|lower|lowest|moderate|medium|intermediate|standard|conventional|\
         regular|usual|single|small|large|massive|excessive|maximal|maximum|minimal|minimum|\
         therapeutic|subtherapeutic|supratherapeutic|toxic|full|half|double|triple|reduced|\
         increased|escalating|cumulative|total|loading|maintenance|bolus|daily|normal|ultralow|\
         initial|starting|weight-based|fixed|divided|lethal|suicidal|recommended|repeated|multiple",
    ),
    (Kind::Dose, "dose|doses|dosage|dosages|dosing"),
    (Kind::Overdose, "overdose|overdoses|overdosage|overdosed|overdosing"),
    (
        Kind::Number,
        "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fourteen|fifteen|twenty|\
         thirty|half|several|few|couple of|a few|half a|one half|one and a half|a couple of|a|an",
    ),
    (
        Kind::Value,
        "positive|negative|normal|abnormal|elevated|high|low|within normal limits|wnl|\
         unremarkable|stable|increased|decreased|reactive|nonreactive|non-reactive|undetectable|\
         detectable|borderline|therapeutic|subtherapeutic|supratherapeutic|trace|1+|2+|3+|4+|\
         markedly elevated|mildly elevated|slightly elevated|not elevated|afebrile|clear|\
         unchanged|indeterminate|equivocal|pending",
    ),
    (
        Kind::Acuity,
        "acute|chronic|subacute|sub-acute|sudden|suddenly|gradual|gradually|persistent|recurrent|\
         intermittent|progressive|longstanding|long-standing|long standing|new onset|new-onset|\
         acute on chronic|acute-on-chronic|transient|episodic|paroxysmal|relapsing|\
         exacerbated|worsening|end-stage|end stage|early|late|advanced|ongoing|constant|sporadic",
    ),
    (
        Kind::Direction,
        "left|right|bilateral|bilaterally|unilateral|upper|lower|anterior|posterior|lateral|medial|\
         proximal|distal|superior|inferior|dorsal|ventral|left-sided|right-sided|left sided|\
         right sided|central|peripheral|ipsilateral|contralateral|midline|left upper|left lower|\
         right upper|right lower|radial|ulnar|plantar|palmar|apical|basal|basilar|cephalad|\
         caudal|rt|lt|bibasilar|biapical|anterolateral|posterolateral|anteromedial|inferolateral",
    ),
    (
        Kind::Quality,
        "mild|moderate|severe|mildly|moderately|severely|marked|markedly|slight|significant|massive|\
         large|small|minimal|profound|extensive|diffuse|focal|multiple|sharp|dull|burning|\
         stabbing|throbbing|aching|crampy|cramping|pressure-like|crushing|radiating|localized|\
         generalized|generalised|malignant|benign|metastatic|invasive|complicated|\
         uncomplicated|controlled|uncontrolled|poorly controlled|well controlled|\
         well-controlled|stable|unstable|refractory|intractable|symptomatic|asymptomatic|\
         productive|nonproductive|non-productive|dry|bloody|watery|painful|painless|tender|\
         itchy|erythematous|mild to moderate|moderate to severe|worse|worst|unbearable|pitting|\
         nonpitting|purulent|ischemic|hemorrhagic|partial|complete|terrible|excruciating|vague",
    ),
    (
        Kind::Site,
        "abdomen|abdominal|ankle|ankles|aorta|aortic|appendix|arm|arms|artery|back|bladder|bone|\
         bones|bowel|brain|breast|breasts|buttock|calf|calves|chest|chin|colon|cornea|coronary|\
         duodenum|ear|ears|elbow|elbows|esophagus|extremities|extremity|eye|eyes|eyelid|face|\
         facial|femur|finger|fingers|flank|foot|feet|forearm|forehead|gallbladder|gastric|groin|\
         hand|hands|head|heart|heel|hepatic|hip|hips|humerus|ileum|intestine|jaw|jejunum|joint|\
         joints|kidney|kidneys|knee|knees|larynx|leg|legs|lip|lips|liver|lobe|lung|lungs|lumbar|\
         lymph node|lymph nodes|mouth|muscle|muscles|neck|nose|ovary|ovaries|pancreas|pelvis|\
         penis|pharynx|prostate|pulmonary|quadrant|rectum|renal|retina|rib|ribs|scalp|scrotum|\
         shoulder|shoulders|shin|sinus|sinuses|skin|skull|spine|spleen|sternum|stomach|\
         temple|testicle|testis|thigh|thighs|throat|thumb|thyroid|tibia|toe|toes|tongue|tonsil|\
         tonsils|trachea|trunk|ureter|urethra|uterus|vagina|ventricle|ventricular|wrist|wrists|\
         cervical spine|thoracic spine|lumbar spine|lower back|upper back|low back|\
         lower extremity|upper extremity|lower extremities|upper extremities|left lower lobe|\
         right lower lobe|left upper lobe|right upper lobe|right middle lobe|epigastrium|\
         right upper quadrant|left upper quadrant|right lower quadrant|left lower quadrant|\
         substernal|retrosternal|epigastric|periumbilical|suprapubic|sacrum|coccyx|clavicle|\
         scapula|patella|fibula|radius|ulna|metacarpal|metatarsal|vein|veins|bile duct",
    ),
    (
        Kind::Pack,
        "pack|packs|ppd|pack per day|packs per day|pack a day|packs a day|pack-years|pack years|\
         pack-year|pack year|cigarettes|cigars|beers|beer|drinks|drink|glasses of wine|\
         glass of wine|glasses|shots|bottles|bottle|cans|joints per day|pint|pints|fifth|\
         six-pack|six pack|cups",
    ),
    (
        Kind::Tobacco,
        "tobacco|smoke|smokes|smoked|smoker|smoking|cigarette|cigarettes|nicotine|cigar|cigars|\
         chews tobacco|chewing tobacco|snuff|vape|vapes|vaping|e-cigarette|e-cigarettes|\
         ex-smoker|nonsmoker|non-smoker|former smoker|current smoker|never smoker|\
         never smoked|tobacco use|tobacco abuse|smokeless tobacco|current every day smoker|\
         never smoked tobacco|ex smoker|smoking history|pipe smoker|juul|tob",
    ),
    (
        Kind::Alcohol,
        "alcohol|etoh|ethanol|alcoholic|alcoholism|beer|beers|wine|liquor|vodka|whiskey|whisky|\
         drinks alcohol|drinker|social drinker|alcohol use|alcohol abuse|alcoholic beverages|\
         drinks socially|binge drinking|nondrinker|non-drinker|heavy drinker|\
         alcohol consumption|alcohol intake|teetotaler|tequila",
    ),
    (
        Kind::Drug,
        "cocaine|heroin|marijuana|cannabis|methamphetamine|meth|crack cocaine|ecstasy|lsd|\
         illicit drugs|illicit drug|illicit drug use|illicit substances|recreational drugs|\
         recreational drug|recreational drug use|street drugs|iv drug use|iv drug abuse|\
         iv drugs|intravenous drug use|ivdu|ivda|drug abuse|drug use|substance abuse|\
         substance use|illegal drugs|drugs of abuse|polysubstance abuse|opioid abuse|\
         intravenous drug abuse|injection drug use|illicits|amphetamines|intravenous drugs",
    ),
    (
        Kind::Allergy,
        "allergies|allergy|allergic|allergic to|nkda|nka|no known drug allergies|\
         no known allergies|no known medication allergies|anaphylaxis to|intolerance to|\
         no drug allergies|drug allergies|drug allergy",
    ),
    (
        Kind::Gender,
        "male|female|man|woman|boy|girl|gentleman|lady|transgender|nonbinary|non-binary|\
         transgender woman|transgender man",
    ),
    (
        Kind::Race,
        "caucasian|african american|african-american|hispanic|latino|latina|asian|native american|\
         pacific islander|african|asian american|asian-american|american indian|alaska native|\
         nonhispanic|non-hispanic|white|black|middle eastern|caucasion|native hawaiian|biracial",
    ),
];

pub(super) static WORDS: LazyLock<Phrases<Kind>> = LazyLock::new(|| {
    Phrases::new(
        TABLE
            .iter()
            .rev()
            .flat_map(|(kind, phrases)| phrases.split('|').map(|phrase| (phrase.trim(), *kind))),
    )
});

/// What a word is beside its first meaning: the table above gives one meaning to each phrase.
pub(super) static VALUES: LazyLock<Phrases<()>> = LazyLock::new(|| {
    let values = TABLE.iter().find(|(kind, _)| *kind == Kind::Value).map_or("", |(_, list)| list);
    Phrases::new(values.split('|').map(|phrase| (phrase.trim(), ())))
});

/// `high`, `mild` and `recurrent` before a diagnosis: words of severity whatever else they are.
pub(super) static QUALITIES: LazyLock<Phrases<Kind>> = LazyLock::new(|| {
    Phrases::new(
        TABLE
            .iter()
            .filter(|(kind, _)| matches!(kind, Kind::Quality | Kind::Acuity))
            .flat_map(|(kind, phrases)| phrases.split('|').map(|phrase| (phrase.trim(), *kind))),
    )
});
