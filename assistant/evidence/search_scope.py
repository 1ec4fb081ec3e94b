"""What of a record is searched: all of it, or only some files, pages, kinds of documents, or a range of dates."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.domain import DocumentKind, PageRef, SourceDocument, SourceFile


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchScope:
    """None leaves a side open. Dates are ISO 8601, partial ones too; both ends belong to the range.

    A document without a date is in no range of dates, one of unknown kind is of none of the `kinds`.
    """

    files: frozenset[str] | None = None
    pages: frozenset[PageRef] | None = None
    kinds: frozenset[DocumentKind] | None = None
    first_date: str | None = None
    last_date: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether everything is in it."""
        return self == WHOLE_RECORD

    @property
    def is_of_files(self) -> bool:
        """Whether it takes and leaves whole files only."""
        return self.pages is None and self.kinds is None and self.first_date is None and self.last_date is None

    def holds_file(self, file: str) -> bool:
        """Whether anything of the file may be in it."""
        if self.pages is not None and all(page.file != file for page in self.pages):
            return False
        return self.files is None or file in self.files

    def holds_place(self, page: PageRef) -> bool:
        """Whether a page is in it, whatever document it is of."""
        return self.pages is None or page in self.pages

    def holds_document(self, kind: DocumentKind | None, date: str | None) -> bool:
        """Whether a document of this kind and date is in it."""
        return (self.kinds is None or kind in self.kinds) and self._holds_date(date)

    def holds_page(self, file: SourceFile, page: int) -> bool:
        """Whether this page of the file is in it."""
        if not self.holds_file(file.name) or not self.holds_place(PageRef(file=file.name, page=page)):
            return False
        document = document_of(file.documents, page)
        return self.holds_document(document.kind, document.date) if document else self.holds_document(None, None)

    def _holds_date(self, date: str | None) -> bool:
        """Whether any day that `date` may mean is in the range: "2024" is in one that begins in May 2024."""
        if self.first_date is None and self.last_date is None:
            return True
        if date is None:
            return False
        not_before = self.first_date is None or _shortened(date, self.first_date) >= _shortened(self.first_date, date)
        not_after = self.last_date is None or _shortened(date, self.last_date) <= _shortened(self.last_date, date)
        return not_before and not_after


WHOLE_RECORD = SearchScope()


def document_of(documents: tuple[SourceDocument, ...], page: int) -> SourceDocument | None:
    """The document of a file that the page belongs to, if it is known."""
    return next((each for each in documents if each.first_page <= page <= each.last_page), None)


def _shortened(date: str, other: str) -> str:
    """`date` no more exact than `other`."""
    return date[: len(other)]
