//! Short lists of common words the open terminologies lack: medicines whose name starts with A
//! (the open `RxNorm` extract starts at B), body parts, examinations, treatments.

/// Common medicines, A.
pub const MEDICINES: &str = "abacavir abatacept abciximab abemaciclib abiraterone acamprosate \
acarbose acebutolol acenocoumarol acetaminophen acetazolamide acetylcholine acetylcysteine acitretin \
aclidinium acyclovir aciclovir adalimumab adapalene adefovir adenosine afatinib aflibercept \
agomelatine albendazole albumin albuterol alemtuzumab alendronate alfentanil alfuzosin alirocumab \
aliskiren allopurinol almotriptan alogliptin alosetron alprazolam alprostadil alteplase amantadine \
ambrisentan amifostine amikacin amiloride aminocaproic aminophylline amiodarone amisulpride \
amitriptyline amlodipine amoxapine amoxicillin amphetamine amphotericin ampicillin amsacrine \
anagrelide anakinra anastrozole anidulafungin apixaban apomorphine apremilast aprepitant arformoterol \
argatroban aripiprazole armodafinil artemether artesunate asenapine asparaginase aspirin atazanavir \
atenolol atezolizumab atomoxetine atorvastatin atovaquone atracurium atropine auranofin avanafil \
avelumab axitinib azacitidine azathioprine azelastine azilsartan azithromycin aztreonam actos advil \
aleve ambien ativan augmentin avastin abilify adderall advair aldactone allegra altace amaryl arava \
aricept arimidex aromasin atrovent avandia avapro avelox";

/// Body parts, fluids, tissues.
pub const BODY: &str = "abdomen|abdominal wall|adrenal gland|airway|alveolus|ankle|anus|aorta|\
aortic arch|aortic valve|appendix|arm|artery|ascending aorta|atrium|axilla|back|basal ganglia|\
bile duct|bladder|blood|blood vessel|body|bone|bone marrow|bowel|brain|brainstem|brain stem|breast|\
bronchus|bronchi|buttock|calf|carotid artery|cartilage|cecum|cell|cerebellum|cerebral cortex|\
cerebrospinal fluid|cerebrum|cervix|cheek|chest|chest wall|chin|clavicle|colon|common bile duct|\
conjunctiva|cornea|coronary artery|cortex|cranial nerve|diaphragm|duodenum|ear|elbow|endometrium|\
epidermis|epiglottis|esophagus|oesophagus|eye|eyelid|face|fallopian tube|femoral artery|\
femoral vein|femur|fibula|finger|foot|forearm|forehead|frontal lobe|gallbladder|gastrointestinal tract|\
gingiva|gland|groin|hair|hand|head|heart|hemithorax|hepatic artery|hepatic vein|hilum|hip|hippocampus|\
humerus|hypothalamus|ileum|iliac artery|inferior vena cava|intestine|iris|jaw|jejunum|joint|\
jugular vein|kidney|knee|larynx|leg|left atrium|left ventricle|lens|ligament|limb|lip|liver|lobe|\
lower extremity|lower limb|lower lobe|lumbar spine|lung|lymph node|mandible|maxilla|maxillary sinus|\
mediastinum|meninges|mesentery|mitral valve|mouth|mucosa|muscle|myocardium|nail|nasal cavity|\
nasopharynx|neck|nerve|nipple|nose|occipital lobe|omentum|optic disc|optic nerve|oral cavity|orbit|\
ovary|palate|pancreas|pancreatic duct|papilla|parathyroid gland|parietal lobe|parotid gland|patella|\
pelvis|penis|pericardium|peritoneum|pharynx|pituitary gland|placenta|plasma|pleura|pleural space|\
portal vein|prostate|pulmonary artery|pulmonary valve|pulmonary vein|pupil|radius|rectum|renal artery|\
renal pelvis|renal vein|retina|retroperitoneum|rib|right atrium|right ventricle|sacrum|\
salivary gland|scalp|scapula|sclera|scrotum|seminal vesicle|serum|shoulder|sigmoid colon|sinus|skin|\
skull|small bowel|small intestine|soft tissue|spinal cord|spine|spleen|splenic vein|sputum|sternum|\
stomach|subclavian vein|subcutaneous tissue|superior vena cava|synovium|temporal lobe|tendon|testis|\
testicle|thalamus|thigh|thoracic spine|thorax|throat|thumb|thymus|thyroid|thyroid gland|tibia|tissue|\
toe|tongue|tonsil|trachea|tricuspid valve|trunk|ulna|umbilicus|upper extremity|upper limb|upper lobe|\
ureter|urethra|urinary tract|urine|uterus|uvula|vagina|vein|ventricle|vena cava|vertebra|vitreous|\
vocal cord|vulva|white matter|wrist|bilateral lungs|stool|saliva|semen|cerebral hemisphere|\
mesenteric artery|basilar artery|vertebral artery|left anterior descending artery|circumflex artery|\
endothelium|epithelium|fibroblast|hepatocyte|neuron|macrophage|lymphocyte|platelet|erythrocyte";

/// Examinations and what is measured.
pub const TESTS: &str = "abdominal ultrasound|alanine aminotransferase|albumin|alkaline phosphatase|\
alt|angiography|antinuclear antibody|arterial blood gas|aspartate aminotransferase|ast|autopsy|\
bicarbonate|bilirubin|biopsy|blood culture|blood gas analysis|blood glucose|blood pressure|blood test|\
blood urea nitrogen|body mass index|body temperature|body weight|bmi|bone marrow biopsy|bone scan|\
bronchoscopy|bun|c reactive protein|calcium|cardiac catheterization|chest radiograph|chest x ray|\
cholesterol|colonoscopy|complete blood count|computed tomography|coronary angiography|creatinine|\
creatine kinase|creatinine clearance|crp|ct|ct scan|culture|cystoscopy|cytology|d dimer|\
differential count|doppler|echocardiogram|echocardiography|ecg|ekg|electrocardiogram|\
electrocardiography|electroencephalogram|eeg|electromyography|emg|endoscopy|eosinophil|\
erythrocyte sedimentation rate|esr|estimated glomerular filtration rate|egfr|ejection fraction|\
ferritin|fibrinogen|flow cytometry|gadolinium|gastroscopy|genetic testing|gfr|\
glomerular filtration rate|glucose|gram stain|hba1c|hdl|heart rate|height|hematocrit|hemoglobin|\
haemoglobin|glycated hemoglobin|hemogram|histology|histopathology|immunohistochemistry|\
immunofluorescence|inr|international normalized ratio|iron|karyotype|laboratory test|\
laboratory findings|lactate|lactate dehydrogenase|ldh|ldl|leukocyte count|lipase|lipid profile|\
liver biopsy|liver enzyme|liver function test|lumbar puncture|lymphocyte count|magnesium|\
magnetic resonance imaging|mammography|mri|mri scan|neurological examination|neutrophil count|\
absolute neutrophil count|oxygen saturation|pap smear|partial thromboplastin time|pcr|pet|pet ct|ph|\
phosphate|physical examination|platelet|platelet count|polymerase chain reaction|potassium|\
pregnancy test|procalcitonin|protein|prothrombin time|psa|prostate specific antigen|pulse|pulse rate|\
pulmonary function test|qtc|radiograph|radiography|renal function|respiratory rate|sedimentation rate|\
serology|sigmoidoscopy|skin biopsy|sodium|spirometry|systolic blood pressure|diastolic blood pressure|\
temperature|thyroid function|thyroid stimulating hormone|tsh|total bilirubin|total protein|\
transaminase|triglyceride|troponin|tumor marker|ultrasonography|ultrasound|upper gastrointestinal \
endoscopy|urea|uric acid|urinalysis|urine culture|urine output|vital signs|wbc|weight|\
white blood cell count|white blood cell|white cell count|x ray|ecog|ecog performance status|\
karnofsky performance status|performance status|life expectancy|mini mental state examination|\
new york heart association class|nyha class|child pugh|fev1|forced expiratory volume|lvef|anc|ast|\
upper limit of normal|viral load|cd4 count|hiv rna|hepatitis b surface antigen|hbsag|anti hcv";

/// Treatments that are not medicines.
pub const TREATMENTS: &str = "ablation|abortion|adenoidectomy|amputation|anastomosis|anesthesia|\
anaesthesia|general anesthesia|local anesthesia|spinal anesthesia|epidural anesthesia|angioplasty|\
appendectomy|arthroplasty|arthroscopy|aspiration|blood transfusion|bone marrow transplantation|\
brachytherapy|bypass|cabg|coronary artery bypass graft|percutaneous coronary intervention|pci|\
cardiac surgery|cardioversion|catheter ablation|catheterization|cesarean section|cesarean delivery|\
chemoradiotherapy|chemotherapy|cholecystectomy|circumcision|colectomy|colostomy|craniotomy|\
cryotherapy|curettage|debridement|decompression|defibrillation|dialysis|discectomy|dissection|\
drainage|embolization|endarterectomy|excision|extubation|fundoplication|gastrectomy|\
gastric bypass|gastrostomy|graft|heart transplantation|hemicolectomy|hemodialysis|haemodialysis|\
hepatectomy|hernia repair|hip replacement|hormone therapy|hysterectomy|immunotherapy|implantation|\
incision|intubation|iridotomy|joint replacement|keratoplasty|kidney transplantation|knee replacement|\
laminectomy|laparoscopy|laparotomy|laser therapy|ligation|liver transplantation|lobectomy|lumpectomy|\
mastectomy|mechanical ventilation|nephrectomy|neurosurgery|oophorectomy|operation|orchiectomy|\
organ transplantation|ostomy|pacemaker|pancreatectomy|paracentesis|parenteral nutrition|\
percutaneous nephrolithotomy|peritoneal dialysis|phototherapy|physical therapy|physiotherapy|\
plasmapheresis|plasma exchange|pneumonectomy|prostatectomy|psychotherapy|cognitive behavioral therapy|\
radiation|radiation therapy|radiotherapy|rehabilitation|renal transplantation|repair|replacement|\
resection|resuscitation|revascularization|salpingectomy|sclerotherapy|splenectomy|stem cell \
transplantation|stent|stenting|surgery|surgical excision|surgical resection|suture|thoracentesis|\
thoracotomy|thrombectomy|thrombolysis|thyroidectomy|tonsillectomy|total hip arthroplasty|\
total knee arthroplasty|tracheostomy|transfusion|transplant|transplantation|tubal ligation|\
vaccination|valve replacement|vasectomy|ventilation|vitrectomy|wound closure|bariatric surgery|\
cataract surgery|oxygen therapy|immunosuppressive therapy|antibiotic therapy|endotracheal intubation";
