"""One record in its folder: files, pages, index and conversations.

<folder>/record.json             title and date
<folder>/files/<id>/             one file: original, its pages (page_files.py), file.json
<folder>/conversations/<id>.json
<folder>/index/                  whatever search keeps; it can be made again from the pages
<folder>/model_state/            what a model on this machine has read of the record
<folder>/drafts/ trash/ lock     work in progress; swept when the record is opened
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from assistant.domain import Conversation, Page, Record, SourceFile
from assistant.errors import RecordNotFoundError, StorageError
from assistant.ingestion.names import clean_name, unique_name
from assistant.ingestion.reading import Upload
from assistant.library import conversation_files
from assistant.library.disk import (
    make_folder,
    remove_folder,
    storage_errors,
    sweep_partial_files,
    sync_folder,
)
from assistant.library.file_draft import FileDraft, join_as, sweep_dead_drafts
from assistant.library.file_folders import ORIGINAL, FileFolder, describe, file_folders, renamed_file, with_file_named
from assistant.library.locks import locked
from assistant.library.page_files import move_pages, read_page, read_pages, remove_stray_pages
from assistant.library.title_page import TitlePage, read_title_page, write_title_page


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A record's folder. Holds nothing in memory: every question is answered from the disk as it is now."""

    id: str
    folder: Path

    @property
    def index_folder(self) -> Path:
        """Where search keeps what it needs; made on first use."""
        return self._made("index")

    @property
    def model_state_folder(self) -> Path:
        """Where a model on this machine keeps what it has read of the record; it can be read again."""
        return self._made("model_state")

    def record(self) -> Record:
        """What the record holds now. Raises RecordNotFoundError if it has been deleted."""
        self._check_exists()
        title_page = read_title_page(self.folder)
        files = tuple(found.file for found in self._file_folders())
        return Record(id=self.id, title=title_page.title, created=title_page.created, files=files)

    def rename(self, title: str) -> Record:
        """Give the record another title."""
        with self._locked():
            created = read_title_page(self.folder).created
            write_title_page(self.folder, TitlePage(title=title, created=created))
        return self.record()

    def draft(self, upload: Upload) -> FileDraft:
        """Begin to add a file whose pages come one by one; see FileDraft."""
        with self._locked():
            return FileDraft(self._drafts, upload.path, self._join)

    def add_file(self, upload: Upload, file: SourceFile, pages: Iterable[Page]) -> SourceFile:
        """Add a file with all its pages, or nothing of it. A name that the record already has gets a number."""
        with self.draft(upload) as draft:
            for page in pages:
                draft.add(page)
            return draft.commit(file)

    def remove_file(self, file: str) -> None:
        """Remove a file with its original and its pages."""
        trash = self.folder / "trash"
        with self._locked():
            found = self._file_folder(file)
            make_folder(trash)
            found.folder.rename(trash / found.folder.name)
            sync_folder(self._files)
        with storage_errors():
            remove_folder(trash / found.folder.name)

    def change_file(self, file: str, change: Callable[[SourceFile], SourceFile]) -> SourceFile:
        """Keep what `change` makes of what is known about a file; its name and its pages stay."""
        with self._locked():
            found = self._file_folder(file)
            changed = replace(change(found.file), name=file, page_count=found.file.page_count)
            describe(replace(found, file=changed))
        return changed

    def rename_file(self, file: str, name: str) -> SourceFile:
        """Give a file another name, also where conversations cite it. A name that is taken gets a number."""
        with self._locked():
            found = self._file_folder(file)
            taken = [other.file.name for other in self._file_folders() if other.folder != found.folder]
            renamed = renamed_file(found.file, unique_name(clean_name(name), taken))
            describe(replace(found, file=renamed))
            self._rename_in_others(found, renamed.name)
            conversation_files.rename_file(self._conversations, file, renamed.name)
        return renamed

    def redraft(self, file: str) -> FileDraft:
        """Begin to write the pages of a file anew, all of them; until the draft's commit the old ones stay."""
        with self._locked():
            return FileDraft(self._drafts, None, partial(self._rejoin, self._file_folder(file).folder))

    def draft_instead_of(self, file: str) -> FileDraft:
        """Begin a file that takes the place and the name of one that is there; give it an original of its own."""
        with self._locked():
            return FileDraft(self._drafts, None, partial(self._join_instead_of, file))

    def original(self, file: str) -> Path:
        """The file as it was uploaded; its name on disk says nothing."""
        return self._file_folder(file).folder / ORIGINAL

    def file_at(self, original: Path) -> SourceFile:
        """What is known now of the file whose original lies there, whatever it is called by now."""
        return self._folder_now(original.parent).file

    def pages(self, files: Sequence[str] | None = None) -> Iterator[Page]:
        """The pages in record order, one in memory at a time: of all files but those on hold, or of those named."""
        for found in self._file_folders():
            is_wanted = found.file.hold is None if files is None else found.file.name in files
            if found.file.page_count and is_wanted:
                yield from self._pages_of(found)

    def page(self, file: str, number: int) -> Page:
        """One page. Raises RecordNotFoundError if there is no such file or page."""
        found = self._file_folder(file)
        try:
            return read_page(found.folder, file, number, found.pages)
        except RecordNotFoundError:
            found = self._file_folder(file)  # its pages may have been written anew between the two steps
            return read_page(found.folder, file, number, found.pages)

    def conversations(self) -> tuple[Conversation, ...]:
        """The conversations that can be read, newest first."""
        return conversation_files.load_all(self._conversations)

    def conversation(self, conversation_id: str) -> Conversation:
        """One conversation. Raises RecordNotFoundError or RecordDamagedError."""
        return conversation_files.load(self._conversations, conversation_id)

    def save_conversation(self, conversation: Conversation) -> None:
        """Keep the conversation as it is now."""
        with self._locked():
            make_folder(self._conversations)
            conversation_files.save(self._conversations, conversation)

    def change_conversation(self, conversation_id: str, change: Callable[[Conversation], Conversation]) -> Conversation:
        """Keep what `change` makes of the conversation as it is now, alone with it: two changes are both kept.

        Raises RecordNotFoundError if it has been deleted.
        """
        with self._locked():
            changed = change(conversation_files.load(self._conversations, conversation_id))
            conversation_files.save(self._conversations, changed)
        return changed

    def delete_conversation(self, conversation_id: str) -> None:
        """Delete one conversation."""
        with self._locked():
            conversation_files.delete(self._conversations, conversation_id)

    def sweep(self) -> None:
        """Delete what killed processes left half done."""
        with self._locked():
            sweep_dead_drafts(self._drafts)
            remove_folder(self.folder / "trash")
            sweep_partial_files(self.folder)
            sweep_partial_files(self._conversations)
            for found in self._file_folders():
                sweep_partial_files(found.folder)
                remove_stray_pages(found.folder, found.pages)

    @property
    def _files(self) -> Path:
        return self.folder / "files"

    @property
    def _drafts(self) -> Path:
        return self.folder / "drafts"

    @property
    def _conversations(self) -> Path:
        return self.folder / "conversations"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._while_it_exists(), locked(self.folder / "lock"):
            yield

    @contextmanager
    def _while_it_exists(self) -> Iterator[None]:
        """A record that is deleted meanwhile is no failure of the disk."""
        self._check_exists()
        try:
            with storage_errors():
                yield
        except StorageError:
            self._check_exists()
            raise

    def _made(self, name: str) -> Path:
        folder = self.folder / name
        with self._while_it_exists():
            make_folder(folder)
        return folder

    def _check_exists(self) -> None:
        if not self.folder.is_dir():
            raise RecordNotFoundError("There is no such record; it may have been deleted.")

    def _file_folders(self) -> list[FileFolder]:
        with storage_errors():
            return file_folders(self._files)

    def _file_folder(self, file: str) -> FileFolder:
        for found in self._file_folders():
            if found.file.name == file:
                return found
        raise RecordNotFoundError("There is no such file in this record; it may have been removed.")

    def _rename_in_others(self, renamed: FileFolder, name: str) -> None:
        """Files on hold say where the record names its patient: that may be on the renamed file's pages."""
        for other in self._file_folders():
            known = with_file_named(other.file, renamed.file.name, name)
            if other.folder != renamed.folder and known != other.file:
                describe(replace(other, file=known))

    def _folder_now(self, folder: Path) -> FileFolder:
        for found in self._file_folders():
            if found.folder == folder:
                return found
        raise RecordNotFoundError("The file was removed from the record.")

    def _pages_of(self, found: FileFolder) -> Iterator[Page]:
        pages = read_pages(found.folder, found.file.name, found.pages)
        try:
            first = next(pages, None)
        except RecordNotFoundError:
            # A scan's pages may have been written anew since the record was looked at.
            pages = read_pages(found.folder, found.file.name, self._folder_now(found.folder).pages)
            first = next(pages, None)
        if first is not None:
            yield first
            yield from pages

    def _join(self, folder: Path, file: SourceFile) -> SourceFile:
        with self._locked():
            present = self._file_folders()
            name = unique_name(file.name, [found.file.name for found in present])
            place = max((found.place for found in present), default=0) + 1
            return join_as(folder, file, name, place, self._files)

    def _join_instead_of(self, old: str, folder: Path, file: SourceFile) -> SourceFile:
        with self._locked():
            found = self._file_folder(old)
            joined = join_as(folder, file, old, found.place, self._files)
            remove_folder(found.folder)
        return joined

    def _rejoin(self, target: Path, folder: Path, file: SourceFile) -> SourceFile:
        """Take the pages that stand in `folder` for those of the file at `target`. Raises RecordNotFoundError.

        What its user decided while they were written stays: its name, and that it is this patient's.
        """
        with self._locked():
            found = self._folder_now(target)
            file = renamed_file(file, found.file.name)
            if found.file.is_accepted:
                file = replace(file, is_accepted=True, hold=None)
            name = move_pages(folder, found.folder)
            describe(replace(found, file=file, pages=name))
            remove_stray_pages(found.folder, name)
        return file
