//! Words that tell who, where and which number; written from general knowledge: frequent United
//! States names, cities and hospitals, and what clinical writing calls things.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::text::phrase::Phrases;

/// A frequent given name.
pub(super) const GIVEN: u32 = 1;
/// A frequent family name.
pub(super) const FAMILY: u32 = 1 << 1;
/// Begins with a capital for another reason than being a name.
pub(super) const COMMON: u32 = 1 << 2;
/// A name that is a word too, or a medical eponym: a name only in company.
pub(super) const DOUBTFUL: u32 = 1 << 3;
/// What eponyms are eponyms of: `disease`, `score`, `catheter`.
pub(super) const CLINICAL: u32 = 1 << 4;
/// `Dr`, `Mrs`.
pub(super) const TITLE: u32 = 1 << 5;
/// Ends the name of a place of care or learning.
pub(super) const FACILITY: u32 = 1 << 6;
/// Ends a street's name.
pub(super) const STREET: u32 = 1 << 7;
/// `CA`, `NY`.
pub(super) const STATE: u32 = 1 << 8;
/// A number after it identifies somebody.
pub(super) const ID: u32 = 1 << 9;
/// Does so only with more signs of a number.
pub(super) const ID_WEAK: u32 = 1 << 10;
/// A phone number follows.
pub(super) const PHONE: u32 = 1 << 11;
/// Stands between such a word and its number.
pub(super) const FILLER: u32 = 1 << 12;
/// A month, never a word of another kind.
pub(super) const MONTH: u32 = 1 << 13;
/// Somebody comes to, is at or leaves a place.
pub(super) const VISIT: u32 = 1 << 14;
/// `at`, `in`, `from`.
pub(super) const AT: u32 = 1 << 15;
/// A name follows.
pub(super) const NAMED: u32 = 1 << 16;
/// A unit of measure: what stands before is a quantity.
pub(super) const UNIT: u32 = 1 << 17;
/// What people do for a living.
pub(super) const WORK: u32 = 1 << 18;
/// Part of an institution's name that says nothing of which one.
pub(super) const GENERIC: u32 = 1 << 19;
/// A place of care in small letters: `clinic`.
pub(super) const SITE: u32 = 1 << 20;

const LISTS: &[(u32, &str)] = &[
    (
        GIVEN,
        "james john robert michael william david richard joseph thomas charles christopher daniel \
         matthew anthony mark donald steven steve paul andrew joshua kenneth kevin brian george \
         edward ronald timothy jason jeffrey ryan jacob gary nicholas eric jonathan stephen larry \
         justin scott brandon benjamin samuel gregory frank alexander raymond patrick jack dennis \
         jerry tyler aaron jose adam henry nathan douglas zachary peter kyle walter ethan jeremy \
         harold keith christian roger noah gerald carl terry sean austin arthur lawrence jesse \
         dylan bryan joe jordan billy bruce albert willie gabriel logan alan juan wayne roy ralph \
         randy eugene vincent russell elijah louis bobby philip phillip johnny mary patricia \
         jennifer linda elizabeth barbara susan jessica sarah karen nancy lisa betty margaret \
         sandra ashley kimberly emily donna michelle dorothy carol amanda melissa deborah \
         stephanie rebecca sharon laura cynthia kathleen amy shirley angela helen anna brenda \
         pamela nicole samantha katherine emma ruth christine catherine debra rachel carolyn \
         janet virginia maria heather diane julie joyce victoria olivia kelly christina lauren \
         joan evelyn judith megan cheryl andrea hannah martha jacqueline frances gloria ann \
         teresa kathryn sara janice jean alice madison doris abigail julia judy denise \
         amber marilyn beverly danielle theresa sophia marie diana brittany natalie isabella \
         charlotte rose alexis kayla ava mia luis carlos miguel antonio francisco jorge pedro \
         manuel rafael ricardo fernando eduardo roberto alejandro mario javier sergio \
         ahmed mohammed muhammad ali omar hassan ibrahim fatima aisha wei ming li yan mei \
         hiroshi yuki kenji priya raj sanjay anil sunita amit ravi lakshmi deepak vijay \
         ivan dmitri olga natasha svetlana boris igor vladimir hans klaus ingrid pierre jean-luc \
         giovanni giuseppe francesca sofia isabel carmen rosa lucia elena ana luz pablo diego \
         tony mike bob bill tom jim jimmy dave dan danny ben sam matt chris nick alex andy \
         greg jeff ken ron tim ted fred ed eddie joey charlie chuck rick rich liz beth betsy \
         kate katie kathy cathy sue susie jen jenny jill jane janie meg maggie peggy patty \
         becky debbie barb cindy mandy abby ellie nora norma lillian edna ethel florence mildred \
         irene hazel lois thelma gladys edith esther eleanor clara lucille bernice josephine \
         agnes elaine gertrude marjorie ida annie stella pauline phyllis marian vivian \
         claudia erin erica monica tara tiffany vanessa veronica wendy yolanda yvonne zoe \
         zachariah xavier wesley warren wallace victor vernon troy travis todd theodore tanya \
         stuart stanley spencer simon sheila shannon seth sally rodney robin roberta \
         regina ramona rachael quentin preston oscar oliver norman nina neil nathaniel naomi \
         morgan molly mitchell miranda milton melanie maureen maurice martin marvin marcus \
         marcia malcolm lydia lucas luke lucy lori lorraine loretta lloyd leslie leonard leon \
         lena lee leah latoya kristen kristin kirk kurt kent kendra karl juanita \
         josh joanne joanna jo jenna jasmine jared jamie ivy isaac irma ian hugo hugh howard \
         holly herbert herman hector harvey harry harriet guadalupe gwen grace gordon glenn \
         glen gilbert geraldine geoffrey genevieve gail fiona felix felicia faith evan eva \
         ernest erika eloise ella elliot elliott ellen elijah elias eli edwin edgar earl dustin \
         duane dolores derek dean darlene darren darrell dana damian cory corey \
         connie colleen colin clyde clinton clifford claire clarence chester chelsea \
         cecilia cecil casey carrie caroline carla calvin caleb cameron bryce brett brent \
         bradley brad bonnie blake bernard bennett belinda audrey aubrey annette anne \
         angel angelo angelina andre amelia alvin alma allison allan allen alicia alfred \
         alexandra alexandria albert adrian adriana ada aiden liam mason lucas jayden \
         landon connor wyatt hunter carter owen levi lily chloe aria aubree zoey penelope \
         layla riley nora scarlett avery hailey gianna violet savannah brooklyn \
         tina tonya marissa marisa gina rita raul ramon salvador ruben rene ruby pearl opal \
         priscilla rosemary rosalind sylvia sonia sonya tamara tracy tracey valerie velma vera \
         wanda wilma winifred gerard gene kim kimberley julian julius jonas jonah johanna \
         jorge joaquin ignacio esteban enrique emilio cesar arturo armando alfonso alfredo \
         alberto guillermo gustavo hernan jaime jesus julio leonardo lorenzo marco marcos \
         mateo oscar rodrigo ruben santiago tomas vicente xiomara yesenia",
    ),
    (
        FAMILY,
        "smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez \
         gonzalez wilson anderson thomas taylor moore jackson martin lee perez thompson white \
         harris sanchez clark ramirez lewis robinson walker young allen king wright scott torres \
         nguyen hill flores green adams nelson baker hall rivera campbell mitchell carter roberts \
         gomez phillips evans turner diaz parker cruz edwards collins reyes stewart morris morales \
         murphy cook rogers gutierrez ortiz morgan cooper peterson bailey reed kelly howard ramos \
         kim cox ward richardson watson brooks chavez wood james bennett gray mendoza ruiz hughes \
         price alvarez castillo sanders patel myers long ross foster jimenez powell jenkins perry \
         russell sullivan bell coleman butler henderson barnes gonzales fisher vasquez simmons \
         romero jordan patterson alexander hamilton graham reynolds griffin wallace moreno west \
         cole hayes bryant herrera gibson ellis tran medina aguilar stevens murray ford castro \
         marshall owens harrison fernandez mcdonald woods washington kennedy wells vargas henry \
         chen freeman webb tucker guzman burns crawford olson simpson porter hunter gordon mendez \
         silva shaw snyder mason dixon munoz hunt hicks holmes palmer wagner black robertson boyd \
         rose stone salazar fox warren mills meyer rice schmidt garza daniels ferguson nichols \
         stephens soto weaver ryan gardner payne grant dunn kelley spencer hawkins arnold pierce \
         hansen peters santos hart bradley knight elliott cunningham duncan armstrong hudson \
         carroll lane riley andrews alvarado ray delgado berry perkins hoffman johnston matthews \
         pena richards contreras willis carpenter lawrence sandoval guerrero george chapman rios \
         estrada ortega watkins greene nunez wheeler valdez harper burke larson santiago maldonado \
         morrison franklin carlson austin dominguez carr lawson jacobs obrien lynch singh vega \
         bishop montgomery oliver jensen harvey williamson gilbert dean sims espinoza howell li \
         wong reid hanson le mccoy garrett burton fuller wang weber welch rojas lucas marquez \
         fields park yang little banks padilla day walsh bowman schultz luna fowler mejia davidson \
         acosta brewer may holland juarez newman pearson curtis cortez douglas schneider joseph \
         barrett navarro figueroa keller avila wade molina stanley hopkins campos barnett bates \
         chambers caldwell beck lambert miranda byrd craig ayala lowe frazier powers neal leonard \
         gregory carrillo sutton fleming rhodes shelton schwartz norris jennings rhodes duran \
         watts cohen levine goldberg goldstein friedman kaplan katz shapiro rosenberg levy klein \
         becker muller fischer bauer richter wolf schroeder neumann zimmermann kowalski novak \
         ivanov petrov smirnov rossi russo ferrari esposito bianchi romano colombo ricci \
         kumar sharma gupta shah mehta khan hussain ahmed hossain chowdhury das rao reddy \
         zhang liu huang zhao wu zhou xu sun zhu lin guo luo liang choi jung kang cho yoon \
         tanaka suzuki yamamoto watanabe ito nakamura kobayashi saito okafor mensah abebe \
         oconnor mcdonnell mccarthy gallagher doherty quinn nolan byrne fitzgerald macdonald \
         doe doyle mckenzie mclaughlin maddox pham vu hoang huynh dang bui",
    ),
    (
        DOUBTFUL,
        "will mark rose grace faith hope may june april dawn eve sue gene grant chase art bill \
         drew pat guy miles norm ray jack rob frank dick violet ivy pearl ruby opal angel \
         christian jordan austin brooklyn savannah madison hunter carter mason logan morgan \
         brown white young black green king long hill price wood cook baker bell rice stone \
         fields best banks day reed cross head wells gray west little woods park lane mills \
         foster freeman bishop knight hart powers bates li le may rose berry gram foley down \
         parkinson alzheimer hodgkin cushing graves crohn addison wilson barrett murphy gleason \
         framingham glasgow wells ranson apgar babinski romberg kernig brudzinski hoffman \
         hoffmann trousseau chvostek phalen tinel mcburney lachman mcmurray weber rinne \
         allen dix-hallpike huntington tourette asperger raynaud sjogren behcet kawasaki reye \
         marfan turner klinefelter noonan ehlers danlos duchenne becker guillain barre bell \
         meniere paget osgood perthes dupuytren baker colles smith ewing wilms burkitt kaposi \
         waldenstrom bence jones hashimoto conn sheehan nelson virchow horner epstein barr coxsackie \
         kaplan meier doppler holter swan ganz hickman port broviac tenckhoff kelly jackson pratt \
         stevens johnson lewis henry peyronie charcot marie tooth whipple billroth roux nissen \
         heller bankart french silver bowel bristol norton braden morse child pugh ann arbor \
         duke dukes jones beck hamilton norman gardner lynch peutz fox turner ward grey ford \
         cooper porter hunter pierce banks ross tracy lee dean kent dana robin page brook sandy \
         crystal ginger amber summer autumn joy penny candy star cherry olive iris daisy \
         lance rich buck skip chip sandy guadalupe jesus angel melody harmony charity mercy \
         kirk duke earl baron alma van sun wu das ito dang bui cho park rod curt ed sal ali \
         chambers shunt steward dayton bailey case jo ana mario pearson spencer robin \
         marcus julio mia yan mei ming raj ava leon ida nina alexis ward jean lane grant \
         virginia carolina georgia florence charlotte victoria dakota phoenix paris london",
    ),
    (
        CLINICAL,
        "disease diseases syndrome syndromes disorder sign signs score scores scale test tests \
         criteria criterion classification reflex reflexes palsy catheter stain lymphoma \
         sarcoma tumor tumour carcinoma cancer anemia anaemia phenomenon esophagus oesophagus \
         thyroiditis fracture fractures cyst ulcer node nodes body bodies cell cells antibody \
         virus fever maneuver manoeuvre procedure operation repair fundoplication splint drain \
         tube line monitor ultrasound index stage staging grade grading study trial trials rule \
         rules risk staging protocol regimen diet therapy method technique position contracture \
         nephropathy neuropathy myopathy dystrophy ataxia chorea dementia encephalopathy \
         arthritis vasculitis purpura colitis bacillus medium agar equation formula curve \
         coma heart association society committee questionnaire inventory assessment \
         triad tetralogy anomaly malformation deformity lesion nodule spots ring rings canal duct \
         gland glands tendon ligament muscle muscles bundle fibers valve graft stent shunt pouch \
         reaction anastomosis incision approach forceps retractor clamp needle wire bag mask \
         speculum brace crutches walker boot cast dressing wrap solution lactate ringer's \
         deficiency factor leukemia myeloma melanoma hernia glioma vein artery nerve ganglion \
         lymphadenopathy insufficiency crisis attack seizures epilepsy migraine tremor \
         guidelines guideline pneumonia encephalitis meningitis hepatitis influenza flu strain \
         tooth space point triangle line lines law effect pathogen bacteria wort probe suture \
         lab labs ventilation murmur breathing respiration respirations respiration pill",
    ),
    (TITLE, "dr drs doctor mr mrs ms miss mx prof professor rev reverend sister nurse sir madam"),
    (
        FACILITY,
        "hospital hospitals clinic clinics infirmary hospice sanatorium university college institute \
         center centre ctr healthcare pharmacy laboratories sanitarium dispensary medcenter \
         rehabilitation rehab health home manor",
    ),
    (SITE, "clinic hospital center centre office facility campus"),
    (
        GENERIC,
        "medical med health general regional community university center centre ctr hospital clinic \
         system network care the our family primary national international american outpatient \
         inpatient emergency urgent day surgery surgical pain sleep cancer heart eye dental \
         mental public home healthcare rehabilitation rehab nursing research specialty specialist \
         affiliated ethics ethical committee board institutional review pulmonary maintenance rescue cardiology oncology dermatology neurology orthopedic orthopaedic pediatric pediatrics \
         psychiatric behavioral wound diabetes stroke trauma burn breast infusion dialysis \
         women's men's new fertility gi ent ob gyn imaging radiology anticoagulation coumadin \
         student college school department division of and & in world us u.s. local tertiary \
         level academic teaching institute follow hf afib memory asthma allergy",
    ),
    (
        STREET,
        "street st avenue ave road rd boulevard blvd drive dr lane ln court ct way place pl \
         terrace ter circle cir highway hwy parkway pkwy square sq trail trl loop alley plaza",
    ),
    (
        STATE,
        "al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj \
         nm ny nc nd oh ok or pa ri sc sd tn tx ut vt va wa wv wi wy dc pr uk usa",
    ),
    (
        ID,
        "mrn mr# ssn mrns acct npi dea hicn mbi csn fin ein vin passport accession uhid emrn \
         udi imei nhs chi urn emr emr",
    ),
    (
        ID_WEAK,
        "account policy plan member insurance license licence licenses serial device record chart \
         beneficiary medicare medicaid id identifier identification certificate encounter \
         subscriber group case file social security patient number registration reference \
         ref hmo payer claim ins pacemaker implant prescription badge employee coverage id#",
    ),
    (
        FILLER,
        "number num no nr nos # : is id ids - was of the ( ) . of his her their card code medical \
         record health plan policy member # as under and for = with ref insurance",
    ),
    (
        PHONE,
        "phone telephone tel ph cell mobile fax pager beeper contact call ext extension reached \
         contacted callback phone: home# dial",
    ),
    (
        MONTH,
        "january february march april may june july august september october november december \
         jan feb mar apr jun jul aug sep sept oct nov dec",
    ),
    (
        VISIT,
        "seen treated admitted evaluated visited presented hospitalized hospitalised residing lives \
         living moved born discharged referred transferred diagnosed followed resides lived \
         relocated visiting visits hails arrived traveled travelled presenting treatment \
         consultation consult monitored managed tx'd examined operated surgery care underwent \
         attended hospitalization admission dx'd cared counseled scheduled stay studied works \
         worked employed emigrated immigrated recently returned enrolled based located inpatient \
         vaccinated assessed f/u appointment appt visit rehab clinic patient pt reviewed",
    ),
    (AT, "at in from to near @ outside"),
    (
        NAMED,
        "named name called patient pt signed dictated client caregiver attending pcp surgeon \
         cardiologist oncologist physician resident provider spokesperson proxy contact names \
         caretaker guardian regarding ref re mother father daughter son wife husband brother \
         sister by like attn for",
    ),
    (
        UNIT,
        "mg mcg g kg ml l mm cm units unit iu meq mmol mmhg bpm percent hours hour hrs days day weeks \
         week months month years year minutes min times cc dl ug ng pg u lb lbs oz kcal cells \
         patients cases subjects points fold drops tablets tabs x",
    ),
    (
        WORK,
        "teacher engineer lawyer attorney accountant carpenter electrician plumber mechanic farmer \
         nurse physician dentist pharmacist veterinarian scientist researcher programmer developer \
         secretary receptionist clerk cashier salesman saleswoman salesperson manager supervisor \
         driver trucker pilot soldier veteran policeman policewoman firefighter fireman paramedic \
         chef cook waiter waitress bartender baker butcher hairdresser barber janitor custodian \
         housekeeper nanny babysitter librarian professor journalist writer editor artist musician \
         actor actress photographer designer architect contractor welder machinist painter roofer \
         mason laborer labourer foreman miner fisherman logger banker broker realtor consultant \
         analyst technician technologist therapist counselor psychologist minister priest pastor \
         rabbi nun judge paralegal homemaker housewife businessman businesswoman executive \
         bookkeeper seamstress tailor longshoreman postman mailman student coach athlete",
    ),
    (
        COMMON,
        "a an the this that these those he she it they we i you his her their our my what which who \
         when where why how is are was were be been being has have had do does did can could may \
         might must shall should will would not no yes and or but if then else so because since \
         while although though however also both each every any all some most many few more less \
         other another such same own only just very too in on at to from by for with without of \
         about into over under after before between during through against per via as than upon \
         recommendations recommendation guidelines guideline treatment treatments management best \
         current latest effectiveness efficacy comparative contraindications contraindication \
         options option optimal evidence prognosis diagnosis diagnostic differential therapeutic \
         therapy please provide query info information recommended updated new recent revised \
         approach approaches strategies strategy practices practice impact role effect effects \
         side potential risk risks long term short common adverse drug interactions interaction \
         known there here given regarding concerning tx dx hx rx fx sx pt pts patient patients \
         mgmt rec recs f/u follow up date time age sex male female man woman boy girl child adult \
         infant elderly white black caucasian african american asian hispanic latino latina native \
         indian pacific islander european mexican chinese japanese korean vietnamese filipino \
         english spanish french german italian russian portuguese christian muslim jewish catholic \
         chief complaint history present illness past medical surgical family social allergies \
         medications review systems physical exam examination vital labs laboratory imaging \
         assessment plan impression discharge admission instructions hospital course procedure \
         findings technique comparison indication disposition condition summary report note \
         monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun \
         today yesterday tomorrow morning evening night noon \
         type stage class grade group phase vitamin hepatitis factor protein category level part \
         step arm cohort ward room panel influenza bed unit floor score chapter section table \
         figure appendix question case day week month year hour minute \
         chest heart lung lungs liver kidney brain abdomen skin neck head back eye eyes ear nose \
         throat mouth arm leg hand foot knee hip shoulder spine bone blood urine stool left right \
         bilateral upper lower anterior posterior normal abnormal positive negative acute chronic \
         mild moderate severe stable improved unchanged \
         aspirin tylenol advil motrin aleve lipitor crestor zocor plavix coumadin warfarin eliquis \
         xarelto pradaxa lovenox heparin insulin lantus humalog novolog metformin glucophage \
         januvia jardiance farxiga ozempic trulicity lasix norvasc lisinopril losartan cozaar \
         diovan toprol lopressor metoprolol atenolol coreg synthroid levothyroxine nexium prilosec \
         protonix pepcid zantac zofran reglan ambien xanax ativan valium klonopin zoloft prozac \
         paxil celexa lexapro wellbutrin effexor cymbalta abilify seroquel risperdal zyprexa \
         lithium depakote lamictal keppra dilantin neurontin gabapentin lyrica topamax tegretol \
         percocet vicodin norco oxycontin morphine dilaudid fentanyl tramadol ultram prednisone \
         medrol humira enbrel remicade methotrexate plaquenil amoxicillin augmentin zithromax \
         cipro levaquin bactrim keflex flagyl doxycycline vancomycin rocephin ancef albuterol \
         ventolin advair symbicort spiriva singulair flonase claritin zyrtec allegra benadryl \
         viagra cialis flomax proscar botox keytruda opdivo herceptin avastin rituxan gleevec \
         nitroglycerin amiodarone digoxin diltiazem verapamil hydrochlorothiazide spironolactone \
         ace arb nsaid ssri copd chf cad htn dm dvt pe mi cva tia esrd ckd uti gerd ibs ibd ms als \
         ra sle hiv aids tb mrsa icu er ed or ekg ecg mri ct cbc bmp cmp inr bp hr rr bmi ef egfr \
         psa tsh hba1c a1c ldl hdl ast alt bun bnp cabg pci afib af t2dm t1dm nyha acc aha ada \
         gold kdigo who cdc fda nih nice escc esc asco nccn idsa cha2ds2 vasc meld apache sofa \
         gcs gad phq mmse moca epworth copd aki arf uri ards osa pcos ptsd adhd ocd bph pad pvd \
         gi gu ent ob gyn id npo prn bid tid qid po iv im sq sc emr ehr mrn ssn dob pcp snf nicu \
         picu pacu sicu micu ccu med surg medicare medicaid medicine surgery cardiology neurology \
         oncology psychiatry pediatrics radiology pathology orthopedics dermatology urology \
         nephrology gastroenterology endocrinology rheumatology pulmonology hematology infectious \
         disease emergency department operating recovery intensive care unit service clinic \
         office home nursing facility rehabilitation center medical health system \
         take apply use start stop continue hold increase decrease check monitor call return see \
         seen obtain order refer consult discuss schedule repeat \
         denies reports states notes complains presents presented admitted transferred discharged \
         status post secondary due prior previous first second third last next initial final \
         one two three four five six seven eight nine ten \
         are there s/p w/ h/o c/o vs re ref phone email fax contact address insurance policy \
         account number name mrn: id recommended appropriate safe safety dosage dose dosing \
         adjusting adjustment advise advice help need needs want wants considering consider \
         details detail question questions regarding inquiry survival rate rates outcome outcomes \
         research studies study clinical trial trials novel alternative first-line second-line \
         can post pre anti non sub multi inter intra bone marrow stem cell contacts \
         compare comparison between summary expected incidence prevalence screening prevention \
         preventive prophylaxis monitoring evaluation workup work-up protocol protocols standard \
         standards nutritional dietary lifestyle exercise physical rehabilitation palliative \
         antibiotic antibiotics anticoagulation antihypertensive chemotherapy radiation immunotherapy \
         vaccine vaccination vaccinations immunization pain sedation anesthesia analgesia \
         health questionnaire controlled portal safety education global initiative",
    ),
];

pub(super) static WORDS: LazyLock<Phrases<u32>> = LazyLock::new(|| {
    let mut classes: HashMap<&str, u32> = HashMap::new();
    for (class, words) in LISTS {
        for word in words.split_whitespace() {
            *classes.entry(word).or_default() |= class;
        }
    }
    Phrases::new(classes)
});

/// What a place phrase is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// A town, a state, a country, or an institution.
    Known,
    /// Looks like one and is a clinical term.
    Not,
}

const PLACES: &str = "new york city|new york-presbyterian|newyork presbyterian|new york|los angeles|chicago|houston|phoenix|philadelphia|\
    san antonio|san diego|dallas|san jose|austin|jacksonville|fort worth|columbus|charlotte|\
    san francisco|indianapolis|seattle|denver|washington, d.c.|washington dc|washington d.c.|\
    boston|el paso|nashville|detroit|oklahoma city|portland|las vegas|memphis|louisville|\
    baltimore|milwaukee|albuquerque|tucson|fresno|sacramento|kansas city|atlanta|\
    omaha|colorado springs|raleigh|miami|long beach|virginia beach|oakland|minneapolis|tulsa|\
    tampa|arlington|new orleans|wichita|cleveland|bakersfield|aurora|anaheim|honolulu|\
    santa ana|riverside|corpus christi|lexington|stockton|henderson|saint paul|st. paul|\
    st. louis|saint louis|cincinnati|pittsburgh|greensboro|anchorage|plano|lincoln|orlando|\
    irvine|newark|durham|chula vista|toledo|fort wayne|st. petersburg|laredo|jersey city|\
    chandler|madison|lubbock|scottsdale|reno|buffalo|gilbert|glendale|north las vegas|\
    winston-salem|chesapeake|norfolk|fremont|garland|irving|hialeah|richmond|boise|spokane|\
    baton rouge|des moines|tacoma|san bernardino|modesto|fontana|santa clarita|birmingham|\
    oxnard|fayetteville|rochester|moreno valley|glendale|yonkers|huntington beach|aurora|\
    salt lake city|amarillo|montgomery|little rock|akron|augusta|grand rapids|mobile|\
    huntsville|tallahassee|grand prairie|overland park|knoxville|worcester|brownsville|\
    newport news|santa clara|providence|fort lauderdale|chattanooga|tempe|oceanside|\
    garden grove|rancho cucamonga|cape coral|santa rosa|vancouver|sioux falls|peoria|ontario|\
    jackson|elk grove|springfield|pembroke pines|salem|corona|eugene|fort collins|hayward|\
    palo alto|pasadena|palmdale|salinas|joliet|sunnyvale|bridgeport|syracuse|dayton|savannah|\
    hartford|new haven|stamford|ann arbor|berkeley|cambridge|evanston|boulder|santa barbara|\
    santa monica|beverly hills|westwood|hollywood|brooklyn|manhattan|queens|the bronx|bronx|\
    staten island|harlem|long island|albany|charleston|trenton|camden|wilmington|dover|\
    annapolis|concord|manchester|burlington|montpelier|bangor|juneau|fairbanks|cheyenne|\
    billings|helena|bismarck|fargo|pierre|topeka|jefferson city|tuscaloosa|gainesville|\
    sarasota|naples|fort myers|pensacola|key west|biloxi|shreveport|lafayette|beaumont|\
    galveston|waco|el centro|santa fe|flagstaff|mesa|carson city|provo|ogden|eureka|bend|\
    medford|olympia|bellevue|everett|yakima|duluth|st. cloud|green bay|kenosha|racine|\
    rockford|champaign|bloomington|south bend|gary|evansville|lansing|flint|kalamazoo|\
    scranton|allentown|harrisburg|lancaster|bethlehem|erie|greenville|columbia|asheville|\
    toronto|montreal|ottawa|calgary|edmonton|london|paris|berlin|tokyo|mexico city|beijing|\
    shanghai|mumbai|delhi|sydney|melbourne|dublin|madrid|rome|\
    alabama|alaska|arizona|arkansas|california|colorado|connecticut|delaware|florida|\
    georgia|hawaii|idaho|illinois|indiana|iowa|kansas|kentucky|louisiana|maine|maryland|\
    massachusetts|michigan|minnesota|mississippi|missouri|montana|nebraska|nevada|\
    new hampshire|new jersey|new mexico|north carolina|north dakota|ohio|oklahoma|oregon|\
    pennsylvania|rhode island|south carolina|south dakota|tennessee|texas|utah|vermont|\
    virginia|west virginia|wisconsin|wyoming|puerto rico|nyc|\
    johns hopkins|john hopkins|mayo clinic|mayo|cleveland clinic|cedars-sinai|cedars sinai|\
    cedar sinai|cedar-sinai|mount sinai|mt. sinai|mt sinai|massachusetts general|mass general|\
    mgh|kaiser permanente|kaiser|ucla|ucsf|ucsd|usc|nyu|nyu langone|langone|stanford|\
    vanderbilt|bellevue|new york presbyterian|ny presbyterian|newyork-presbyterian|\
    ny-presbyterian|presbyterian|baylor|emory|yale|yale new haven|md anderson|m.d. anderson|\
    sloan kettering|memorial sloan kettering|brigham and women's|brigham & women's|brigham|\
    beth israel|beth israel deaconess|walter reed|geisinger|northwestern|northwestern memorial|\
    scripps|intermountain|barnes-jewish|barnes jewish|tufts|dana-farber|dana farber|\
    penn medicine|upmc|uchicago|duke university|duke university medical|cedar crest|\
    lenox hill|montefiore|columbia presbyterian|rush|hopkins|henry ford|beaumont|ochsner|\
    sutter|dignity|banner|adventhealth|ascension|trinity health|tenet|hca|swedish|harborview|\
    virginia mason|mass gen|sf general|sfgh|la county|cook county|grady|parkland|ben taub|\
    jackson memorial|cincinnati children's|texas children's|boston children's|\
    children's hospital of philadelphia|chop|st. jude|st. jude's|city of hope|fox chase|\
    roswell park|moffitt|fred hutch|fred hutchinson|hospital for special surgery|\
    good samaritan|holy cross|sacred heart|mercy general|mercy west|unc|uva|uab|uw med|uw medicine|uw medical center|uw med|uw medicine|uw medical center|ut southwestern|\
    ucsb|uci|ou|osu|ohsu|umass|uconn|loyola|georgetown|dartmouth|dartmouth-hitchcock|lahey|\
    harvard|princeton|cornell|weill cornell|nyph|nyp|va medical center|veterans affairs";

const NOT_PLACES: &str = "new york heart|new york heart association|nyha|boston criteria|\
    boston scientific|glasgow coma|st. john's wort|st john's wort|saint john's wort|\
    st. louis encephalitis|california encephalitis|rocky mountain|west nile|virginia mason lake|\
    london criteria|rome criteria|rome iii|rome iv|rome ii|paris classification|\
    montreal classification|vancouver classification|los angeles classification|\
    los angeles grade|milan criteria|san francisco syncope|ottawa ankle|ottawa knee|ottawa rules|\
    ottawa|canadian ct|toronto criteria|columbia suicide|minnesota multiphasic|\
    minnesota living|michigan neuropathy|montgomery-asberg|montgomery asberg|montreal cognitive|\
    kansas city cardiomyopathy|stanford type|stanford a|stanford b|rochester criteria|\
    philadelphia chromosome|philadelphia-positive|philadelphia positive|norfolk island|\
    manchester triage|cincinnati prehospital|cincinnati stroke|los angeles prehospital|\
    pittsburgh sleep|bethesda system|bethesda category|bethesda|jackson-pratt|jackson pratt|\
    columbia scale|western ontario|edinburgh postnatal|mount fuji|berlin questionnaire|\
    berlin definition|berlin heart|madrid classification|tokyo guidelines|atlanta criteria|\
    atlanta classification|revised atlanta|sydney system|chicago classification|\
    houston classification|salem sump|lincoln-petersen|duke criteria|duke treadmill|\
    maine coon|boston brace|milwaukee brace|california rocket|delhi belly|\
    mayo score|mayo stand|mayo endoscopic|mobile|providence|concord|mesa|ontario|rush|banner|\
    reading|chop|gary|bend|corona|stockton|swedish|trinity|ascension|dignity|erie|flint|jackson|\
    madison|lincoln|gilbert|henderson|montgomery|lancaster|camden|eugene|virginia|georgia|\
    charlotte|austin|savannah|chandler|garland|irving|columbia|pierre|helena|everett|kaiser|\
    presbyterian|ou|mayo|aurora|phoenix|paris|rome|dover|naples|manchester|bethlehem|brigham|salem";

pub(super) static PLACE: LazyLock<Phrases<Place>> = LazyLock::new(|| {
    // Words that are also names or common words count only when something leads to them.
    let alone: Vec<&str> = NOT_PLACES.split('|').collect();
    Phrases::new(
        PLACES
            .split('|')
            .filter(|place| !alone.contains(place))
            .map(|place| (place, Place::Known))
            .chain(alone.iter().map(|place| (*place, Place::Not))),
    )
});

/// Places that are words or names too: believed after `in`, `at`, `from`, or before a state.
pub(super) static PLACE_LED: LazyLock<Phrases<()>> =
    LazyLock::new(|| Phrases::new(PLACES.split('|').map(|place| (place, ()))));

/// Short forms of given names.
pub(super) const NICKNAMES: &[(&str, &str)] = &[
    ("william", "bill billy will willie liam"),
    ("robert", "bob bobby rob robbie bert"),
    ("richard", "rick ricky rich dick richie"),
    ("james", "jim jimmy jamie"),
    ("john", "jack johnny jon"),
    ("joseph", "joe joey"),
    ("michael", "mike mikey mick"),
    ("thomas", "tom tommy"),
    ("charles", "charlie chuck chas"),
    ("edward", "ed eddie ted ned"),
    ("daniel", "dan danny"),
    ("david", "dave davey"),
    ("christopher", "chris kit"),
    ("matthew", "matt"),
    ("anthony", "tony"),
    ("andrew", "andy drew"),
    ("steven", "steve"),
    ("stephen", "steve"),
    ("kenneth", "ken kenny"),
    ("ronald", "ron ronnie"),
    ("timothy", "tim timmy"),
    ("jeffrey", "jeff"),
    ("gregory", "greg"),
    ("benjamin", "ben benny"),
    ("samuel", "sam sammy"),
    ("alexander", "alex al xander"),
    ("nicholas", "nick nicky"),
    ("patrick", "pat paddy"),
    ("lawrence", "larry"),
    ("raymond", "ray"),
    ("gerald", "jerry gerry"),
    ("donald", "don donnie"),
    ("frederick", "fred freddie"),
    ("theodore", "ted teddy theo"),
    ("elizabeth", "liz lizzie beth betty betsy eliza libby"),
    ("margaret", "maggie meg peggy marge margie"),
    ("katherine", "kate katie kathy kat"),
    ("catherine", "cathy kate cat"),
    ("patricia", "pat patty trish tricia"),
    ("jennifer", "jen jenny"),
    ("deborah", "deb debbie"),
    ("debra", "deb debbie"),
    ("susan", "sue susie"),
    ("barbara", "barb barbie"),
    ("rebecca", "becky becca"),
    ("jessica", "jess jessie"),
    ("samantha", "sam"),
    ("victoria", "vicky tori"),
    ("christina", "chris tina christy"),
    ("christine", "chris chrissy"),
    ("dorothy", "dot dottie"),
    ("judith", "judy"),
    ("kimberly", "kim"),
    ("pamela", "pam"),
    ("cynthia", "cindy"),
    ("sandra", "sandy"),
    ("theresa", "terry tess"),
    ("teresa", "terry tess"),
    ("abigail", "abby gail"),
    ("alexandra", "alex lexi sandra"),
    ("amanda", "mandy"),
    ("francisco", "paco pancho"),
    ("jose", "pepe"),
    ("guadalupe", "lupe"),
];
