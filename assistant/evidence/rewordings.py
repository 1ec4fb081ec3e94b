"""Other words for the same, in which a true statement may be put: for proving, not for searching.

As in `synonyms`: only equivalents, and the first phrase of a line names its meaning, which may be one of theirs. What
patients say stands here, and the short forms of prescriptions outside of America.
"""

from __future__ import annotations

from functools import cache

from assistant.evidence.synonyms import phrases, stem

_GROUPS = """
twice daily | bd | 2x daily | 2x a day | 2x/day | two times per day | 2 times per day | 12 hourly
three times daily | tds | 3x daily | 3x a day | 3x/day | three times per day | 3 times per day | 8 hourly
four times daily | qds | 4x daily | 4x a day | 4x/day | four times per day | 4 times per day | 6 hourly
daily | 1x daily | once per day | one time per day | one time daily
nightly | nocte | before bed | before bedtime
in the morning | mane | each morning | every morning
as needed | when required | if required | as required | when necessary | if necessary
subcutaneous | under the skin
abdominal | belly | tummy
redness | erythema | erythematous
nausea | nauseous | feeling sick | feels sick | felt sick | sick to the stomach
vomiting | being sick | throwing up | emesis
fever | high temperature | raised temperature
fatigue | tiredness
kidney | renal
liver | hepatic
heart | cardiac
lung | pulmonary
stomach | gastric
high blood sugar | hyperglycemia | hyperglycaemia
low blood sugar | hypoglycemia | hypoglycaemia
bruise | ecchymosis | contusion
hives | urticaria
ringing in the ears | tinnitus
runny nose | rhinorrhea | rhinorrhoea
indigestion | dyspepsia
difficulty swallowing | trouble swallowing | dysphagia
painful urination | dysuria
blood in the urine | hematuria | haematuria
sleeplessness | insomnia
sweating | diaphoresis
dizziness | dizzy
headache | cephalgia
numbness | numb
""".strip()


@cache
def proof_phrases() -> dict[tuple[str, ...], str]:
    """The phrases of `synonyms` and those of this list as stems, with the phrase that names their meaning."""
    table = dict(phrases())
    for line in _GROUPS.splitlines():
        group = [phrase.strip() for phrase in line.split("|")]
        named = tuple(stem(word) for word in group[0].split())
        name = table.get(named, group[0])
        for phrase in group:
            table.setdefault(tuple(stem(word) for word in phrase.split()), name)
    return table


@cache
def word_names() -> dict[str, str]:
    """For single words of this list alone, by their stem, the phrase that names their meaning: renal says kidney."""
    known = phrases()
    return {stems[0]: name for stems, name in proof_phrases().items() if len(stems) == 1 and stems not in known}


@cache
def longest_proof_phrase_words() -> int:
    """How many words the longest phrase has."""
    return max(len(phrase) for phrase in proof_phrases())


@cache
def stems_by_proof_meaning() -> dict[str, frozenset[str]]:
    """For each meaning, by the phrase that names it, the stems of all words that its phrases are made of."""
    table: dict[str, frozenset[str]] = {}
    for stems, name in proof_phrases().items():
        table[name] = table.get(name, frozenset()) | set(stems)
    return table
