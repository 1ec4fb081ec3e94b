"""Numbers and units as clinical text writes them, each in one spelling."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import cache

# The first spelling of a line names the unit. Only units that mean the same stand on one line: mcg is not mg.
_UNITS = """
mg | milligram | milligrams | mgs
mcg | microgram | micrograms | µg | μg | ug
g | gram | grams | gm | gms
kg | kilogram | kilograms | kgs | kilo | kilos
lb | lbs | pound | pounds
oz | ounce | ounces
ml | milliliter | milliliters | millilitre | millilitres | cc
l | liter | liters | litre | litres
dl | deciliter | decilitre
mmhg
bpm
iu
miu
ng
pg
nmol
pmol
umol | µmol | μmol
mosm
u
unit | units
meq
mmol
% | percent | pct
° | degree | degrees
mm | millimeter | millimeters | millimetre | millimetres
cm | centimeter | centimeters | centimetre | centimetres
ft | foot | feet
inch | inches
mile | miles
second | seconds | sec | secs
minute | minutes | min | mins
hour | hours | hr | hrs | h
day | days
week | weeks | wk | wks
month | months | mo | mos
year | years | yr | yrs | yo | y
time | times
tablet | tablets | tab | tabs
capsule | capsules | cap | caps
puff | puffs
drop | drops | gtt
pack | packs
"""
# "10 mg/day" and "10 mg a day" say one thing; the frequency is a word of its own.
_COMPOUND = re.compile(r"[a-zµμ%]+(?:/[a-z\d.]+)+")
_NUMERAL = re.compile(r"-?\d[\d.,:/]*(?:\+|[a-z]*)")
_NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
} | {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90"}


@cache
def _spellings() -> dict[str, str]:
    table: dict[str, str] = {}
    for line in _UNITS.strip().splitlines():
        spellings = [spelling.strip() for spelling in line.split("|")]
        table.update(dict.fromkeys(spellings, spellings[0]))
    return table


def unit_of(word: str) -> str | None:
    """The unit that the lower-case word names, or None: "milligrams" is "mg", "mmol/l" is itself."""
    if word in _spellings():
        return _spellings()[word]
    if _COMPOUND.fullmatch(word):
        parts = word.split("/")
        if parts[0] in _spellings():
            return "/".join(_spellings().get(part, part) for part in parts)
    return None


# Metric units differ by powers of ten, so one amount can be written in several of them; other units are not converted.
_METRIC = {
    **{unit: ("mass", factor) for unit, factor in (("mcg", 1), ("mg", 1_000), ("g", 1_000_000), ("kg", 10**9))},
    **{unit: ("volume", factor) for unit, factor in (("ml", 1), ("dl", 100), ("l", 1_000))},
    **{unit: ("length", factor) for unit, factor in (("mm", 1), ("cm", 10))},
}


def is_same_amount(number: str, unit: str | None, other: str, other_unit: str | None) -> bool:
    """Whether two numbers with their units are one amount: "1 g" is "1000 mg"."""
    if unit == other_unit:
        return number == other
    one, two = _METRIC.get(unit or ""), _METRIC.get(other_unit or "")
    if one is None or two is None or one[0] != two[0]:
        return False
    try:
        return Decimal(number) * one[1] == Decimal(other) * two[1]
    except InvalidOperation:  # "120/80", "1+"
        return False


def joined_number(word: str, following: str) -> str | None:
    """The number that two words write, "twenty" and "five", or None."""
    tens, ones = _NUMBER_WORDS.get(word, ""), _NUMBER_WORDS.get(following, "")
    if len(tens) == 2 and tens.endswith("0") and tens != "10" and len(ones) == 1 and ones != "0":
        return tens[0] + ones
    return None


def number_of(word: str) -> str | None:
    """The number that the lower-case word writes, or None: "1,200" is "1200", "5.90" "5.9", "two" "2", "2nd" "2nd"."""
    if word in _NUMBER_WORDS:
        return _NUMBER_WORDS[word]
    if not _NUMERAL.fullmatch(word):
        return None
    plain = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", word)
    return re.sub(r"\d+\.\d+", _without_trailing_zeros, plain)


def _without_trailing_zeros(match: re.Match[str]) -> str:
    return match.group().rstrip("0").rstrip(".")
