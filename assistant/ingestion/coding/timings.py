"""How often a medicine is taken, in words: periods and daily events of C-CDA and FHIR."""

from __future__ import annotations

_UNITS = {"s": "second", "min": "minute", "h": "hour", "d": "day", "wk": "week", "mo": "month", "a": "year"}
# HL7 TimingEvent (2.16.840.1.113883.5.139), which FHIR's EventTiming takes over.
_EVENTS = {
    "AC": "before meals",
    "ACM": "before breakfast",
    "ACD": "before lunch",
    "ACV": "before dinner",
    "C": "with meals",
    "CM": "with breakfast",
    "CD": "with lunch",
    "CV": "with dinner",
    "PC": "after meals",
    "PCM": "after breakfast",
    "PCD": "after lunch",
    "PCV": "after dinner",
    "IC": "between meals",
    "HS": "at bedtime",
    "WAKE": "after waking",
    "MORN": "in the morning",
    "AFT": "in the afternoon",
    "EVE": "in the evening",
    "NOON": "at noon",
    "NIGHT": "at night",
    "PHS": "after going to sleep",
}


def every(amount: str, unit: str) -> str | None:
    """every("8", "h") is "every 8 hours", every("1", "d") "every day"; None for an unknown unit."""
    name = _UNITS.get(unit.strip())
    amount = amount.strip().removesuffix(".0")
    if name is None or not amount:
        return None
    return f"every {name}" if amount == "1" else f"every {amount} {name}s"


def times_a(count: str, amount: str, unit: str) -> str | None:
    """times_a("2", "1", "d") is "2 times a day", times_a("1", "8", "h") "every 8 hours"."""
    name = _UNITS.get(unit.strip())
    if name is None or not count or not amount:
        return None
    if count == "1":
        return every(amount, unit)
    if amount.removesuffix(".0") == "1":
        return f"{count} times {'an' if name == 'hour' else 'a'} {name}"
    return f"{count} times every {amount} {name}s"


def when_words(code: str) -> str | None:
    """The words for a daily event, None for one that is not known."""
    return _EVENTS.get(code.strip().upper())
