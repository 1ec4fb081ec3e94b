"""Statements made from real notes by seed: each with one planted defect of a known kind, or true in other words.

Nothing here looks at what the checker can do: a kind is a way in which a model goes wrong, or rewords rightly.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.domain import Origin, Page, Words
from assistant.evidence.dates import dates
from assistant.evidence.sentences import sentences

LINES_A_PAGE = 18
_DRUG_CLASSES = """
lisinopril ramipril enalapril captopril benazepril
losartan valsartan candesartan irbesartan telmisartan
metoprolol bisoprolol atenolol carvedilol propranolol
atorvastatin simvastatin rosuvastatin pravastatin
ibuprofen naproxen diclofenac meloxicam indomethacin
omeprazole pantoprazole lansoprazole esomeprazole
furosemide torsemide bumetanide
amlodipine nifedipine felodipine
apixaban rivaroxaban edoxaban warfarin
sertraline fluoxetine citalopram paroxetine escitalopram
oxycodone hydrocodone morphine tramadol codeine
amoxicillin ampicillin penicillin cephalexin
lasix bumex
tylenol advil aleve
metformin glipizide glyburide
gabapentin pregabalin
prednisone prednisolone dexamethasone
"""
_OTHER_UNITS = """
mg mcg, mcg mg, milligrams micrograms, mL L, cm mm, mm cm, pounds kilograms, units mL, percent mg, kg lb, lbs kg
minutes hours, hours days, day week, days weeks, week month, weeks months, months years, years months
"""
_OTHER_UNIT = dict(pair.split() for pair in re.split(r"[,\n]", _OTHER_UNITS.strip()))
_NUMBER_WORDS = dict(enumerate("zero one two three four five six seven eight nine ten eleven twelve".split()))
_DENIAL = re.compile(r"\b(?:no|not|denies|denied|without)\b ?", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]{4,}")
_MONTHS = "January February March April May June July August September October November December".split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A statement as `verify` takes it. `kind` names the defect, or what was reworded where `is_true`."""

    kind: str
    text: str
    file: str
    page: int
    quote: str | None = None
    is_true: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence of a note with the page it stands on."""

    text: str
    file: str
    page: int


Change = Callable[[str, random.Random], str | None]


def note_pages(folder: Path) -> list[Page]:
    """The notes, each cut into pages of a few lines, so that there is another page to cite wrongly."""
    return [page for path in sorted(folder.glob("*.txt")) for page in _pages(path)]


def _pages(path: Path) -> Iterator[Page]:
    blocks = path.read_text(encoding="utf-8").split("\n\n")
    texts = ["\n\n".join(blocks[at : at + LINES_A_PAGE]) for at in range(0, len(blocks), LINES_A_PAGE)]
    for number, text in enumerate(texts, start=1):
        yield Page(
            file=path.name, number=number, text=text, width=595.0, height=842.0, origin=Origin.TEXT, words=Words()
        )


def note_sentences(pages: Sequence[Page]) -> list[Sentence]:
    """The sentences of prose: seven words or more, ended by a full stop."""
    found = []
    for page in pages:
        for extent in sentences(page.text):
            text = " ".join(page.text[extent.start : extent.end].split())
            if text.endswith(".") and len(text.split()) >= 7:
                found.append(Sentence(text=text, file=page.file, page=page.number))
    return found


def planted(pages: Sequence[Page], seed: int, each: int) -> list[Planted]:
    """At most `each` statements of every kind, in an order of their own."""
    chance = random.Random(seed)
    pool = note_sentences(pages)
    made: list[Planted] = []
    for kinds, is_true in ((DEFECTS, False), (REWORDINGS, True)):
        for kind, change in kinds.items():
            made += _of_kind(kind, change, pool, chance, each, is_true=is_true)
    return made + list(_of_citation(pages, pool, chance, each))


def _of_kind(
    kind: str, change: Change, pool: Sequence[Sentence], chance: random.Random, each: int, *, is_true: bool
) -> Iterator[Planted]:
    left = each
    for sentence in chance.sample(pool, len(pool)):
        changed = change(sentence.text, chance)
        if changed is None or changed == sentence.text:
            continue
        yield Planted(
            kind=kind,
            text=changed,
            file=sentence.file,
            page=sentence.page,
            quote=sentence.text if left % 2 else None,
            is_true=is_true,
        )
        left -= 1
        if not left:
            return


def _of_citation(
    pages: Sequence[Page], pool: Sequence[Sentence], chance: random.Random, each: int
) -> Iterator[Planted]:
    """True sentences whose citation is wrong, or nothing but copied."""
    texts = {(page.file, page.number): " ".join(page.text.split()) for page in pages}
    files = sorted({page.file for page in pages})
    for sentence in chance.sample(pool, each):
        cites = Planted(kind="copied", text=sentence.text, file=sentence.file, page=sentence.page, is_true=True)
        yield cites
        yield replace(cites, kind="page_out_of_range", page=sentence.page + 90, is_true=False)
        yield replace(cites, kind="file_not_there", file="nowhere.txt", is_true=False)
        other = chance.choice([file for file in files if file != sentence.file])
        if not any(sentence.text in text for (file, _), text in texts.items() if file == other):
            yield replace(cites, kind="another_patient", file=other, page=1, is_true=False)
        elsewhere = [n for file, n in texts if file == sentence.file and sentence.text not in texts[file, n]]
        if elsewhere:
            yield replace(cites, kind="wrong_page", page=chance.choice(elsewhere), is_true=False)
        word = chance.choice(_WORD.findall(sentence.text) or [""])
        if word:
            altered = sentence.text.replace(word, word[:-1] + ("e" if word[-1] != "e" else "a"), 1)
            yield replace(cites, kind="quote_word_changed", quote=altered, is_true=False)


def _number(text: str, chance: random.Random) -> str | None:
    found = list(re.finditer(r"(?<![\w.,/-])\d+(?:\.\d+)?(?![\w/-]|[.,]\d)", text))
    if not found:
        return None
    match = chance.choice(found)
    value = float(match.group())
    other = value + chance.choice([1, 2, 5, 10]) if value < 1_900 else value + 1
    return text[: match.start()] + f"{other:g}" + text[match.end() :]


def _number_word(text: str, chance: random.Random) -> str | None:
    found = list(re.finditer(r"\b(?:two|three|four|five|six|seven|eight)\b", text))
    if not found:
        return None
    match = chance.choice(found)
    return text[: match.start()] + ("nine" if match.group() != "nine" else "ten") + text[match.end() :]


def _unit(text: str, chance: random.Random) -> str | None:
    found = [m for m in re.finditer(r"(?<=\d) ?(?P<unit>[A-Za-z]+)\b", text) if m["unit"] in _OTHER_UNIT]
    if not found:
        return None
    match = chance.choice(found)
    return text[: match.start("unit")] + _OTHER_UNIT[match["unit"]] + text[match.end("unit") :]


def _dropped_denial(text: str, chance: random.Random) -> str | None:
    found = list(_DENIAL.finditer(text))
    if len(found) != 1 or re.search(r"no longer|not only|no more", text, re.IGNORECASE):
        return None
    (match,) = found
    instead = "reports " if match.group().lower().startswith("denie") else ""
    return text[: match.start()] + instead + text[match.end() :]


def _added_denial(text: str, chance: random.Random) -> str | None:
    if _DENIAL.search(text):
        return None
    changed, count = re.subn(r"\b(is|was|has|had|does|did|will)\b", r"\1 not", text, count=1)
    return changed if count else None


def _side(text: str, chance: random.Random) -> str | None:
    sides = re.findall(r"\b(left|right)\b", text)
    if len(set(sides)) != 1 or "all right" in text:
        return None
    return re.sub(rf"\b{sides[0]}\b", "right" if sides[0] == "left" else "left", text)


def _drug(text: str, chance: random.Random) -> str | None:
    for line in _DRUG_CLASSES.strip().splitlines():
        names = line.split()
        found = [name for name in names if re.search(rf"\b{name}\b", text, re.IGNORECASE)]
        others = [name for name in names if name not in found]
        if found and others:
            return re.sub(rf"\b{found[0]}\b", chance.choice(others), text, flags=re.IGNORECASE)
    return None


def _date(text: str, chance: random.Random) -> str | None:
    found = [mention for mention in dates(text) if len(mention.readings) == 1]
    if not found:
        return None
    mention = chance.choice(found)
    (reading,) = mention.readings
    year, _, rest = reading.partition("-")
    changed = f"{int(year) + 1}-{rest}" if year.isdigit() else f"{_MONTHS[int(rest.split('-')[1]) % 12]} 30"
    return text[: mention.start] + changed + text[mention.end :]


def _relative(text: str, chance: random.Random) -> str | None:
    relative = (
        r"(?:his|her|the patient's|the patient’s) (?:mother|father|sister|brother|grandmother|grandfather|aunt|uncle)"
    )
    changed, count = re.subn(rf"^{relative} (had|has|was|is|died)", r"The patient \1", text, flags=re.IGNORECASE)
    if count:
        return changed
    changed, count = re.subn(r"\bfamily history of\b", "personal history of", text, count=1)
    return changed if count else None


def _certainty(text: str, chance: random.Random) -> str | None:
    changed, count = re.subn(r"\b(?:possible|probable|suspected|likely|may have|might have) ", "", text, count=1)
    return changed if count else None


DEFECTS: Mapping[str, Change] = {
    "number": _number,
    "number_in_words": _number_word,
    "unit": _unit,
    "dropped_no": _dropped_denial,
    "added_not": _added_denial,
    "other_side": _side,
    "drug_of_the_class": _drug,
    "another_date": _date,
    "said_of_a_relative": _relative,
    "doubt_dropped": _certainty,
}


def _digits_in_words(text: str, chance: random.Random) -> str | None:
    changed = re.sub(
        r"(?<![\w.,/:-])(?:[2-9]|1[0-2])(?= (?:days|weeks|months|years|hours|times)\b)",
        lambda match: _NUMBER_WORDS[int(match.group())],
        text,
    )
    return changed if changed != text else None


def _words_in_digits(text: str, chance: random.Random) -> str | None:
    values = {word: number for number, word in _NUMBER_WORDS.items() if number > 1}
    changed = re.sub(
        rf"\b({'|'.join(values)})(?= (?:days|weeks|months|years|hours|times)\b)",
        lambda match: str(values[match.group()]),
        text,
    )
    return changed if changed != text else None


def _frequency(text: str, chance: random.Random) -> str | None:
    ways = [
        ("twice (?:a day|daily)", ["bd", "BID", "b.i.d.", "two times a day", "2x daily", "every 12 hours"]),
        ("(?:once (?:a day|daily)|every day)", ["daily", "once daily", "od", "QD"]),
        ("three times (?:a day|daily)", ["tds", "TID", "3 times per day"]),
        ("as needed", ["PRN", "when required", "if needed"]),
        ("at night", ["nocte", "nightly"]),
    ]
    for pattern, others in ways:
        if re.search(rf"\b{pattern}\b", text, re.IGNORECASE):
            return re.sub(rf"\b{pattern}\b", chance.choice(others), text, flags=re.IGNORECASE)
    return None


def _units_spelled(text: str, chance: random.Random) -> str | None:
    pairs = {
        "mg": "milligrams",
        "milligrams": "mg",
        "pounds": "lb",
        "%": " percent",
        " percent": "%",
        "cm": "centimeters",
    }
    for short, long in pairs.items():
        changed, count = re.subn(rf"(?<=\d) ?{short}(?=[ .,;])", long if long == "%" else f" {long.strip()}", text)
        if count:
            return changed
    return None


def _units_converted(text: str, chance: random.Random) -> str | None:
    match = re.search(r"(?<![\d.,/-])(\d{2,4}) ?mg(?=[ .,;])", text)
    if match is None or int(match.group(1)) % 50:
        return None
    return text[: match.start()] + f"{int(match.group(1)) / 1000:g} g" + text[match.end() :]


def _date_rewritten(text: str, chance: random.Random) -> str | None:
    for mention in dates(text):
        (reading, *more) = mention.readings
        parts = reading.split("-")
        if more or len(parts) < 2 or not parts[0]:
            continue
        month = _MONTHS[int(parts[1]) - 1]
        forms = (
            [reading, f"{month[:3]} {parts[0]}"]
            if len(parts) == 2
            else [reading, f"{int(parts[2])} {month} {parts[0]}"]
        )
        form = chance.choice([form for form in forms if form != text[mention.start : mention.end]])
        return text[: mention.start] + form + text[mention.end :]
    return None


def _plain_words(text: str, chance: random.Random) -> str | None:
    pairs = {
        "hypertension": "high blood pressure",
        "shortness of breath": "trouble breathing",
        "edema": "swelling",
        "hyperlipidemia": "high cholesterol",
        "myocardial infarction": "heart attack",
        "hemoglobin": "haemoglobin",
        "discontinue": "stop",
        "nausea": "feeling sick",
        "dyspnea": "shortness of breath",
        "fracture": "broken bone",
        "abdominal pain": "belly pain",
        "physical therapy": "physiotherapy",
        "hepatic": "liver",
        "renal": "kidney",
        "erythema": "redness",
        "bilateral": "on both sides",
        "pruritus": "itching",
        "fatigue": "tiredness",
        "fever": "high temperature",
        "vomiting": "being sick",
        "cardiac": "heart",
    }
    for word, plain in chance.sample(sorted(pairs.items()), len(pairs)):
        changed, count = re.subn(rf"\b{word}\b", plain, text, count=1)
        if count:
            return changed
    return None


def _reported(text: str, chance: random.Random) -> str | None:
    changed = re.sub(
        r"^(?:The patient|He|She) (?:reports|states|notes|mentions|endorses)(?: that)? ",
        chance.choice(["According to the patient, ", "The record says that ", "It is documented that "]),
        text,
    )
    return changed if changed != text else None


def _present_for_subject(text: str, chance: random.Random) -> str | None:
    changed = re.sub(r"^(?:He|She|The patient) (is|has|was|had|takes|denies)\b", r"This patient \1", text)
    return changed if changed != text else None


REWORDINGS: Mapping[str, Change] = {
    "digits_in_words": _digits_in_words,
    "words_in_digits": _words_in_digits,
    "frequency": _frequency,
    "units_spelled": _units_spelled,
    "units_converted": _units_converted,
    "date_rewritten": _date_rewritten,
    "plain_words": _plain_words,
    "reported": _reported,
    "subject": _present_for_subject,
}
