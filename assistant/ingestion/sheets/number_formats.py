"""Show a spreadsheet's number as its number format shows it (ECMA-376 part 1, 18.8.31); dates become ISO 8601."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

from openpyxl.utils.datetime import from_excel

GENERAL = "General"
# Quoted text, an escaped character, a width to leave free, a character to fill with, then what stands in brackets.
_TOKENS = re.compile(r'"([^"]*)"?|\\(.)|_(.)|\*(.)|\[([^\]]*)\]|(General)|(E[+-])|(AM/PM|A/P)|(.)', re.IGNORECASE)
_CONDITION = re.compile(r"([<>]=?|=|<>)\s*(-?[\d.]+)")
_CURRENCY = re.compile(r"\$([^-]*)(?:-.*)?")
_PLACEHOLDERS = "0#?"
_LONGEST_FORMAT = 500
_MOST_DECIMALS = 30
# Excel keeps 15 digits; the rest of a binary number is noise.
_EXACT = Context(prec=15)
_WIDEST_PLAIN = 21
_EXACT_INTEGERS = 1e15
_SHORT_DIGITS = 15
_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """One of a format's up to four sections. `marks` are its characters; a literal has a leading NUL."""

    marks: tuple[str, ...]
    condition: tuple[str, float] | None = None
    elapsed: str = ""
    is_general: bool = False

    @property
    def letters(self) -> str:
        """The letters of a date, each once, in lower case; "" for a format of numbers."""
        found = "".join(dict.fromkeys(mark.lower() for mark in self.marks if mark.lower() in "ymdhs")) + self.elapsed
        return "" if any(mark in _PLACEHOLDERS for mark in self.marks) and not set(found) & set("ymdh") else found


def shown_number(value: float, code: str, epoch: datetime.datetime) -> str:
    """The number in the format `code`; "" where the format shows nothing."""
    if not math.isfinite(value):
        return str(value)
    sections = _sections(code[:_LONGEST_FORMAT])
    section = _section_for(value, sections)
    if section.letters:
        return _date(value, section, epoch)
    # A section of its own for negative numbers writes their sign, or brackets, itself.
    has_own_sign = len(sections) > 1 and section is not sections[0]
    return _number(abs(value) if has_own_sign else value, section)


def shown_text(text: str, code: str) -> str:
    """A text in the format `code`: its fourth section may hide it, or add words to it."""
    sections = _sections(code[:_LONGEST_FORMAT])
    if len(sections) < 4 and not (len(sections) == 1 and "@" in sections[0].marks):
        return text
    return "".join(text if mark == "@" else mark[1:] for mark in sections[-1].marks if mark[0] in "@\0").strip()


def general(value: float) -> str:
    """A number without any format: every digit that Excel keeps, and no more."""
    if abs(value) < _EXACT_INTEGERS and value == int(value):
        return str(int(value))
    written = repr(value)
    if len(written) <= _SHORT_DIGITS and "e" not in written:
        return written
    exact = _exact(value)
    return f"{exact.normalize():f}" if -_WIDEST_PLAIN < exact.adjusted() < _WIDEST_PLAIN else f"{exact.normalize():E}"


@lru_cache(maxsize=1_024)
def _sections(code: str) -> tuple[_Section, ...]:
    sections: list[list[re.Match[str]]] = [[]]
    for match in _TOKENS.finditer(code or "General"):
        if match.group(9) == ";":
            sections.append([])
        else:
            sections[-1].append(match)
    return tuple(_section(matches) for matches in sections[:4])


def _section(matches: list[re.Match[str]]) -> _Section:
    marks: list[str] = []
    condition: tuple[str, float] | None = None
    elapsed = ""
    is_general = False
    for match in matches:
        quoted, escaped, space, _, bracket, word, exponent, _, plain = match.groups()
        if bracket is not None:
            stated = _CONDITION.fullmatch(bracket)
            currency = _CURRENCY.fullmatch(bracket)
            if stated:
                condition = (stated.group(1), float(stated.group(2)))
            elif currency:
                marks += (f"\0{character}" for character in currency.group(1))
            elif bracket and set(bracket.lower()) <= set("hms"):
                elapsed = bracket[0].lower()
        elif word:
            is_general = True
            marks.append(word)
        elif exponent:
            marks.append(exponent.upper())
        elif space is not None:
            marks.append("\0 ")
        elif quoted is not None or escaped is not None:
            marks += (f"\0{character}" for character in quoted or escaped or "")
        elif plain:
            marks.append(plain if plain.lower() in "ymdhs0#?.,%@" else f"\0{plain}")
    return _Section(marks=tuple(marks), condition=condition, elapsed=elapsed, is_general=is_general)


def _section_for(value: float, sections: tuple[_Section, ...]) -> _Section:
    conditional = [section for section in sections if section.condition]
    if conditional:
        rest = [section for section in sections if not section.condition]
        return next((section for section in conditional if _holds(value, section.condition)), (rest or conditional)[0])
    if value < 0 and len(sections) > 1:
        return sections[1]
    return sections[2] if value == 0 and len(sections) > 2 else sections[0]


def _holds(value: float, condition: tuple[str, float] | None) -> bool:
    if condition is None:
        return False
    sign, bound = condition
    if value == bound:
        return "=" in sign
    return ("<" in sign and value < bound) or (">" in sign and value > bound)


def _date(value: float, section: _Section, epoch: datetime.datetime) -> str:
    letters = section.letters
    if section.elapsed:
        return _duration(value, section)
    has_time = "h" in letters or "s" in letters
    if value < (0 if has_time else 1):  # no day of the calendar
        return general(value)
    try:
        moment = from_excel(round(value * _SECONDS_PER_DAY) / _SECONDS_PER_DAY, epoch)
    except (ValueError, OverflowError):
        return general(value)
    seconds = "seconds" if "s" in letters else "minutes"
    if not isinstance(moment, datetime.datetime):  # openpyxl gives a time for what is less than a day
        return str(moment.isoformat(timespec=seconds)) if isinstance(moment, datetime.time) else general(value)
    if has_time:
        has_day = bool(set(letters) & set("yd"))
        return moment.isoformat(" ", seconds) if has_day else moment.time().isoformat(seconds)
    if "d" in letters:
        return moment.date().isoformat()
    return moment.strftime("%Y-%m") if "m" in letters else moment.strftime("%Y")


def _duration(value: float, section: _Section) -> str:
    """Hours may pass 24, as in the hours slept in a week."""
    seconds = round(abs(value) * _SECONDS_PER_DAY)
    sign = "-" if value < 0 and seconds else ""
    if section.elapsed == "s":
        return f"{sign}{seconds}"
    minutes, rest = divmod(seconds, 60)
    text = f"{minutes}" if section.elapsed == "m" else "{}:{:02d}".format(*divmod(minutes, 60))
    return f"{sign}{text}:{rest:02d}" if "s" in section.letters else f"{sign}{text}"


def _number(value: float, section: _Section) -> str:
    marks = section.marks
    if section.is_general:
        return "".join(general(value) if mark == "General" else mark[1:] for mark in _literals(marks, "General"))
    places = [index for index, mark in enumerate(marks) if mark in _PLACEHOLDERS]
    if "@" in marks or (places and "\0/" in marks):  # a text's format; a fraction, shown as a decimal
        return general(value)
    if not places:  # the format shows its own text, or nothing
        return "".join(_literals(marks)).replace("\0", "").strip()
    first, last = places[0], places[-1]
    before = "".join(_literals(marks[:first])).replace("\0", "")
    after = "".join(_literals(marks[last + 1 :])).replace("\0", "")
    scaled = _exact(value) * 100 ** marks.count("%") / Decimal(1000) ** _thousands(marks[last + 1 :])
    digits = _digits(scaled, marks[first : last + 1])
    return f"{before}{digits}{after}".strip()


def _literals(marks: tuple[str, ...], *kept: str) -> Iterator[str]:
    return (mark for mark in marks if mark[0] == "\0" or mark == "%" or mark in kept)


def _thousands(after: tuple[str, ...]) -> int:
    """Commas right after the last digit divide by a thousand each."""
    return next((index for index, mark in enumerate(after) if mark != ","), len(after))


def _digits(value: Decimal, places: tuple[str, ...]) -> str:
    exponent = next((index for index, mark in enumerate(places) if mark in ("E+", "E-")), None)
    if exponent is not None:
        return _scientific(value, places[:exponent])
    point = places.index(".") if "." in places else len(places)
    whole_places, decimal_places = places[:point], places[point + 1 :]
    most = min(sum(mark in _PLACEHOLDERS for mark in decimal_places), _MOST_DECIMALS)
    fewest = min(_forced(decimal_places[::-1]), most)
    rounded = f"{value.quantize(Decimal(1).scaleb(-most), ROUND_HALF_UP, _wide(value, most)):f}"
    unsigned = rounded.removeprefix("-")
    sign = "-" if rounded != unsigned and unsigned.strip("0.") else ""
    whole, _, decimals = unsigned.partition(".")
    while len(decimals) > fewest and decimals.endswith("0"):
        decimals = decimals[:-1]
    return f"{sign}{_whole(whole, whole_places)}{'.' if decimals else ''}{decimals}"


def _wide(value: Decimal, decimals: int) -> Context:
    return Context(prec=max(value.adjusted(), 0) + decimals + 2)


def _scientific(value: Decimal, mantissa: tuple[str, ...]) -> str:
    point = mantissa.index(".") if "." in mantissa else len(mantissa)
    decimals = sum(mark in _PLACEHOLDERS for mark in mantissa[point:])
    digits, _, power = f"{value:.{decimals}E}".partition("E")
    return f"{digits}E{int(power):+03d}"


def _whole(digits: str, places: tuple[str, ...]) -> str:
    """The digits before the point: padded, grouped, or spread over a format like 000-00-0000."""
    fewest = _forced(places)
    padded = digits.lstrip("0").rjust(fewest, "0")
    if any(mark[0] == "\0" for mark in places):
        return _spread(padded, places)
    return f"{int(padded):,}".rjust(len(padded), "0") if "," in places and padded else padded


def _forced(places: tuple[str, ...]) -> int:
    """How many digits a 0 forces to be shown: its own and those between it and the point."""
    digits = "".join(mark for mark in places if mark in _PLACEHOLDERS)
    return len(digits) - digits.index("0") if "0" in digits else 0


def _spread(digits: str, places: tuple[str, ...]) -> str:
    """The digits in their places from the right, the format's own characters between them."""
    left = list(digits)
    pieces: list[str] = []
    for mark in reversed(places):
        if mark in _PLACEHOLDERS:
            pieces.append(left.pop() if left else "")
        elif mark[0] == "\0":
            pieces.append(mark[1:])
    return "".join(left) + "".join(reversed(pieces))


def _exact(value: float) -> Decimal:
    return _EXACT.create_decimal(repr(value))
