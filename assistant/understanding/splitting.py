"""Tell where in a file one document ends and the next begins: a faxed bundle, several letters printed in a row.

Every sign for or against a new document counts some points: page numbers that begin again or go on, titles, salutations
and signatures, patient lines, dates, a sentence that goes over the page. Parts of an archive always split.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from assistant.domain import Origin
from assistant.understanding.date_words import DateLabel
from assistant.understanding.event_dates import labelled_dates
from assistant.understanding.identities import differences
from assistant.understanding.kinds import Title
from assistant.understanding.page_digest import PageDigest
from assistant.understanding.page_labels import PageLabel

_ENOUGH = 3.0
_SALUTATION = re.compile(
    r"^\W*(?:dear\b|sehr geehrte|to whom it may concern|chère?s?\b|estimad[oa]|尊敬的|liebe[r]? (?:frau|herr|kolleg))",
    re.IGNORECASE,
)
_ENDING = re.compile(
    r"\b(?:yours (?:sincerely|faithfully|truly)|kind(?:est)? regards|best wishes"
    r"|electronically (?:checked and )?signed|signed (?:by|electronically)"
    r"|end of (?:report|document|letter|summary)|copy to|copies:|cc:|authori[sz]ed by|reported by|dictated by"
    r"|verified by|signature)\b"
    r"|\*{2,} ?end|医师签[名字]|报告医[师生]",
    re.IGNORECASE,
)
_CONTINUED = re.compile(r"\b(?:continued|cont[’']?d|contd|continuation|fortsetzung|overleaf|续页)\b", re.IGNORECASE)
_LETTERHEAD = re.compile(
    r"\b(?:tel(?:ephone)?|phone|fax|switchboard|www\.|e-?mail|\S+@\S+|suite|p\.?o\.? box)\b"
    r"|\b[A-Z]{1,2}\d{1,2}[A-Z]? \d[A-Z]{2}\b|\b[A-Z]{2} \d{5}\b",
)
_NUMBERED_SPECIMEN = re.compile(
    r"\b(?:accession|specimen|lab|report|sample|case)\b.{0,8}(?:no|number|#|:)\W*([A-Z0-9][\w/-]{3,})", re.IGNORECASE
)
_EVENTS = frozenset(
    {
        DateLabel.COLLECTED,
        DateLabel.EXAMINED,
        DateLabel.OPERATED,
        DateLabel.VISITED,
        DateLabel.ADMITTED,
        DateLabel.PLAIN,
    }
)
_INSTITUTION = re.compile(
    r"\b(?:hospital|infirmary|clinic|cent(?:re|er)|practice|trust|laborator\w+|lab|associates|medical|health\w*"
    r"|department|unit|ward|pathology"
    r"|radiology|imaging|surgery|hospice|institute|praxis|klinik|servicio|nhs)\b|医院",
    re.IGNORECASE,
)
_HEAD_LINES, _END_LINES = 12, 8
_SHORT_PAGE = 0.6
_SURE_TITLE_POINTS = 7
_REPEATED_WORDS = 0.8
_INSTITUTION_WORDS = 3
_MARKS = ",.;:·()"
_DATE_LINES = 4
_DAY = re.compile(
    r"\b\d{1,2}[-/. ](?:\d{1,2}|[A-Za-z]{3,9})[-/. ]\d{2,4}\b|\b[A-Z][a-z]{2,8} \d{1,2}, \d{4}\b|\b\d{4}-\d\d-\d\d\b"
)


def document_starts(pages: Sequence[PageDigest]) -> list[int]:
    """The places in `pages` where documents begin; the first is 0."""
    if not pages:
        return []
    is_print = _is_numbered_through(pages)
    starts = [0]
    for place in range(1, len(pages)):
        before, page = pages[place - 1], pages[place]
        if before.part != page.part:
            starts.append(place)
        elif Origin.STRUCTURED in (before.origin, page.origin) or not page.was_read:
            continue
        elif _points(_last_read(pages, starts[-1], place), page, is_print=is_print) >= _ENOUGH:
            starts.append(place)
    return _without_shuffled(pages, starts)


def _last_read(pages: Sequence[PageDigest], first: int, place: int) -> PageDigest:
    """The page before `place` that has text, if the document has one."""
    return next((pages[at] for at in range(place - 1, first - 1, -1) if pages[at].was_read), pages[place - 1])


def _points(before: PageDigest, page: PageDigest, *, is_print: bool) -> float:
    numbering = _numbering(before, page, is_print=is_print)
    if abs(numbering) >= 2 * _ENOUGH:
        return numbering  # nothing outweighs it
    points = numbering + _heading(before, page) + _flow(before, page)
    if differences(before.identity.identity, page.identity.identity):
        points += 3
    if 0 < points < _ENOUGH or (points >= _ENOUGH and numbering < 0):
        points += _other_event(before, page)
    return points


def _numbering(before: PageDigest, page: PageDigest, *, is_print: bool) -> float:
    label, previous = page.label, before.label
    if label is None:
        if previous and previous.total:
            return 2.0 if previous.page == previous.total else -1.5
        return _lone_numbering(before, page)
    if label.page == 1:
        return 6.0
    if previous is None:
        return -2.0
    if label.page == previous.page + 1 and label.total == previous.total:
        return -2.0 if is_print else -6.0
    if label.total != previous.total:
        return 4.0
    return 3.0 if label.page <= previous.page else -2.0


def _lone_numbering(before: PageDigest, page: PageDigest) -> float:
    numbers, previous = {label.page for label in page.alone}, {label.page for label in before.alone}
    if any(number + 1 in numbers for number in previous):
        return -2.5
    return 1.5 if 1 in numbers and previous else 0.0


def _heading(before: PageDigest, page: PageDigest) -> float:
    head = [line.text.strip() for line in page.head[:_HEAD_LINES]]
    before_head = {line.text.strip() for line in before.head[:_HEAD_LINES]}
    before_words = {word.strip(_MARKS) for line in before_head for word in line.split()}
    points = 0.0
    if page.title:
        points += _title(page.title, head, before_head, before_words)
    if any(_SALUTATION.match(line.text) for line in page.head):
        points += 3.0
    if any(_LETTERHEAD.search(text) for text in head[:6]):
        points += 1.0
    if any(
        _INSTITUTION.search(text) and _is_new(text, before_words) and not _goes_on_from(text, before_head)
        for text in head[:2]
    ):
        points += 1.5
    if _names_patient_anew(page, before_words):
        points += 1.0
    if head and head[0].isupper() and len(head[0].split()) > 1 and _is_new(head[0], before_words):
        points += 1.0
    is_running = bool(head) and (head[0] in before_head or _goes_on_from(head[0], before_head))
    if not is_running and any(_DAY.search(text) and _is_new(text, before_words) for text in head[:_DATE_LINES]):
        points += 1.0
    same = sum(text in before_head for text in head[:_END_LINES])
    if same >= 4 and same >= 0.7 * min(len(head), _END_LINES):
        points -= 4.0
    return points


def _is_new(text: str, before_words: Collection[str]) -> bool:
    """Whether a line is made of other words than the head of the page before, which a running header repeats."""
    words = text.split()
    return sum(word.strip(_MARKS) in before_words for word in words) < _REPEATED_WORDS * len(words)


def _goes_on_from(text: str, before_head: Collection[str]) -> bool:
    """Whether a line begins as one of the page before: the institution, with a title after it, above a second page."""
    begin = text.split()[:_INSTITUTION_WORDS]
    return len(begin) == _INSTITUTION_WORDS and any(line.split()[:_INSTITUTION_WORDS] == begin for line in before_head)


def _names_patient_anew(page: PageDigest, before_words: Collection[str]) -> bool:
    """Whether lines of the head state a name or birth date, and are not those of the page before."""
    identity = page.identity.identity
    starts = [stated.span.start for stated in (*identity.names, *identity.birth_dates)]
    lines = [line for line in page.head[:_HEAD_LINES] if any(line.start <= start < line.end for start in starts)]
    return any(_is_new(line.text, before_words) for line in lines)


def _title(title: Title, head: Sequence[str], before_head: Collection[str], before_words: Collection[str]) -> float:
    """A title that the page before does not have begins a document; one made of its words is a running header."""
    text = title.line.text.strip()
    if text in before_head:
        return 0.5
    if text in head[:2] and (not _is_new(text, before_words) or _goes_on_from(text, before_head)):
        return -2.0
    return 2.5 if title.points >= _SURE_TITLE_POINTS else 1.0


def _flow(before: PageDigest, page: PageDigest) -> float:
    edges = {line.start for line in (*before.top, *before.bottom) if any(char.isdigit() for char in line.text)}
    ending = [line for line in before.tail if line.start not in edges] or list(before.tail)
    first = next((line.text.strip() for line in page.head if line.y0 > 0.08 * page.size[1]), "")
    points = 0.0
    if any(_ENDING.search(line.text) for line in ending[-_END_LINES:]):
        points += 2.0
    if max((line.y1 for line in ending), default=0.0) < _SHORT_PAGE * before.size[1]:
        points += 1.0
    if first[:1].islower():
        points -= 2.5
    if any(_CONTINUED.search(line.text) for line in (*page.head[:4], *before.tail[-3:])):
        points -= 4.0
    if _differ(before.size, page.size):
        points += 1.0
    return points


def _differ(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether two pages were not cut alike; A4 and Letter are."""
    return any(abs(a - b) > 60 for a, b in zip(one, other, strict=True))


def _other_event(before: PageDigest, page: PageDigest) -> float:
    """Whether the head of a page tells of another day, or another specimen, than the page before."""
    specimens = [
        {found[1] for line in one.head if (found := _NUMBERED_SPECIMEN.search(line.text))} for one in (before, page)
    ]
    if specimens[0] and specimens[1]:
        return 2.5 if not specimens[0] & specimens[1] else -3.0
    days = [
        {
            date.written.readings
            for date in labelled_dates(one.head[:_HEAD_LINES], one.number, None)
            if date.label in _EVENTS
        }
        for one in (before, page)
    ]
    if days[0] and days[1]:
        return 2.0 if not days[0] & days[1] else -1.5
    return 0.0


def _is_numbered_through(pages: Sequence[PageDigest]) -> bool:
    """Whether the page numbers count the pages of the file: a print of the whole, whatever it holds."""
    labels = [(place, page.label) for place, page in enumerate(pages, 1) if page.label]
    return (
        len(pages) > 2
        and len(labels) > 1
        and all(label.total == len(pages) and label.page == at for at, label in labels)
    )


def _without_shuffled(pages: Sequence[PageDigest], starts: Sequence[int]) -> list[int]:
    """The starts without those that a page out of order made: two pieces that are one document's numbers together."""
    kept = [starts[0]]
    for place, start in enumerate(starts[1:], 1):
        end = starts[place + 1] if place + 1 < len(starts) else len(pages)
        if not _complete_each_other(pages[kept[-1] : start], pages[start:end]):
            kept.append(start)
    return kept


def _complete_each_other(first: Sequence[PageDigest], second: Sequence[PageDigest]) -> bool:
    if first[-1].part != second[0].part:
        return False
    one, other = _labels(first), _labels(second)
    totals = {label.total for label in (*one, *other)}
    if not one or not other or len(totals) != 1 or None in totals:
        return False
    numbers, more = {label.page for label in one}, {label.page for label in other}
    total = next(iter(totals)) or 0
    is_whole = numbers | more == set(range(1, total + 1)) and not numbers & more
    return (
        is_whole
        and 0 < len(numbers) < total
        and not differences(first[0].identity.identity, second[0].identity.identity)
    )


def _labels(pages: Sequence[PageDigest]) -> list[PageLabel]:
    return [page.label for page in pages if page.label]
