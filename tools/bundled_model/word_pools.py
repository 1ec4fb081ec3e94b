"""Words and figures that invented documents are made of: pools from texts/words.txt, made-up words, numbers, dates."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

TEXTS = Path(__file__).parent / "texts"
_HELD_OUT = "*"
_MADE_UP_SHARE: Mapping[str, float] = {"drug": 0.6, "substance": 0.3, "family": 0.5, "given": 0.2, "place": 0.2}
# Names by which facts are asked for. In training many are words of any kind, so that no list is learned by heart.
_ANY_WORD_SHARE = 0.35
_ANY_WORD_SLOTS = frozenset(
    "drug substance finding procedure imaging clinic role organ test analyte measure reaction seen look".split()
)
_SYLLABLES = """
ba be bi bo bra ca ce ci co cra da de di do dra el en er fa fe fi flo ga ge gi glo ha he hi ja jo ka ke kli la le li lo
lu ma me mi mo mox na ne ni no nu or pa pe pi plo pra qua ra re ri ro ru sa se si sol sta ta te ti to tra ul va ve vel
vi vo xa xi za ze zi zo
""".split()
_DRUG_ENDINGS = "pril olol sartan statin mab zole pine xaban mycin cillin ide one ane idine oxin".split()
_OTHER_ENDINGS = "n r s t l by ton ford well ley mann ski sen ra no".split()
_MONTHS = """
January February March April May June July August September October November December
""".split()
_FIRST_DAY, _DAYS = date(2015, 1, 1), 4_200


def read_sections(name: str) -> list[str]:
    """The lines of a text file of this package that say something."""
    lines = (TEXTS / name).read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def read_pools() -> dict[str, list[str]]:
    """The pools of words.txt, held-out words with their star."""
    pairs = (line.split(":", 1) for line in read_sections("words.txt"))
    return {name: [word.strip() for word in words.split(";")] for name, words in pairs}


def is_held_out(text: str) -> bool:
    """Whether a word, line or name of the text files is kept from training."""
    return text.startswith(_HELD_OUT) or text.endswith(_HELD_OUT)


def without_star(text: str) -> str:
    """The word, line or name itself."""
    return text.strip(_HELD_OUT)


def allowed(texts: Sequence[str], *, held_out: bool) -> list[str]:
    """What training may use of `texts`; or what it may not, all of them where nothing is held out. Without stars."""
    chosen = [text for text in texts if is_held_out(text) == held_out] or list(texts)
    return [without_star(text) for text in chosen]


@dataclass(frozen=True, slots=True, kw_only=True)
class DateStyle:
    """How one document writes dates."""

    form: str

    def write(self, day: date) -> str:
        """The date in this form."""
        month = _MONTHS[day.month - 1]
        return self.form.format(d=day.day, m=day.month, y=day.year, month=month, mon=month[:3])


DATE_STYLES = tuple(
    DateStyle(form=form)
    for form in (
        "{d} {month} {y}",
        "{d:02}/{m:02}/{y}",
        "{y}-{m:02}-{d:02}",
        "{d:02}.{m:02}.{y}",
        "{month} {d}, {y}",
        "{d} {mon} {y}",
    )
)


class Words:
    """Draws words for one record; a word of a pool comes once, so that a question about it has one answer."""

    def __init__(
        self,
        pools: Mapping[str, Sequence[str]],
        dice: random.Random,
        *,
        any_words: Sequence[str] = (),
        held_out: bool = False,
    ) -> None:
        self._pools = {name: allowed(words, held_out=held_out) for name, words in pools.items()}
        self._any_words = () if held_out else any_words
        self._dice = dice
        self._used: set[str] = set()
        self._figures: Mapping[str, Callable[[], str]] = {
            "dose": self._dose,
            "year": lambda: str(dice.randint(1971, 2026)),
            "age": lambda: str(dice.randint(31, 94)),
            "count": lambda: str(dice.randint(3, 40)),
            "pressure": lambda: f"{dice.randint(88, 199)}/{dice.randint(48, 112)}",
            "points": lambda: f"{dice.randint(1, 18)}/{dice.choice((20, 30, 24))}",
            "code": lambda: "".join(dice.choice("ABCDEFGHKLMNPRSTUVWXYZ23456789") for _ in range(dice.randint(4, 7))),
            "phone": lambda: f"0{dice.randint(1000, 9999)} {dice.randint(100000, 999999)}",
            "flag": lambda: dice.choice(("H", "L", "*", "high", "low", "normal", "")),
            "doctor": lambda: f"{dice.choice(('Dr', 'Dr', 'Mr', 'Ms', 'Prof'))} {self.draw('family', once=False)}",
            "quantity": self._quantity,
            "range": lambda: f"{dice.randint(1, 40)} - {dice.randint(41, 160)}",
        }
        self.dates = dice.choice(DATE_STYLES)

    def begin_document(self) -> None:
        """Another document writes its dates in its own way."""
        self.dates = self._dice.choice(DATE_STYLES)

    def draw(self, slot: str, *, once: bool = True) -> str:
        """A word or figure for `slot`."""
        if slot == "date":
            return self.dates.write(_FIRST_DAY + timedelta(days=self._dice.randrange(_DAYS)))
        if slot in self._figures:
            return self._figures[slot]()
        for _ in range(12):
            word = self._word(slot)
            if word not in self._used:
                break
        if once:
            self._used.add(word)
        return word

    def figure(self, spread: str) -> str:
        """A value like those of "3.1-6.2 mmol/L", with the unit."""
        numbers, _, unit = spread.partition(" ")
        low, high = numbers.split("-")
        decimals = len(low.partition(".")[2])
        value = f"{self._dice.uniform(float(low), float(high)):.{decimals}f}"
        return f"{value} {unit}".strip()

    def _word(self, slot: str) -> str:
        if self._dice.random() < _MADE_UP_SHARE.get(slot, 0):
            return made_up_word(self._dice, slot)
        word = self._dice.choice(self._pools[slot])
        if self._any_words and slot in _ANY_WORD_SLOTS and self._dice.random() < _ANY_WORD_SHARE:
            other = " ".join(self._dice.choice(self._any_words) for _ in range(self._dice.choice((1, 1, 2))))
            spread = re.search(r" [\d.]+-[\d.]+.*", word)
            return other + (spread.group() if spread else "")
        return word

    def _dose(self) -> str:
        amount = self._dice.choice((1, 2, 2.5, 3, 4, 5, 6, 7.5, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 75, 80, 90, 100))
        amount = self._dice.choice((amount, amount * 10, self._dice.randint(1, 999)))
        unit = self._dice.choice(("mg", "mg", "mg", "micrograms", "units", "ml", "g", "drops", "tablets"))
        return f"{amount:g}{self._dice.choice((' ', ' ', ' ', ''))}{unit}"

    def _quantity(self) -> str:
        return f"{self._dice.randint(2, 900)} ml"


def made_up_word(dice: random.Random, slot: str) -> str:
    """A word that no list holds: a drug in lower case, a name with a capital."""
    stem = "".join(dice.choice(_SYLLABLES) for _ in range(dice.randint(1, 3)))
    if slot in ("drug", "substance"):
        return stem + dice.choice(_DRUG_ENDINGS)
    name = (stem + dice.choice(_OTHER_ENDINGS)).capitalize()
    return f"{name} House" if slot == "place" else name
