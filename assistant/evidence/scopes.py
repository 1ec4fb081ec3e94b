"""How each term of a sentence stands: denied, in doubt, or said of a relative.

The scope of a cue runs forward to the end of its clause, as in NegEx (Chapman 2001): a full stop, semicolon or colon, a
word of contrast, a word that begins a new report, or a comma after which a verb shows a new clause. Some cues look back
("pneumonia was ruled out"). Both sides of a comparison go through the same rules, so their errors mostly cancel out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.evidence.synonyms import stem
from assistant.evidence.terms import Term, TermKind, terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether a term is denied, in doubt (possible, suspected, conditional), or said of a relative."""

    denied: bool = False
    doubted: bool = False
    of_relative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingTerm:
    """A term and how it stands in its sentence."""

    term: Term
    standing: Standing


_DENIALS = frozenset(
    ["no", "not", "none", "without", "never", "neither", "nor", "cannot", "denies", "denied", "deny", "denying", "nil"]
)
_DENIALS_BACK = frozenset(["none", "nil", "excluded", "absent"])
_FOUND = frozenset(
    stem(word)
    for word in ["seen", "identified", "detected", "present", "found", "evident", "appreciated", "visualized"]
)
_DOUBTS = frozenset(
    [
        "may",
        "might",
        "could",
        "possible",
        "possibly",
        "probable",
        "probably",
        "likely",
        "unlikely",
        "suspect",
        "suspected",
        "suspects",
        "suspicion",
        "suspicious",
        "questionable",
        "presumed",
        "presumably",
        "perhaps",
        "if",
        "unless",
        "whether",
        "suggest",
        "suggests",
        "suggestive",
        "suggesting",
        "concern",
        "concerning",
        "maybe",
    ]
)
_RELATIVES = frozenset(
    [
        "mother",
        "father",
        "sister",
        "brother",
        "aunt",
        "uncle",
        "cousin",
        "grandmother",
        "grandfather",
        "grandparent",
        "grandparents",
        "parent",
        "parents",
        "sibling",
        "siblings",
        "sisters",
        "brothers",
        "aunts",
        "uncles",
        "mom",
        "dad",
        "maternal",
        "paternal",
        "family",
    ]
)
_CONTRASTS = frozenset(["but", "however", "although", "though", "except", "yet", "otherwise"])
_NEW_REPORTS = frozenset(
    [
        "reports",
        "reported",
        "endorses",
        "endorsed",
        "admits",
        "admitted",
        "complains",
        "complained",
        "states",
        "stated",
        "notes",
        "noted",
        "presents",
    ]
)
_VERBS = frozenset(["is", "are", "was", "were", "has", "have", "had", "does", "did", "will", "would", "can", "should"])
_SUBJECTS = frozenset(["he", "she", "patient", "i", "we", "they"])


# "negative for" denies as "no" does; "no" of "no longer" and the like needs no rule of its own, both sides have it.
_FORWARD_CUES = {"denied": _DENIALS, "doubted": _DOUBTS, "of_relative": _RELATIVES}


def standing_terms(text: str) -> tuple[StandingTerm, ...]:
    """The content terms of a sentence or row, each with its standing; denials and doubts are the standing itself."""
    found = terms(text)
    words = [term.word for term in found]
    flags = {flag: _forward(found, words, flag) for flag in _FORWARD_CUES}
    flags["denied"] |= _backward(found, words)
    return tuple(
        StandingTerm(term=term, standing=Standing(**{flag: index in flagged for flag, flagged in flags.items()}))
        for index, term in enumerate(found)
        if term.is_content and not _is_pure_cue(words, index)
    )


def _is_pure_cue(words: Sequence[str], index: int) -> bool:
    return words[index] in _DENIALS or words[index] in _DOUBTS or _is_negative_for(words, index)


def _is_cue(words: Sequence[str], index: int, flag: str) -> bool:
    if words[index] in _FORWARD_CUES[flag]:
        return True
    if flag == "denied":
        return _is_negative_for(words, index)
    # "to rule out pneumonia" says that it is feared.
    return flag == "doubted" and words[index] == "rule" and words[index + 1 : index + 2] == ["out"]


def _is_negative_for(words: Sequence[str], index: int) -> bool:
    return words[index] == "negative" and words[index + 1 : index + 2] == ["for"]


def _forward(found: Sequence[Term], words: Sequence[str], flag: str) -> set[int]:
    """The places under a cue of `flag` that stands before them."""
    flagged: set[int] = set()
    is_open = False
    for index in range(len(found)):
        if _is_cue(words, index, flag):
            is_open = True
        elif is_open and _closes(found, words, index, flag):
            is_open = False
        if is_open:
            flagged.add(index)
    return flagged


def _closes(found: Sequence[Term], words: Sequence[str], index: int, flag: str) -> bool:
    word = words[index]
    if found[index].kind is TermKind.BREAK:
        return word in ".;:!?" or (word == "," and (flag == "doubted" or _begins_clause(words, index + 1)))
    if flag == "of_relative":
        return word in _SUBJECTS or word in _CONTRASTS
    # "does not report", "denies that she reports": the report stands under the denial itself.
    return word in _CONTRASTS or (word in _NEW_REPORTS and words[index - 1] not in _DENIALS)


def _begins_clause(words: Sequence[str], start: int) -> bool:
    """Whether a verb stands between `start` and the next break: a comma before it ends a clause and is no list."""
    for word in words[start:]:
        if word in ".;:!?,":
            return False
        if word in _VERBS or word in _SUBJECTS or word in _NEW_REPORTS:
            return True
    return False


def _backward(found: Sequence[Term], words: Sequence[str]) -> set[int]:
    """The places that a cue after them denies: "ruled out", "was not seen", "none"."""
    flagged: set[int] = set()
    for index, word in enumerate(words):
        after = [term.key for term in found[index + 1 : index + 3]]
        ruled_out = word in ("ruled", "r") and after[:1] == ["out"]
        if word in _DENIALS_BACK or ruled_out or (word == "not" and _FOUND & set(after)):
            start = max((at + 1 for at in range(index) if words[at] in ".;!?"), default=0)
            flagged.update(range(start, index + 1))
    return flagged
