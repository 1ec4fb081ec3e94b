"""Numbers as lists show them: 3, iii, C, 03, 三."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
    (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
# Above this nobody counts in letters or Roman numerals; plain digits are shorter than what they would be.
_MOST = 3_999
_CHINESE = "〇一二三四五六七八九"


def letters(number: int) -> str:
    """a to z, then aa, bb, as Word counts."""
    if not 1 <= number <= _MOST:
        return str(number)
    times, letter = divmod(number - 1, 26)
    return chr(ord("a") + letter) * (times + 1)


def roman(number: int) -> str:
    """i, ii, iii, iv."""
    if not 1 <= number <= _MOST:
        return str(number)
    said = ""
    for value, numeral in _ROMAN:
        count, number = divmod(number, value)
        said += numeral * count
    return said


def chinese(number: int) -> str:
    """一 to 九十九."""
    if not 1 <= number <= 99:
        return str(number)
    tens, ones = divmod(number, 10)
    ten = {0: "", 1: "十"}.get(tens, _CHINESE[tens] + "十")
    return ten + (_CHINESE[ones] if ones else "")


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 11th."""
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


# The names of Word (ECMA-376 part 1, 17.18.59), and of the HTML attribute `type` and CSS' list-style-type.
STYLES: Mapping[str, Callable[[int], str]] = MappingProxyType(
    {
        "lowerLetter": letters,
        "upperLetter": lambda number: letters(number).upper(),
        "lowerRoman": roman,
        "upperRoman": lambda number: roman(number).upper(),
        "decimalZero": lambda number: f"{number:02}",
        "ordinal": ordinal,
        "chineseCounting": chinese,
        "chineseCountingThousand": chinese,
        "japaneseCounting": chinese,
        "ideographDigital": chinese,
    }
)


def numbered(number: int, style: str) -> str:
    """`number` in this style; in digits where the style is not known."""
    return STYLES.get(style, str)(number)
