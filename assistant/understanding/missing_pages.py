"""Say which pages of a document are missing or out of order, from the numbers that its pages bear."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from assistant.understanding.page_digest import PageDigest

_MOST_LISTED = 12


def file_warnings(documents: Sequence[Sequence[PageDigest]]) -> Iterator[str]:
    """Sentences about the documents of a file; about all of it, where one count goes through: a print of a record."""
    pages = [page for document in documents for page in document]
    labels = [page.label for page in pages if page.label]
    is_one_count = len({label.total for label in labels}) == 1 and len({label.page for label in labels}) == len(labels)
    for counted in [pages] if is_one_count else documents:
        yield from page_warnings(counted)


def page_warnings(pages: Sequence[PageDigest]) -> Iterator[str]:
    """Sentences about one document; they name pages and nothing else."""
    labelled = [(page, page.label) for page in pages if page.label]
    totals = {label.total for _, label in labelled if label.total}
    if not labelled or len(totals) > 1:
        return
    numbers = [label.page for _, label in labelled]
    where = _where(pages)
    total = next(iter(totals), max(numbers))
    counts = Counter(numbers)
    missing = [number for number in range(1, total + 1) if number not in counts]
    # A page that is still to be recognized, or without a number, may be the one that seems missing.
    if missing and len(missing) > len(pages) - len(labelled):
        of_total = f" of {total}" if totals else ""
        verb = "is" if len(missing) == 1 else "are"
        yield f"{_named(missing)}{of_total} {verb} missing from the document on {where}"
    if any(after < before for before, after in pairwise(numbers)):
        yield f"the pages of the document on {where} are out of order: they are numbered {_listed(numbers)}"
    if repeated := sorted(number for number, count in counts.items() if count > 1):
        yield f"{_named(repeated)} of the document on {where} stands there more than once"


def _where(pages: Sequence[PageDigest]) -> str:
    first, last = pages[0].number, pages[-1].number
    return f"page {first} of this file" if first == last else f"pages {first} to {last} of this file"


def _named(numbers: Sequence[int]) -> str:
    return f"page {numbers[0]}" if len(numbers) == 1 else f"pages {_listed(numbers)}"


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_MOST_LISTED]))
    return shown if len(numbers) <= _MOST_LISTED else f"{shown} and {len(numbers) - _MOST_LISTED} more"
