"""Other words for what a question asks: equivalents, and the names that a record uses for what people call by its kind.

This widens search only. It proves nothing: a beta blocker is not always bisoprolol, but who asks for one wants to see
it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from assistant.evidence.synonyms import longest_phrase_words, phrases, stem

# What is asked for, in any of the wordings before the colon, and what the record may call it.
_NAMED_BY_KIND = """
blood thinner | anticoagulant: anticoagulant warfarin apixaban rivaroxaban dabigatran edoxaban heparin enoxaparin
antiplatelet: aspirin clopidogrel ticagrelor prasugrel
beta blocker: bisoprolol metoprolol carvedilol atenolol nebivolol propranolol labetalol
ace inhibitor: ramipril lisinopril enalapril perindopril captopril
angiotensin receptor blocker | arb: losartan valsartan candesartan irbesartan telmisartan olmesartan
calcium channel blocker: amlodipine nifedipine felodipine diltiazem verapamil
water tablet | water pill | diuretic: diuretic furosemide bumetanide torsemide spironolactone hydrochlorothiazide
statin | cholesterol tablet: statin atorvastatin rosuvastatin simvastatin pravastatin ezetimibe cholesterol
sglt2 inhibitor: dapagliflozin empagliflozin canagliflozin
glp 1 agonist: semaglutide liraglutide dulaglutide exenatide
blood sugar | sugar: glucose hba1c a1c diabetes
insulin: glargine lispro aspart detemir degludec
steroid | corticosteroid: prednisone prednisolone dexamethasone methylprednisolone hydrocortisone
painkiller | pain medication | analgesic: paracetamol acetaminophen ibuprofen naproxen codeine tramadol morphine
opioid | opiate: morphine oxycodone hydrocodone codeine tramadol fentanyl
nsaid | anti inflammatory: ibuprofen naproxen diclofenac meloxicam celecoxib
antibiotic: amoxicillin penicillin cefalexin cefuroxime ceftriaxone azithromycin doxycycline ciprofloxacin
antidepressant: sertraline fluoxetine citalopram escitalopram mirtazapine venlafaxine duloxetine bupropion amitriptyline
sleeping tablet | sleeping pill: zolpidem zopiclone temazepam melatonin
acid tablet | acid reducer | proton pump inhibitor | ppi: omeprazole pantoprazole lansoprazole esomeprazole
inhaler | puffer: albuterol salbutamol fluticasone budesonide tiotropium salmeterol formoterol
thyroid tablet | thyroid medication: levothyroxine
gout tablet | gout medication: allopurinol colchicine febuxostat
blood pressure tablet | blood pressure medication: hypertension antihypertensive amlodipine lisinopril ramipril losartan
esa | erythropoiesis stimulating agent: darbepoetin epoetin erythropoietin
iron store | iron stores | iron level: ferritin transferrin iron
tumor marker | tumour marker | cancer marker: cea psa afp ca125 ca19
kidney function | renal function | kidneys: creatinine egfr bun urea kidney renal
liver function | liver test: alt ast bilirubin alp albumin liver
thyroid function | thyroid test: tsh t4 thyroid
heart function | pump function: lvef ejection echocardiogram
heart rhythm | irregular heartbeat: fibrillation flutter arrhythmia ecg sinus
blood count: hemoglobin haemoglobin platelets hematocrit
glycated hemoglobin | glycated haemoglobin | glycosylated hemoglobin | long term sugar: hba1c a1c
inflammation marker: crp esr
cancer: carcinoma adenocarcinoma malignancy tumor neoplasm metastasis
spot on her lung | spot on his lung | spot on the lung | shadow on the lung: nodule opacity lesion
lump: mass nodule swelling
scan: ct mri ultrasound imaging
heart scan: echocardiogram
bowel camera | camera test: colonoscopy endoscopy gastroscopy
heart attack: infarction stemi nstemi
heart failure: hfref hfpef chf
fluid retention | fluid overload | swollen ankles | swollen legs: edema oedema
high potassium: hyperkalaemia hyperkalemia potassium
gallbladder: cholecystectomy cholecystitis gallstones
womb: uterus hysterectomy
cesarean | c section: caesarean
jab | shot | vaccine | vaccination | immunization: vaccine vaccination immunization influenza pneumococcal tetanus covid
resuscitation | code status: dnr dnacpr cpr resuscitate
next of kin | family contact: husband wife daughter son sister brother partner
smoker | smoking | smoke: smoker smoking tobacco cigarettes pack
drink | drinks | alcohol: alcohol units drinks
work | job | occupation: retired worked occupation
allergy | allergic | allergies: allergies allergic anaphylaxis rash reaction intolerance
surgeon | operated: surgeon operation
"""
# Meanings of the list of equivalents that questions speak of in passing; widening by them finds everything.
_PASSING = frozenset(
    """
    daily weekly monthly nightly start stop approximately normal high goal history treatment diagnosis physician
    """.split()
)
_WORD = re.compile(r"[^\W_]+")


def other_words(query: str) -> tuple[tuple[str, ...], ...]:
    """For each phrase of the query that the lists know: stems that an answer may have in its place."""
    stems = [stem(word) for word in _WORD.findall(query.lower())]
    found = (tuple(word for word in _table()[phrase] if word not in stems) for phrase in _phrases_in(stems))
    return tuple(words for words in found if words)


def _phrases_in(stems: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The longest phrase of the lists that starts at each word, none inside another."""
    at = 0
    while at < len(stems):
        longest = next((n for n in range(_longest(), 0, -1) if tuple(stems[at : at + n]) in _table()), 0)
        if longest:
            yield tuple(stems[at : at + longest])
        at += max(longest, 1)


@cache
def _table() -> dict[tuple[str, ...], tuple[str, ...]]:
    """Phrase, as stems -> the stems of everything that may stand for it."""
    table = {phrase: _equivalents(phrase, name) for phrase, name in phrases().items() if name not in _PASSING}
    for line in _NAMED_BY_KIND.strip().splitlines():
        asked, _, names = line.partition(":")
        for wording in asked.split("|"):
            phrase = tuple(stem(word) for word in wording.split())
            table[phrase] = (*table.get(phrase, ()), *(stem(name) for name in names.split()))
    return {phrase: tuple(dict.fromkeys(words)) for phrase, words in table.items()}


def _equivalents(phrase: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(word for other, named in phrases().items() if named == name and other != phrase for word in other)


@cache
def _longest() -> int:
    return max(longest_phrase_words(), max(len(phrase) for phrase in _table()))
