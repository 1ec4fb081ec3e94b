"""Words and phrases of medicine that say the same thing: a bounded list of our own.

Only equivalents stand here, never kinds of a thing: a statement may be proven through this list. Abbreviations with two
common readings (MS, PT, RA, CP, MI for mitral insufficiency) are left out unless one reading rules in practice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

import snowballstemmer

_BRITISH_ENDING = re.compile(r"our(s|ed|ing)?$")
# The first phrase of a line names its meaning; lines with the same first phrase are one.
_GROUPS = """
hypertension | high blood pressure | htn | elevated blood pressure
hypotension | low blood pressure
shortness of breath | breathlessness | sob | dyspnea | dyspnoea
shortness of breath | short of breath | breathless | difficulty breathing | trouble breathing
myocardial infarction | heart attack | mi
coronary artery disease | cad
coronary artery bypass graft | coronary artery bypass grafting | cabg
congestive heart failure | chf
heart failure | cardiac failure
atrial fibrillation | afib | a fib | af
diabetes mellitus | diabetes | dm | sugar diabetes
type 2 diabetes mellitus | type 2 diabetes | diabetes type 2 | t2dm | dm2 | type ii diabetes | diabetes mellitus type 2
type 1 diabetes mellitus | type 1 diabetes | diabetes type 1 | t1dm | dm1 | type i diabetes | diabetes mellitus type 1
hyperlipidemia | hyperlipidaemia | hld | high cholesterol
chronic kidney disease | ckd
end stage renal disease | esrd
chronic obstructive pulmonary disease | copd
gastroesophageal reflux disease | gastro oesophageal reflux disease | gerd | gord | acid reflux disease
urinary tract infection | uti
upper respiratory infection | uri
upper respiratory tract infection | urti
deep vein thrombosis | deep venous thrombosis | dvt
pulmonary embolism | pe
transient ischemic attack | transient ischaemic attack | tia
stroke | cerebrovascular accident | cva
benign prostatic hyperplasia | bph
obstructive sleep apnea | obstructive sleep apnoea | osa
hemoglobin a1c | haemoglobin a1c | hba1c | hgba1c | a1c | hb a1c
hemoglobin | haemoglobin | hgb
hematocrit | haematocrit | hct
white blood cell count | white cell count | wbc count | wbc
red blood cell count | rbc
complete blood count | full blood count | cbc | fbc
erythrocyte sedimentation rate | esr | sed rate
c reactive protein | crp
thyroid stimulating hormone | tsh
prostate specific antigen | psa
estimated glomerular filtration rate | egfr
blood urea nitrogen | bun
international normalized ratio | international normalised ratio | inr
low density lipoprotein | ldl
high density lipoprotein | hdl
electrocardiogram | ecg | ekg
echocardiogram | echocardiography | echo
ejection fraction | ef | lvef | left ventricular ejection fraction
computed tomography | ct scan | ct | cat scan
magnetic resonance imaging | mri
x ray | radiograph | xray
ultrasound | ultrasonography | sonogram
esophagogastroduodenoscopy | oesophagogastroduodenoscopy | egd | upper endoscopy
blood pressure | bp
heart rate | pulse rate | hr
respiratory rate | rr | respirations
oxygen saturation | o2 saturation | spo2 | o2 sat | sao2 | oxygen sat
body mass index | bmi
body surface area | bsa
goal | target
history | hx
diagnosis | dx
treatment | tx
prescription | rx
fracture | fx | broken bone
surgery | operation
physician | doctor
primary care physician | primary care provider | pcp | general practitioner | gp | family doctor
emergency department | emergency room | er | ed
intensive care unit | icu
range of motion | rom
physical therapy | physiotherapy
swelling | oedema | edema
tumor | tumour
hemorrhage | haemorrhage | bleeding | bleed
anemia | anaemia
diarrhea | diarrhoea
fever | febrile | pyrexia
itching | pruritus | itchy
fainting | syncope | fainted
nosebleed | epistaxis
high potassium | hyperkalemia | hyperkalaemia
low potassium | hypokalemia | hypokalaemia
low sodium | hyponatremia | hyponatraemia
high sodium | hypernatremia | hypernatraemia
as needed | prn | when needed | if needed
by mouth | orally | po | oral
intravenous | iv | intravenously
intramuscular | im | intramuscularly
subcutaneous | sc | subq | subcut | subcutaneously
daily | once daily | once a day | every day
daily | each day | per day | a day | qd | od | one time a day | q day | every 24 hours
twice daily | twice a day | bid | b i d | two times a day | two times daily
twice daily | 2 times a day | 2 times daily | every 12 hours | twice per day
three times daily | three times a day | tid | t i d | 3 times a day | 3 times daily | every 8 hours
four times daily | four times a day | qid | q i d | 4 times a day | 4 times daily | every 6 hours
nightly | every night | at bedtime | at night | qhs | each night
weekly | once weekly | once a week | every week | a week | per week
monthly | once monthly | once a month | every month | a month | per month
high | elevated | raised
normal | within normal limits | wnl | unremarkable | within normal range | within the normal range
start | begin | began | begun | initiate | commence
stop | discontinue | cease
both sides | bilateral | bilaterally
approximately | about | around | roughly
paracetamol | acetaminophen | tylenol
ibuprofen | advil | motrin
naproxen | aleve | naprosyn
aspirin | acetylsalicylic acid | asa
lisinopril | zestril | prinivil
amlodipine | norvasc
atorvastatin | lipitor
rosuvastatin | crestor
simvastatin | zocor
metformin | glucophage
furosemide | lasix
torsemide | demadex
bumetanide | bumex
metoprolol | lopressor
carvedilol | coreg
losartan | cozaar
valsartan | diovan
clopidogrel | plavix
warfarin | coumadin
apixaban | eliquis
rivaroxaban | xarelto
levothyroxine | synthroid
omeprazole | prilosec
pantoprazole | protonix
esomeprazole | nexium
famotidine | pepcid
ondansetron | zofran
metoclopramide | reglan
albuterol | salbutamol | ventolin | proair
fluticasone nasal | flonase
sertraline | zoloft
fluoxetine | prozac
escitalopram | lexapro
citalopram | celexa
bupropion | wellbutrin
gabapentin | neurontin
carbamazepine | tegretol
levetiracetam | keppra
tamsulosin | flomax
finasteride | proscar
dapagliflozin | farxiga
empagliflozin | jardiance
meloxicam | mobic
tramadol | ultram
hydrochlorothiazide | hctz
nitroglycerin | glyceryl trinitrate | gtn
adrenaline | epinephrine
penicillin | pcn
amoxicillin clavulanate | augmentin | co amoxiclav
trimethoprim sulfamethoxazole | bactrim | co trimoxazole
"""


_EXPANSIONS = {
    "nkda": ("no", "known", "drug", "allergies"),
    "nka": ("no", "known", "allergies"),
    "nad": ("no", "abnormality", "detected"),
}
# Their single words mean something else: a hemoglobin of 16 is not an A1c of 16.
_INDIVISIBLE = frozenset(
    ["hemoglobin a1c", "c reactive protein", "white blood cell count", "red blood cell count", "blood urea nitrogen"]
)


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The stem of a lower-case English word, spelled the American way; a word with a digit is its own stem."""
    return word if any(map(str.isdigit, word)) else str(_stemmer().stemWord(_american(word)))


def expansion(word: str) -> tuple[str, ...]:
    """The words that an abbreviation of a denial stands for: its "no" must be read as one."""
    return _EXPANSIONS.get(word, (word,))


def groups() -> Iterator[list[str]]:
    """Of each line the phrases, which all mean the same."""
    for line in _GROUPS.strip().splitlines():
        yield [phrase.strip() for phrase in line.split("|")]


@cache
def phrases() -> dict[tuple[str, ...], str]:
    """Every phrase of the list as stems, with the phrase that names its meaning."""
    table: dict[tuple[str, ...], str] = {}
    for group in groups():
        for phrase in group:
            stems = tuple(stem(word) for word in phrase.split())
            assert table.get(stems, group[0]) == group[0], f"{phrase!r} stands in two groups"
            table[stems] = group[0]
    return table


@cache
def stems_by_meaning() -> dict[str, frozenset[str]]:
    """For each meaning, by the phrase that names it, the stems of all words that its phrases are made of."""
    table: dict[str, frozenset[str]] = {}
    for stems, name in phrases().items():
        table[name] = table.get(name, frozenset()) | set(stems)
    return table


def is_divisible(name: str) -> bool:
    """Whether the words of this meaning may be spoken of alone: "diabetes" of "type 2 diabetes"."""
    return name not in _INDIVISIBLE


@cache
def longest_phrase_words() -> int:
    """How many words the longest phrase has."""
    return max(len(phrase) for phrase in phrases())


def _american(word: str) -> str:
    """One spelling for both sides of the ocean: haemoglobin, oedema, tumour, ischaemia, catheterisation."""
    return _BRITISH_ENDING.sub(r"or\1", word.replace("ae", "e").replace("oe", "e")).replace("isation", "ization")


@cache
def _stemmer() -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer("english")
