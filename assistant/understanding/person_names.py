"""Say whether two written names can be those of one person: order, initials, spelling and married names considered."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

_TITLES = frozenset(
    "mr mrs ms miss mx master dr prof sir dame lady lord rev herr herrn frau mme md rn phd frcp frcs jr sr ii".split()
)
# Short forms that are no beginning of the name; the others ("Win", "Rob") are recognized as such.
_SHORT_FORMS = (
    "bill billy will william|bob bobby rob robert|peggy meg maggie margaret|betty liz beth lizzie elizabeth|jack john"
    "|dick rick richard|ted ned edward edmund|tony anthony|harry henry|molly polly mary"
    "|nell nellie ellen eleanor helen"
    "|sally sarah|hal harold|jim jimmy james|kate katie kathy katherine catherine kathleen|sandy alexander alexandra"
    "|becky rebecca|debbie deborah|mike micky michael|steve stephen steven|andy andrew|nancy ann|gill jill gillian"
)
_SAME_FORMS = {name: group for group, names in enumerate(_SHORT_FORMS.split("|")) for name in names.split()}
_SHORTEST_BEGINNING = 3
_SHORTEST_MISSPELT = 4


class NameMatch(StrEnum):
    """How two names agree. GIVEN: the surnames differ, as after a marriage. SURNAME: as among relatives."""

    SAME = "same"
    GIVEN = "given"
    SURNAME = "surname"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class _PersonName:
    given: tuple[str, ...]
    surname: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        return self.given + self.surname


def match_names(one: str, other: str) -> NameMatch:
    """How two names agree. Letters with accents are as those without."""
    if _is_han(one) or _is_han(other):
        return NameMatch.SAME if one == other else NameMatch.DIFFERENT
    first, second = _parse(one), _parse(other)
    if _are_same(first, second):
        return NameMatch.SAME
    if _share(first.given[:1], second.given) or _share(second.given[:1], first.given):
        return NameMatch.GIVEN
    if _share(first.surname, second.surname):
        return NameMatch.SURNAME
    return NameMatch.DIFFERENT


def _are_same(first: _PersonName, second: _PersonName) -> bool:
    fewer, more = sorted((first.parts, second.parts), key=len)
    if not fewer or _close("".join(first.parts), "".join(second.parts)):  # also "Mc Donald"
        return True
    left = list(more)
    full = 0
    matched = 0
    for part in fewer:
        found = next((other for other in left if _are_forms(part, other)), None)
        if found is None:
            continue
        left.remove(found)
        matched += 1
        full += min(len(part), len(found)) > 1
    # "Anna Maria Smith" and "Anna Smith Jones" share two whole names; "A. Smith" shares all that it has.
    return full >= 2 or (matched == len(fewer) and full >= 1)


def _share(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return any(len(a) > 1 and len(b) > 1 and _are_forms(a, b) for a in some for b in others)


def _are_forms(one: str, other: str) -> bool:
    """Whether two parts of names can be one: equal, an initial, a beginning, a usual short form, misspelt."""
    short, long = sorted((one, other), key=len)
    if len(short) == 1:
        return long.startswith(short)
    if short == long or (len(short) >= _SHORTEST_BEGINNING and long.startswith(short)):
        return True
    if one in _SAME_FORMS and _SAME_FORMS[one] == _SAME_FORMS.get(other):
        return True
    return len(short) >= _SHORTEST_MISSPELT and _close(short, long)


def _close(one: str, other: str) -> bool:
    """Whether one letter in eight at most (and one always) is wrong, missing or too many, or two changed places."""
    allowed = 1 + min(len(one), len(other)) // 8
    return abs(len(one) - len(other)) <= allowed and edit_distance(one, other) <= allowed


def edit_distance(one: str, other: str) -> int:
    """Insertions, deletions, replacements and swaps of neighbours that turn one text into the other."""
    before_last: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before_last[j - 2] + 1)
            row.append(cost)
        before_last, last = last, row
    return last[-1]


def _parse(name: str) -> _PersonName:
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    surname_text, comma, given_text = plain.partition(",")
    if comma and _words(given_text):
        return _PersonName(given=_words(given_text), surname=_words(surname_text))
    words = _words(surname_text)
    shouted = tuple(word for word in _words(surname_text, is_shouted=True) if len(word) > 1)
    if shouted and len(shouted) < len(words):
        return _PersonName(given=tuple(word for word in words if word not in shouted), surname=shouted)
    return _PersonName(given=words[:-1], surname=words[-1:])


def _words(text: str, *, is_shouted: bool = False) -> tuple[str, ...]:
    words = re.findall(r"[^\W\d_]+", text.replace("'", "").replace("’", ""))
    return tuple(w.casefold() for w in words if w.casefold() not in _TITLES and (w.isupper() or not is_shouted))


def _is_han(name: str) -> bool:
    return "\u4e00" <= name[:1] <= "\u9fff"
