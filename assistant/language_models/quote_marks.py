"""The number behind a quotation names a source that the quotation stands in: `"words of the record" [3]`.

Only a bracket right behind the closing quotation mark is watched, and only its first number. What else a model may put
there (a word, nothing at all) stays free: the checker judges it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from torch import Tensor

_WATCHED = re.compile(rb"[\s.,;:!?)]{0,6}(?:\[\s{0,2}(?P<digits>\d*))?")
_NUMBER = re.compile(rb"[\s.,;:!?)]{0,6}\[\s{0,2}(?P<digits>\d+)(?P<rest>.*)", re.DOTALL)
_OPENS_NUMBER = re.compile(rb"\[\s*\d")
_DIGIT_FIRST = re.compile(rb"\s*\d")


class NumberTokens:
    """The tokens of a vocabulary that can write a mark's number: those that begin with one, those with a bracket."""

    def __init__(self, vocabulary: Sequence[bytes]) -> None:
        self.digits = [(at, token) for at, token in enumerate(vocabulary) if _DIGIT_FIRST.match(token)]
        self.opened = [(at, token) for at, token in enumerate(vocabulary) if _OPENS_NUMBER.search(token)]


class QuoteMark:
    """What follows one quotation, watched until its mark is written or something else was."""

    def __init__(self, numbers: Sequence[int], tokens: NumberTokens, written: bytes) -> None:
        self._numbers = [str(number).encode() for number in numbers]
        self._tokens = tokens
        self._written = written

    @property
    def is_watched(self) -> bool:
        """Whether a mark may still be begun, or is being written."""
        return bool(self._numbers) and _WATCHED.fullmatch(self._written) is not None

    def write(self, piece: bytes) -> None:
        """Some more of the answer."""
        self._written += piece

    def allowed(self) -> Tensor | None:
        """The digits that must come, where the number is the beginning of longer ones only; None elsewhere."""
        digits = self._digits()
        if not digits or digits in self._numbers:
            return None
        return torch.tensor([at for at, token in self._tokens.digits if self._fits(token)], dtype=torch.int64)

    def forbidden(self) -> Tensor:
        """The tokens that would make it the number of another source."""
        tokens = self._tokens.opened if self._digits() is None else self._tokens.digits
        return torch.tensor([at for at, token in tokens if not self._fits(token)], dtype=torch.int64)

    def _digits(self) -> bytes | None:
        """The digits behind the bracket so far; None before it."""
        watched = _WATCHED.fullmatch(self._written)
        return watched["digits"] if watched else None

    def _fits(self, token: bytes) -> bool:
        number = _NUMBER.fullmatch(self._written + token)
        if number is None:
            return True
        if number["rest"]:
            return number["digits"] in self._numbers
        return any(known.startswith(number["digits"]) for known in self._numbers)
