"""What words of questions mean in a record's words: "drink" is told as alcohol, "BP" as blood pressure.

Counted over training conversations, as in a table of word translations (Brown et al. 1993, Computational Linguistics
19(2)) without its iterations; and taken from the assistant's own list of synonyms.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from assistant.evidence.synonyms import groups

_LEAST_SEEN, _LEAST_SHARE, _LEAST_LIFT = 8, 0.33, 25.0
_MOST_MEANINGS = 2
_STEM_ENDINGS = ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "er", "es", "ed", "s", "e", "y")
_SHORTEST_STEM = 3


def meanings(
    asked: Iterable[tuple[frozenset[str], frozenset[str]]], segments: Iterable[frozenset[str]]
) -> Mapping[str, Sequence[str]]:
    """For words of questions what they are told in, most telling first.

    `asked` are the words of questions with the words of the segments that answer them; `segments` any of the records'.
    A word means others where its own form does not stand in the answer, and theirs do far oftener than in any segment.
    """
    anywhere: Counter[str] = Counter()
    total = 0
    for words in segments:
        anywhere.update(words)
        total += 1
    seen: Counter[str] = Counter()
    together: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for question, answer in asked:
        for word in question - answer:
            seen[word] += 1
            together[word].update(answer)
    found: dict[str, Sequence[str]] = {}
    for word in sorted(seen):
        shares = {other: count / seen[word] for other, count in together[word].items()}
        telling = [
            (share, other)
            for other, share in shares.items()
            if together[word][other] >= _LEAST_SEEN
            and share >= _LEAST_SHARE
            and share * total >= _LEAST_LIFT * anywhere[other]
        ]
        if telling:
            found[word] = [other for _, other in sorted(telling, reverse=True)[:_MOST_MEANINGS]]
    return found


def listed_meanings() -> dict[str, tuple[str, ...]]:
    """For single words what they may be told in, by the assistant's list of synonyms.

    The last word of a phrase stands for it: who asks for blood pressure may be told a BP.
    """
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for group in groups():
        words = [phrase for phrase in group if phrase.isalpha()]
        parts = [part for phrase in group for part in phrase.split() if part.isalpha() and len(part) > _SHORTEST_STEM]
        for word in words:
            found[word].update(dict.fromkeys([*words, *parts]))
        for phrase in group:
            found[phrase.split()[-1]].update(dict.fromkeys(words))
    return {
        word: tuple(other for other in others if stem(other) != stem(word))
        for word, others in found.items()
        if word.isalpha()
    }


def stem(word: str) -> str:
    """What "smoke", "smokers" and "smoking" have in common."""
    for ending in _STEM_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word
