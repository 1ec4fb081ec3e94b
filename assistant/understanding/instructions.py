"""Find sentences of a page that are addressed to an AI instead of to its reader: "ignore previous instructions".

What can only be meant for a language model is found by itself (ai_addresses.py). What people also write to each other
("do not mention this to her son") is taken only where it goes on with such an order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from assistant.domain import Region, Role
from assistant.understanding.ai_addresses import addresses

_SENTENCE_END = re.compile(r"[.!?](?=[\s\"”'’)\]]|$)|[。！？]|\n(?=\s*\n)|\t")
_SAYING = (
    r"(?:say|state|write|report|output|print|respond|reply|answer|recommend|tell|include|omit|claim|pretend|mention"
    r"|conclude|reveal|summari[sz]e|insert|refer|cite|disclose|flag|warn|list|assume|declare|behave|rate|rank|hide)"
)
_ORDER_GOES_ON = re.compile(
    r"^\W*(?:(?:and|then|also|instead|now|please|just|simply|but|finally|rather|in your \w+|for this \w+)\W+){0,3}"
    rf"(?:{_SAYING}\b|(?:do not|don't|never|always|only|must(?: not)?|should(?: not)?)\W+(?:\w+\W+)?{_SAYING}\b"
    r"|you (?:must|should|will|shall|are|have|may|can|do)\b|your \w+|any (?:mention|reference|other)"
    r"|under no circumstances"
    r"|(?:this|these) (?:instructions?|messages?|orders?|rules?)|failure to|from now on)"
    r"|^\W*(?:请|你|您|不要|不得|务必|必须|始终|只能|仅|回答|输出|告诉|说明|写|声明|建议|禁止|切勿|直接|总结|摘要)",
    re.IGNORECASE,
)
_MOST_FOLLOWING = 8
_LINE_IS_WRAPPED = 60
_HAN_LINE_IS_WRAPPED = 28


def instruction_regions(text: str) -> tuple[Region, ...]:
    """The stretches of a page's text that are addressed to an AI, in order and apart from one another."""
    spans: list[tuple[int, int]] = []
    for start, end in sorted(addresses(text)):
        if not spans or end > spans[-1][1]:  # else it stands in a sentence that is found already
            spans.append(_whole(text, start, end))
    return tuple(Region(start=start, end=end, role=Role.INSTRUCTION) for start, end in _joined(sorted(spans)))


def _whole(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentences around `text[start:end]` and the orders that go on with it."""
    start, end = _sentence_start(text, start), _sentence_end(text, end)
    for _ in range(_MOST_FOLLOWING):
        begin = _next_sentence(text, end)
        if begin is None or not _ORDER_GOES_ON.match(text[begin : begin + 200]):
            break
        end = _sentence_end(text, begin + 1)
    return start, end


def _sentence_start(text: str, at: int) -> int:
    """Back to the end of the sentence before, over a line break only where the next line begins small."""
    window = max(0, at - 400)
    start = max((found.end() for found in _SENTENCE_END.finditer(text, window, at)), default=window)
    for newline in re.finditer("\n", text[start:at]):
        begin = start + newline.end()
        if not text[begin : begin + 1].islower():
            start = begin
            return _sentence_start_after(text, begin, at)
    return _skip_space(text, start, at)


def _sentence_start_after(text: str, begin: int, at: int) -> int:
    later = [m.end() + begin for m in re.finditer("\n", text[begin:at]) if not text[m.end() + begin].islower()]
    return _skip_space(text, max(later, default=begin), at)


def _skip_space(text: str, start: int, at: int) -> int:
    while start < at and (text[start].isspace() or text[start] in "\"”'’)]•-"):
        start += 1
    return start


def _sentence_end(text: str, at: int) -> int:
    """On to the end of the sentence, over a line break where the line is full or the next one begins small."""
    while True:
        found = _SENTENCE_END.search(text, at)
        stop = found.end() if found else len(text)
        newline = text.find("\n", at, stop)
        if newline < 0:
            return len(text[:stop].rstrip())
        if not _is_wrapped(text, newline):
            return newline
        at = newline + 1


def _is_wrapped(text: str, newline: int) -> bool:
    line = text[text.rfind("\n", 0, newline) + 1 : newline]
    if text[newline + 1 : newline + 2].islower():
        return True
    if line.rstrip().endswith((".", "!", "?", "。", ":")):
        return False
    is_han = any("\u4e00" <= character <= "\u9fff" for character in line[-6:])
    return len(line) >= (_HAN_LINE_IS_WRAPPED if is_han else _LINE_IS_WRAPPED)


def _next_sentence(text: str, end: int) -> int | None:
    """Where the next sentence of the same paragraph begins."""
    gap = re.compile(r"[ \t\"”'’)\]]*\n?[ \t•*–-]*").match(text, end)
    begin = gap.end() if gap else end
    return begin if begin < len(text) and text[begin] != "\n" else None


def _joined(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Spans that touch as one."""
    current: tuple[int, int] | None = None
    for start, end in spans:
        if current is None or start > current[1] + 2:
            if current:
                yield current
            current = (start, end)
        else:
            current = (current[0], max(current[1], end))
    if current:
        yield current
