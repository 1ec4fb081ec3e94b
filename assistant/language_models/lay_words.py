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
raised, increased, doubled: increase, raise, uptitrate, double, from
lowered, reduced, decreased, cut: decrease, reduce, lower, halve, from
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
exercise, walk, mobility: exercise, walk, mobility, ambulation, walking
inhaler, puffer: inhaler, albuterol, tiotropium, budesonide, salmeterol
biopsy, pathology, histology: biopsy, pathology, histology, specimen
polyp, polyps: polyp, adenoma
screening: screening, mammogram, colonoscopy, smear
"""


@cache
def related_keys() -> dict[str, frozenset[str]]:
    """For the key of each word or phrase people ask with, the keys of the words that answer."""
    table: dict[str, frozenset[str]] = {}
    for line in _LINES.strip().splitlines():
        asked, answering = (side.split(",") for side in line.split(":"))
        keys = frozenset(key for phrase in answering for key in _keys(phrase))
        for phrase in asked:
            name = " ".join(_keys(phrase))
            table[name] = table.get(name, frozenset()) | keys
    return table


def _keys(phrase: str) -> tuple[str, ...]:
    found = tuple(term.key for term in content_terms(phrase.strip()))
    return found or (stem(phrase.strip()),)
