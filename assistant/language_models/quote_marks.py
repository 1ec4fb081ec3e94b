"""The number behind a quotation names a source that the quotation stands in: `"words of the record" [3]`.

Only a bracket right behind the closing quotation mark is watched, and only its first number. Where the bracket is a
token of its own, the number must come, and behind it the end of the bracket or what leads on to more numbers: a model
whose likeliest number is a wrong one would write a word. What else may stand there (no bracket, one with a word in the
same token) stays free: the checker judges it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

_WATCHED = re.compile(rb"[\s.,;:!?)]{0,6}(?:\[(?P<digits>\d*))?")
_NUMBER = re.compile(rb"[\s.,;:!?)]{0,6}\[(?P<digits>\d+)(?P<rest>.*)", re.DOTALL)
_BEHIND_NUMBER = re.compile(rb"\s*(?:[\],;-]|\xe2\x80\x93)")  # as conversation.marks reads them: [3], [3, 4], [3-5]
_OPENS_NUMBER = re.compile(rb"\[\d")


class NumberTokens:
    """The tokens of a vocabulary that can write a mark's number.

    `digits`: nothing but digits, there may be thousands; `mixed`: digits and more; `opened`: with the bracket before
    the digits; `ending`: what may stand behind a number.
    """

    def __init__(self, vocabulary: Sequence[bytes]) -> None:
        self.digits = {token: at for at, token in enumerate(vocabulary) if token.isdigit()}
        self.all_digits = torch.tensor(list(self.digits.values()), dtype=torch.int64)
        first = [(at, token) for at, token in enumerate(vocabulary) if token[:1].isdigit()]
        self.mixed = [(at, token) for at, token in first if not token.isdigit()]
        self.ending = [at for at, token in enumerate(vocabulary) if _BEHIND_NUMBER.match(token)]
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
        """What must come behind the bracket and behind its digits; None elsewhere."""
        digits = self._digits()
        if digits is None:
            return None
        mixed = [at for at, token in self._tokens.mixed if self._fits(token)]
        ending = self._tokens.ending if digits in self._numbers else []
        return torch.tensor([*self._going_on(digits), *mixed, *ending], dtype=torch.int64)

    def forbidden(self) -> Tensor:
        """The tokens that would make it the number of another source."""
        digits = self._digits()
        if digits is None:
            return _unfit(self._tokens.opened, self._fits)
        wrong = self._tokens.all_digits
        wrong = wrong[~torch.isin(wrong, torch.tensor(self._going_on(digits), dtype=torch.int64))]
        return torch.cat((wrong, _unfit(self._tokens.mixed, self._fits)))

    def _going_on(self, digits: bytes) -> list[int]:
        """The tokens of digits that lead on to one of the numbers."""
        rests = [known[len(digits) :] for known in self._numbers if known.startswith(digits)]
        pieces = {rest[:length] for rest in rests for length in range(1, len(rest) + 1)}
        return [self._tokens.digits[piece] for piece in pieces if piece in self._tokens.digits]

    def _digits(self) -> bytes | None:
        """The digits behind the bracket so far; None before it."""
        watched = _WATCHED.fullmatch(self._written)
        return watched["digits"] if watched else None

    def _fits(self, token: bytes) -> bool:
        number = _NUMBER.fullmatch(self._written + token)
        if number is None:
            return True
        if number["rest"]:
            return number["digits"] in self._numbers and _BEHIND_NUMBER.match(number["rest"]) is not None
        return any(known.startswith(number["digits"]) for known in self._numbers)


def _unfit(tokens: Sequence[tuple[int, bytes]], fits: Callable[[bytes], bool]) -> Tensor:
    return torch.tensor([at for at, token in tokens if not fits(token)], dtype=torch.int64)
