"""Words of a question beside the words of a record that answer it: a bounded list of our own, for finding, never proof.

Left of the colon stand words people ask with; right of it words that notes use when they answer such a question. Lines
with the same left side add up.
"""

from __future__ import annotations

from functools import cache

from assistant.evidence.synonyms import stem
from assistant.evidence.terms import content_terms

_LINES = """
allergy, allergic, allergies: allergy, allergic, anaphylaxis, intolerance, adverse reaction, reaction, rash, hives
allergy, allergic, allergies: nkda, nka
blood thinner, blood thinners, anticoagulant, anticoagulation: warfarin, apixaban, rivaroxaban, dabigatran, edoxaban
blood thinner, blood thinners, anticoagulant, anticoagulation: heparin, enoxaparin, anticoagulant, anticoagulation
water pill, water tablet, diuretic: furosemide, torsemide, bumetanide, hydrochlorothiazide, spironolactone, indapamide
water pill, water tablet, diuretic: diuretic
statin: atorvastatin, simvastatin, rosuvastatin, pravastatin
beta blocker: metoprolol, bisoprolol, carvedilol, atenolol, propranolol, nebivolol
ace inhibitor: lisinopril, ramipril, enalapril, perindopril
painkiller, painkillers, pain medicine, pain medication, analgesia: paracetamol, ibuprofen, naproxen, tramadol
painkiller, painkillers, pain medicine, pain medication, analgesia: oxycodone, morphine, codeine, analgesia, analgesic
antibiotic, antibiotics: amoxicillin, amoxicillin clavulanate, ciprofloxacin, doxycycline, nitrofurantoin, cephalexin
antibiotic, antibiotics: azithromycin, clarithromycin, ceftriaxone, cefuroxime, penicillin
antibiotic, antibiotics: trimethoprim sulfamethoxazole, vancomycin, antibiotic
blood sugar, sugar: glucose, hemoglobin a1c
kidney function, kidneys, kidney, renal: creatinine, egfr, kidney, renal, nephropathy, chronic kidney disease
liver, hepatic: alt, ast, bilirubin, hepatic, liver, hepatitis
cholesterol, lipids: ldl, hdl, cholesterol, lipid, triglycerides, hyperlipidemia
heart, cardiac: heart, cardiac, coronary, ventricular, myocardial, cardiology
lung, lungs, pulmonary: lung, pulmonary, respiratory, chest
stomach, tummy, belly: abdominal, abdomen, gastric, stomach, epigastric
bowel, gut: bowel, colon, intestinal, colonic
bone, bones: bone, osteoporosis, skeletal
skin: skin, dermatology, dermatitis, rash
eye, eyes, vision, sight: eye, ocular, retinal, retinopathy, visual, vision, ophthalmology, cataract
ear, ears, hearing: hearing, ear, audiometry
womb: uterus, uterine
heart doctor, heart specialist: cardiologist, cardiology
kidney doctor, kidney specialist: nephrologist, nephrology
cancer, malignancy, malignant: cancer, carcinoma, adenocarcinoma, malignancy, malignant, tumor, lymphoma, melanoma
cancer, malignancy, malignant: metastasis, neoplasm
operation, surgery, operated, procedure: surgery, operation, procedure, replacement, repair, resection
operation, surgery, operated, procedure: cholecystectomy, appendectomy, hysterectomy, bypass, arthroplasty, excision
operation, surgery, operated, procedure: underwent
scan, imaging: ct, mri, ultrasound, x ray, scan, echocardiogram, pet, imaging
smoke, smoker, smoked, smoking, tobacco, cigarettes: smoke, smoker, tobacco, cigarette, pack, nicotine
alcohol, drinking: alcohol, drink, beer, wine, unit, ethanol, etoh
drugs, recreational: drug, cannabis, cocaine, illicit, recreational
job, work, occupation, profession, living, employed, employment: work, job, occupation, retired, employed, profession
job, work, occupation, profession, living, employed, employment: employer
live, lives, lived, home situation: live, home, lives alone, apartment, house
married, spouse, partner: married, widowed, divorced, single, husband, wife, partner, spouse
children, kids: child, children, son, daughter
born, birth, birthday: birth, dob, born
address, street: address, street
telephone, phone, phone number: phone, telephone, tel
emergency contact, next of kin, relative: next of kin, emergency contact, husband, wife, son, daughter, relative
weigh, weight, heavy: weight, weigh, kg, lb, body mass index
tall, height: height, cm
vaccine, vaccination, vaccinated, immunised, immunized, shot, jab: vaccine, vaccination, immunization, immunisation
vaccine, vaccination, vaccinated, immunised, immunized, shot, jab: booster, dose
family history, runs in the family: family, mother, father, brother, sister
relatives, parents: mother, father, brother, sister, parent, aunt, uncle, grandmother, grandfather
side effect, side effects, tolerate, adverse effect: side effect, adverse, intolerance, tolerate, discontinue, cough
side effect, side effects, tolerate, adverse effect: nausea, because of
stopped, discontinued, taken off: stop, discontinue, held, withdrawn, cease, off
started, begun, put on: start, begin, initiate, commence, prescribed, new
changed, adjusted, altered: increase, decrease, reduce, change, switch, adjust, titrate, uptitrated
raised, increased, doubled: increase, raise, uptitrate, double, from, changed
lowered, reduced, decreased, cut: decrease, reduce, lower, halve, from, changed
switched, replaced: switch, replace, replacement, instead of, in place of
removed, taken out: remove, removal, excision, resection, extraction, ectomy
medication, medications, medicine, medicines, tablets, pills, drug, drugs: medication, tablet, mg, mcg, daily
medication, medications, medicine, medicines, tablets, pills, drug, drugs: twice daily, take
found, show, showed, finding, findings, result, results, reveal: result, finding, impression, show, reveal, conclusion
found, show, showed, finding, findings, result, results, reveal: interpretation
admitted, admission, hospitalised, hospitalized, hospital stay: admission, admitted, hospital, hospitalized, discharge
discharged, sent home, leave hospital: discharge, discharged
referred, referral: refer, referral
follow up, next appointment, come back, seen again: follow up, appointment, review, return, recheck, weeks, months
diagnosed, diagnosis: diagnosis, diagnosed, impression, assessment, known
cause, caused, reason, why: due to, because, secondary to, caused by, owing to, indication, reason
faint, passed out, collapse, blackout: syncope, collapse, fainting, loss of consciousness
feet, foot: foot, feet, toe, pedal
pump, pumping, pump function: ejection fraction, lvef, ventricular
heartbeat, heart rhythm, rhythm: rhythm, atrial fibrillation, sinus, arrhythmia, pulse
temperature: temperature, fever, afebrile
implant, device: pacemaker, implant, stent, defibrillator, device
resuscitation, code status, advance directive: resuscitation, dnr, dnacpr, code status, advance directive, full code
exercise, walk, mobility: exercise, walk, mobility, ambulation, ambulatory
trouble, difficulty: trouble, difficulty, problem
lose, lost: lost, loss, lose
sent, send: refer, referral, sent
seen, see: seen, saw, review, attend, visit
put in, placed, inserted, fitted: placement, insertion, implantation, placed, insert
inhaler, puffer: inhaler, albuterol, tiotropium, budesonide, salmeterol
biopsy, pathology, histology: biopsy, pathology, histology, specimen
polyp, polyps: polyp, adenoma
screening: screening, mammogram, colonoscopy, smear
thyroid: thyroid, levothyroxine, tsh, thyroxine, hypothyroidism
thyroid tablet, thyroid medicine, thyroid pill: levothyroxine, carbimazole
iron, iron stores: ferritin, iron, transferrin, ferrous
iron tablets, iron infusion: ferrous, ferric, iron
tumour marker, cancer marker: cea, psa, ca125, ca199, afp, marker
protein in urine, protein, leaking protein: albumin, proteinuria, albuminuria, acr, creatinine ratio, protein
glycated hemoglobin, long term sugar, sugar control, diabetes control: hemoglobin a1c
salt: sodium, salt
clotting, clotting test: inr, clotting, prothrombin, platelets
inflammation, inflammation marker: crp, esr, inflammatory
heart enzyme, heart damage: troponin, infarct
heart strain marker: bnp, ntprobnp
oxygen, oxygen level: saturation, oxygen, spo2
spot, shadow, lump: nodule, lesion, opacity, mass, shadow, lump, swelling
spot on lung, lung spot: nodule
grown, grow, bigger, larger: change, increase, stable, enlarge, grow, size, measures
shrunk, smaller: decrease, reduction, smaller, regression
spread, spreading: metastasis, involved, infiltration, nodes, secondary, spread, invasion
lymph glands, glands: nodes, lymph, node, adenopathy
hereditary, inherited, genetic, genes, familial: inherited, lynch, mutation, genetic, brca, germline, hereditary
stage, staging: stage, pt1, pt2, pt3, pt4, pn0, tnm
microscope, tissue, sample: histology, pathology, biopsy, adenoma, specimen
confused, muddled, confusion, disoriented: delirium, confusion, confused, muddled, disoriented, memory, dementia
memory: memory, dementia, cognitive, mmse, abbreviated mental test
mood, low mood, depressed: depression, mood, low, phq
worry, worried, anxious, nervous: anxiety, anxious, worried
sleep, sleeping: sleep, insomnia, pillows
pain, hurt, sore, ache: pain, tenderness, ache, sore, angina
chest pain: angina, chest pain
fall, fell, fallen, tripped: fall, fell, tripped, stumble
head injury, hit head: head injury, laceration, concussion
brain: head, brain, intracranial, cerebral
bleeding, bleed, blood loss: hemorrhage, hematoma, melena, bleeding
bleeding in brain, brain bleed: intracranial hemorrhage, hemorrhage, subdural
broken, break, fractured: fracture, broken
stitches, stitched, sewn: sutures, suture, staples, closure, repair
cut, wound: laceration, wound, incision
tick, tick bite: tick, lyme, erythema migrans
rash, skin rash: rash, erythema, dermatitis, urticaria
insect bite, bite: bite, tick, sting
sick, vomiting, throwing up: nausea, vomiting, vomit, emesis
loose stools, runny, diarrhea: diarrhea, loose stools, stools
constipated, constipation: constipation, laxative
black stool, blood in stool: melena, hematochezia
swollen, swelling, puffy: swelling, effusion
swollen legs, swollen ankles, ankles: ankle, swelling, pitting, leg
breathless, out of breath, breathing: shortness of breath, breathless, orthopnea
walk, walking distance, how far: walk, mile, metres, yards, stairs, frame, mobility
dizzy, lightheaded: dizziness, lightheaded, orthostatic, vertigo
tired, tiredness, fatigue: fatigue, tired, lethargy
appetite, eating: appetite, eating, food, intake
thirsty, fluid limit, how much fluid: fluid restriction, fluid, litres
weight loss: weight loss, lost, kg
dry weight, target weight: dry weight
kidneys bad, kidney failure: chronic kidney disease, egfr, creatinine, acute kidney injury
kidney injury: acute kidney injury, aki, creatinine
dialysis: dialysis, conservative, hemodialysis, peritoneal, transplant, fistula
anemia, anaemic, blood count: hemoglobin, anemia, iron
esa, epo, erythropoietin, anemia injection: darbepoetin, epoetin, erythropoietin, esa, aranesp, mircera
bone density, osteoporosis scan: dexa, tscore, osteopenia, osteoporosis, density
bone drug, bone protection: alendronate, alendronic, denosumab, zoledronic, risedronate
eye injection, injections in eye: aflibercept, ranibizumab, intravitreal, bevacizumab
eye pressure: intraocular, pressure, mmhg, tonometry
cataract, lens: cataract, lens, phacoemulsification, implant
diabetic eye: retinopathy, maculopathy, macular
sight, eyesight: visual acuity, acuity, vision
nerves, numbness, tingling: neuropathy, monofilament, sensation, numbness
cpr, resuscitated, heart stops, life support, ventilator: dnacpr, dnr, resuscitation, restarted, respect
cpr, resuscitated, heart stops, life support, ventilator: breathing machine, full treatment, code
wishes, preferences, decided, decision, want: choose, decided, declined, wishes, prefer, agreed
refused, refuse, declined: declined, refused, against
power of attorney, decisions for her: attorney, lpa, proxy
carer, care at home, help at home: carer, district nurse, help, package of care
home, lives with: lives, husband, wife, alone, home, house, stairs
discharged home, went home, left hospital, leave hospital: discharge, leaving, home, left
came into hospital, came in, admitted, arrived: admission, admitted, arrival, presented
emergency room, casualty, emergency: emergency department, emergency, attending
intensive care: icu, intensive care, itu
ward: ward, bed, bay
surgeon, operated, who operated, performed: surgeon, operator, performed, consultant
anesthetist, anesthetic, put to sleep: anesthesia, anesthetist, general, spinal
colectomy, bowel operation, bowel surgery, bowel removed: hemicolectomy, colectomy, resection, anastomosis
bowel cancer, colon cancer: caecal, colorectal, adenocarcinoma, colon cancer, bowel cancer, colorectal cancer
colorectal cancer, colorectal, cancer of the bowel: bowel cancer, colon cancer, colorectal cancer, colorectal
gallbladder: cholecystectomy, gallstones, biliary
womb operation: hysterectomy
tonsils: tonsillectomy
appendix: appendectomy, appendicectomy
pacemaker: pacemaker, icd, device
bypass, heart surgery: cabg, bypass, stent, pci, angioplasty
stent, angiogram: stent, angiography, angioplasty, pci
cardioversion, shock: cardioversion
irregular heartbeat, irregular pulse, palpitations: atrial fibrillation, palpitations, irregular
pumping, heart function, pump: ejection fraction, impairment
leaky valve, valve: regurgitation, stenosis, valve, mitral, aortic
murmur: murmur, systolic
blood clot, clot: thrombosis, embolism, deep vein thrombosis
stroke: stroke, infarct, transient ischemic attack
fit, fits, seizure: seizure, epilepsy, convulsion
infection: infection, sepsis, pneumonia, cellulitis, culture
flu: influenza, flu
covid: covid, sars, coronavirus
chest infection: pneumonia, bronchitis, chest infection
water infection, bladder infection: urinary tract infection, cystitis
urine: urine, urinalysis, urinary, dipstick
catheter: catheter, catheterised
transfusion, blood transfusion: transfusion, transfused, units, packed
throat: throat, airway, angioedema
what happened, reaction: anaphylaxis, reaction, collapse, rash, swelling
glasses, spectacles: glasses, spectacles
hearing aid: hearing aid
teeth, dental: dental, teeth, dentures
diet, food: diet, dietitian, salt, low
supplement, supplements, vitamin, herbal: vitamin, colecalciferol, turmeric, supplement, folic
vitamin d: colecalciferol, cholecalciferol, vitamin d
cholesterol tablet: atorvastatin, simvastatin, rosuvastatin
sugar tablet, diabetes tablet, diabetes medicine, diabetes drug: metformin, gliclazide, linagliptin, dapagliflozin
sugar tablet, diabetes tablet, diabetes medicine, diabetes drug: sitagliptin, empagliflozin, insulin
blood pressure tablet, blood pressure medicine: amlodipine, ramipril, lisinopril, losartan, bisoprolol, indapamide
heart failure medicine: bisoprolol, ramipril, sacubitril, spironolactone, bumetanide, furosemide, dapagliflozin
sglt2, sglt2 inhibitor, flozin: dapagliflozin, empagliflozin, canagliflozin
gliptin, dpp4: linagliptin, sitagliptin
calcium channel blocker: amlodipine, diltiazem, verapamil, nifedipine
nitrate: isosorbide, nitroglycerin
potassium binder: zirconium, lokelma, patiromer
acid tablet, stomach tablet, ppi: omeprazole, lansoprazole, pantoprazole
steroid, steroids: prednisolone, prednisone, dexamethasone, hydrocortisone
sleeping tablet: zopiclone, temazepam, zolpidem
anti inflammatory, nsaid: ibuprofen, naproxen, diclofenac, nsaid
opioid, opiate: morphine, oxycodone, codeine, tramadol, fentanyl
insulin: insulin, glargine, novorapid, units
eye drops, drops: drops, ketorolac, latanoprost, dexamethasone
at once, together, both, twice: both, as well as, duplicate, double
mistake, error, wrong, accident: wrong, error, mistake, corrected, as well as, instead
contradict, disagree, conflict: wrong, corrected, annotated, however
put up, upped, went up, gone up: increase, raise, uptitrate, from, changed, was
put down, brought down, went down: reduce, decrease, lower, from, changed, was
off, taken off, came off, come off: stop, discontinue, come off, cease
put on: start, commence, begin, new
strength: strength, dose, power
swap, swapped, switched: switch, change, replace, instead
pending, awaited, outstanding: pending, awaited, sent, outstanding
appointment, clinic visit: appointment, clinic, booked, offered, review
where: hospital, clinic, ward, centre, unit
"""


@cache
def related_keys() -> dict[str, frozenset[frozenset[str]]]:
    """For the keys of each phrase people ask with, the phrases that answer: each the keys that must stand together."""
    table: dict[str, frozenset[frozenset[str]]] = {}
    for line in _LINES.strip().splitlines():
        asked, answering = (side.split(",") for side in line.split(":"))
        groups = frozenset(frozenset(_keys(phrase)) for phrase in answering)
        for phrase in asked:
            name = " ".join(_keys(phrase))
            table[name] = table.get(name, frozenset()) | groups
    return table


def _keys(phrase: str) -> tuple[str, ...]:
    found = tuple(term.key for term in content_terms(phrase.strip()))
    return found or (stem(phrase.strip()),)
