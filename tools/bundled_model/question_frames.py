"""How a question is put, whatever it asks about: frames around a key, words before and after, from texts/frames.txt."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from tools.bundled_model.word_pools import allowed, read_sections

_BEFORE_SHARE, _AFTER_SHARE, _CONTEXT_SHARE = 0.12, 0.08, 0.15
_PLAIN_FRAMES = ("{key}?", "What is recorded about {key}?", "What do we know about {key}?")
_SECTIONS = ("frames", "prefixes", "suffixes", "contexts")


def read_frames() -> dict[str, list[str]]:
    """The lines of frames.txt by the section that they stand in, held-out ones with their star."""
    sections: dict[str, list[str]] = {name: [] for name in _SECTIONS}
    name = ""
    for line in read_sections("frames.txt"):
        if line.startswith("= "):
            name = line[2:]
        else:
            sections[name].append(line)
    return sections


class QuestionFrames:
    """Puts questions in words that `held_out` allows."""

    def __init__(
        self, sections: Mapping[str, Sequence[str]], dice: random.Random, *, held_out: bool, plain_words: bool = False
    ) -> None:
        self._sections = {name: allowed(lines, held_out=held_out) for name, lines in sections.items()}
        self._dice = dice
        self._plain_words = plain_words

    def about(self, key: str) -> str:
        """A question about whatever `key` names."""
        if self._plain_words:
            return self._dice.choice(_PLAIN_FRAMES).replace("{key}", key)
        if self._dice.random() < _CONTEXT_SHARE:
            key = f"{self._pick('contexts')} {key}"
        asked = self._pick("frames").replace("{key}", key)
        return asked[:1].upper() + asked[1:] if self._dice.random() < 0.5 else asked

    def dressed(self, question: str) -> str:
        """The question, sometimes with words around it that ask for nothing."""
        if self._dice.random() < _BEFORE_SHARE:
            question = f"{self._pick('prefixes')} {question}"
        if self._dice.random() < _AFTER_SHARE:
            question = f"{question} {self._pick('suffixes')}"
        return question

    def _pick(self, section: str) -> str:
        return self._dice.choice(self._sections[section])
