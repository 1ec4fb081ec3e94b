"""Find the headers and footers of a document: page numbers, fax lines, and what stands on most pages at one height.

The first place of what repeats stays: it may be all that says whose page it is. So does whatever is clinical, wherever
it repeats: an allergy banner, the head of a table, a medicine.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Sequence
from statistics import median

from assistant.domain import Origin, Region, Role
from assistant.understanding.lines import TextLine, line_key
from assistant.understanding.page_digest import PageDigest
from assistant.understanding.page_labels import PageLabel

# Shares of the pages that a line stands on. Books change the header between left and right pages.
OF_A_DOCUMENT, OF_A_FILE = 0.5, 0.8
_NEAR_POINTS, _NEAR_IN_SCANS_POINTS = 6.0, 18.0
_HEAD_LINES = 12
_PAGES_WITH_LONE_NUMBERS = 3
_RUNNING_WORDS = 3
_CLINICAL = re.compile(
    r"\ballerg|\banaphyl|\bintoleran|\balerts?\b|\bwarning|\bresus|\bdna?cpr|\bdnr\b|\bnot for\b|\bcode status"
    r"|\bfull code|\binfection"
    r"|\bmrsa\b|\bblood group|\bdiagnos|\bpacemaker|\bnil by mouth|\bnpo\b|\bcritical|过敏|警示"
    r"|\d\s?(?:mg|mcg|µg|micrograms?|g|ml|units?|iu|mmol|mol|%|mmhg|kg|bpm)\b|\b(?:od|bd|tds|qds|prn|nocte|bid|tid"
    r"|qid)\b"
    r"|\b(?:high|low|abnormal|positive|negative)\b",
    re.IGNORECASE,
)
_COLUMN_HEADS = re.compile(
    r"\b(?:drug|medicines?|medications?|dose|dosage|strength|route|frequency|directions|indication|test|analyte"
    r"|result|units?"
    r"|reference|range|flag|date|time|bp|pulse|temp|resp|spo2|weight|glucose|status|comment|notes?|action|problem"
    r"|procedure"
    r"|value|component|start|stop|qty|quantity|day|intake|output|score|given|signature|initials)\b",
    re.IGNORECASE,
)
_HEADS_OF_A_TABLE = 3


def furniture(pages: Sequence[PageDigest], share: float = OF_A_DOCUMENT) -> dict[int, list[Region]]:
    """The headers and footers of pages that belong together, by page number; `share` of the pages have them."""
    found = _lone_numbers(pages)
    for role, edges in ((Role.HEADER, [page.top for page in pages]), (Role.FOOTER, [page.bottom for page in pages])):
        repeated = _repeated(pages, edges, share) if len(pages) > 1 else {}
        for page, lines in zip(pages, edges, strict=True):
            found[page.number] += _regions(page, lines, repeated.get(page.number, ()), role)
    return found


def _regions(page: PageDigest, lines: Sequence[TextLine], repeated: Container[int], role: Role) -> Iterator[Region]:
    """From the edge inwards: what repeats up to the first line that does not, then page numbers alone."""
    is_at_edge = True
    for line in lines:
        label = _label_on(page, line)
        if line in page.fax or (line.start in repeated and is_at_edge):
            yield Region(start=line.start, end=line.end, role=role)
        elif label:
            yield Region(start=label.start, end=label.end, role=role)
        else:
            is_at_edge = False


def _repeated(pages: Sequence[PageDigest], edges: Sequence[Sequence[TextLine]], share: float) -> dict[int, set[int]]:
    """Where the lines begin, by page, that stand on most pages at one height, but for their first place."""
    places: dict[str, list[tuple[PageDigest, TextLine]]] = defaultdict(list)
    for page, lines in zip(pages, edges, strict=True):
        for line in lines:
            places[page.keys[line.start]].append((page, line))
    repeated: dict[int, set[int]] = {page.number: set() for page in pages}
    needed = max(2.0, share * (sum(page.was_read for page in pages) - 1))
    known = _head_words(pages[0]) if share == OF_A_DOCUMENT and len(pages) > 1 else frozenset()
    for found in places.values():
        level = _at_one_height(found)
        if len({page.number for page, _ in level}) < needed:
            level = [one for one in found if known and _is_running(*one, pages[0], known)]
        elif not _label_on(*level[0]):
            level = level[1:]
        if level and _is_clinical(level[0][1].text):
            continue
        for page, line in level:
            repeated[page.number].add(line.start)
    return repeated


def _is_running(page: PageDigest, line: TextLine, first: PageDigest, known: Container[str]) -> bool:
    """Whether a line above a later page is made of the letterhead, title and patient of the first: a running header.

    It may stand there once, where a document has two pages, so that nothing repeats.
    """
    words = page.keys[line.start].split()
    if page is first or len(words) < _RUNNING_WORDS or not all(word in known for word in words):
        return False
    if any(page.keys[line.start] == line_key(other.text) for other in first.head[:_HEAD_LINES]):
        return False  # a line of the first page at another height is no header
    identity = page.identity.identity
    stated = (*identity.names, *identity.birth_dates, *identity.numbers)
    names_patient = any(line.start <= one.span.start < line.end for one in stated)
    return names_patient or words[:2] == line_key(first.head[0].text).split()[:2]


def _at_one_height(found: list[tuple[PageDigest, TextLine]]) -> list[tuple[PageDigest, TextLine]]:
    height = median(line.y0 for _, line in found)
    near = _NEAR_IN_SCANS_POINTS if found[0][0].origin is Origin.OCR else _NEAR_POINTS
    return [(page, line) for page, line in found if abs(line.y0 - height) <= near]


def _label_on(page: PageDigest, line: TextLine) -> PageLabel | None:
    return next((label for label in page.labels if line.start <= label.start < line.end), None)


def _head_words(page: PageDigest) -> frozenset[str]:
    return frozenset(word for line in page.head[:_HEAD_LINES] for word in line_key(line.text).split())


def _lone_numbers(pages: Sequence[PageDigest]) -> dict[int, list[Region]]:
    """Numbers alone on a line that go on from page to page, by page number."""
    found: dict[int, list[Region]] = {page.number: [] for page in pages}
    offsets = Counter(label.page - page.number for page in pages for label in page.alone)
    for page in pages if len(pages) >= _PAGES_WITH_LONE_NUMBERS else ():
        bottom = {line.start for line in page.bottom}
        for label in page.alone:
            if offsets[label.page - page.number] > 1:
                role = Role.FOOTER if label.start in bottom else Role.HEADER
                found[page.number].append(Region(start=label.start, end=label.end, role=role))
    return found


def _is_clinical(text: str) -> bool:
    return _CLINICAL.search(text) is not None or len(_COLUMN_HEADS.findall(text)) >= _HEADS_OF_A_TABLE
