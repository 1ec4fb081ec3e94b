"""What each command of the command line does, one function a command."""

from __future__ import annotations

import argparse
import functools
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TextIO

from assistant.domain import Answer, Page, PageRef, Record, SourceFile, Summary
from assistant.errors import AnamnesisError, FileRefusedError, SettingsError, StorageError
from assistant.export import contract_json
from assistant.export.contract_json import Json
from assistant.export.markdown import answer_markdown, summary_markdown
from assistant.export.overview_json import overview_json
from assistant.ingestion.limits import Limits
from assistant.ingestion.names import clean_name, unique_name
from assistant.ingestion.reading import Upload
from assistant.json_lines import read_queries, read_statements
from assistant.library.audit import AuditLog, Verb
from assistant.library.store import Library
from assistant.library.temporary_folder import temporary_folder
from assistant.settings import Settings, default_data_dir
from assistant.unkept import read_unkept

if TYPE_CHECKING:
    from assistant.service import Service

_CODED_ONLY = "an overview is made of the coded entries of C-CDA, FHIR and HL7 files so far, not of narrative text"
Command = Callable[[argparse.Namespace, Settings, TextIO], int]


def run(given: argparse.Namespace, settings: Settings, output: TextIO) -> int:
    """Run the command that `given` names and return the exit status."""
    command = _COMMANDS.get(given.command)
    if command is None:
        raise AnamnesisError(f"{given.command} is not built yet; {', '.join(sorted(_COMMANDS))} are")
    return command(given, settings, output)


def read(given: argparse.Namespace, settings: Settings, output: TextIO) -> int:
    """Pages of text with the place of every word; fails only if no file could be read."""
    if given.data_dir:
        with _new_record(given, settings) as (service, record):
            return _write_files(_files_kept(service, record.id, given.files), given.json, output)
    return _write_files(read_unkept(_uploads(given.files), _limits(settings)), given.json, output)


def _files_kept(service: Service, record_id: str, paths: Sequence[Path]) -> Iterator[tuple[SourceFile, list[Page]]]:
    for progress in service.add_files(record_id, _uploads(paths), keep_duplicates=True, asks=False):
        if progress.source and progress.source.problem:
            yield progress.source, []
        elif progress.source:
            yield progress.source, list(service.pages(record_id, progress.file))


def _write_files(files: Iterator[tuple[SourceFile, list[Page]]], as_json: bool, output: TextIO) -> int:
    """Write file by file, so that a record of thousands of pages is never whole in memory."""
    any_read = False
    for count, (file, pages) in enumerate(files):
        any_read = any_read or file.problem is None
        if as_json:
            output.write(", " if count else '{"files": [')
            _write_file_json(file, pages, output)
        else:
            _write_plain(file, pages, output)
    output.write("]}\n" if as_json else "")
    output.flush()
    return 0 if any_read else 1


def _write_file_json(file: SourceFile, pages: Sequence[Page], output: TextIO) -> None:
    """Page by page: the words of 5,000 pages as JSON objects would take more than a gigabyte."""
    known = contract_json.file_json(file, ())
    del known["pages"]
    output.write(json.dumps(known, ensure_ascii=False)[:-1] + ', "pages": [')
    for count, page in enumerate(pages):
        output.write((", " if count else "") + json.dumps(contract_json.page_json(page), ensure_ascii=False))
    output.write("]}")


def _write_plain(file: SourceFile, pages: Sequence[Page], output: TextIO) -> None:
    if file.problem:
        print(f"{file.name}: {file.problem.message}", file=sys.stderr)
    for warning in file.warnings:
        print(f"{file.name}: {warning}", file=sys.stderr)
    for page in pages:
        output.write(f"--- {file.name}, page {page.number} of {file.page_count}\n{page.text}\n\n")


def search(given: argparse.Namespace, settings: Settings, output: TextIO) -> int:
    """The passages that answer each query."""
    queries = (given.query,) if given.query is not None else read_queries(given.queries)
    with _record(given, settings) as (service, record):
        for query in queries:
            hits = service.search(record.id, query, given.top_k)
            if given.json:
                _write_json(contract_json.search_json(query, hits), output)
            else:
                output.writelines(
                    f"{hit.rank}. {hit.passage.span.file}, page {hit.passage.span.page}\n{hit.passage.text}\n\n"
                    for hit in hits
                )
    return 0


def ask(given: argparse.Namespace, settings: Settings, output: TextIO) -> int:
    """One conversation, question by question."""
    with _record(given, settings) as (service, record):
        conversation_id: str | None = None
        answers: list[Answer] = []
        for question in given.question:
            done = service.answer(record.id, conversation_id, question)
            conversation_id = done.conversation.id
            answers.append(done.conversation.turns[done.turn])
            if not given.json:
                output.write(answer_markdown(answers[-1]) + "\n")
                output.flush()
        if given.json:
            _write_json({"turns": [contract_json.answer_json(answer) for answer in answers]}, output)
    return 0


def summarize(given: argparse.Namespace, settings: Settings, output: TextIO) -> int:
    """A summary with its sources, to a file or standard output."""
    if given.format in ("docx", "pdf"):
        raise SettingsError(f"the format {given.format} is not built yet; use md or json")
    _check_place(given.out)
    with _record(given, settings) as (service, record):
        *_, summary = service.summarize(record.id, given.kind)
    assert isinstance(summary, Summary)
    if given.format == "json":
        text = json.dumps(contract_json.summary_json(summary), ensure_ascii=False) + "\n"
    else:
        text = summary_markdown(summary)
    if given.out:
        given.out.write_text(text, encoding="utf-8")
    else:
        output.write(text)
        output.flush()
    return 0


def _check_place(out: Path | None) -> None:
    """Said before the model's long work, not after it."""
    if out and (out.is_dir() or not out.parent.is_dir()):
        raise SettingsError("--out wants a file in a folder that exists")


def overview(given: argparse.Namespace, settings: Settings, output: TextIO) -> int:
    """The patient at a glance, every item with the places that state it."""
    if given.narrative_only:
        raise AnamnesisError(f"--narrative-only is not built yet; {_CODED_ONLY}")
    with _record(given, settings) as (service, record):
        found = service.overview(record.id)
        if not found.has_items:
            print(f"no coded entries in these files; {_CODED_ONLY}", file=sys.stderr)
        page_of = functools.partial(_cited_page, service, record.id)
        _write_json(overview_json(found, page_of), output)
    return 0


def _cited_page(service: Service, record_id: str, ref: PageRef) -> Page:
    return service.page(record_id, ref.file, ref.page)


def verify(given: argparse.Namespace, settings: Settings, output: TextIO) -> int:
    """Check statements against the record with the checker alone."""
    statements = read_statements(given.statements)
    with _record(given, settings) as (service, record):
        verifier = service.verifier(record.id)
        for statement in statements:
            found = verifier.verify(statement.text, file=statement.file, page=statement.page, quote=statement.quote)
            pages = {span.page_ref: service.page(record.id, span.file, span.page) for span in found.spans}
            _write_json(contract_json.verification_json(statement.id, found, pages), output)
    return 0


def records(given: argparse.Namespace, settings: Settings, output: TextIO) -> int:
    """List, show, delete or purge the records of the data directory. Needs no model and no index."""
    if given.action in ("show", "delete") and not given.id:
        raise SettingsError(f"records {given.action} wants the ID of a record; `records list` shows them")
    if given.action == "purge" and not given.yes:
        raise SettingsError("purge deletes every record; say --yes if that is meant")
    result = _RECORD_ACTIONS[given.action](Library(settings.data_dir), AuditLog(settings.data_dir), given)
    if given.json:
        _write_json(result, output)
    else:
        output.writelines(_plain_records(result))
        output.flush()
    return 0


def _list_records(library: Library, _: AuditLog, __: argparse.Namespace) -> Json:
    return {"records": [contract_json.record_json(record) for record in library.records()]}


def _show_record(library: Library, _: AuditLog, given: argparse.Namespace) -> Json:
    return contract_json.record_json(library.open(given.id).record())


def _delete_record(library: Library, audit: AuditLog, given: argparse.Namespace) -> Json:
    library.delete(given.id)
    audit.note(Verb.DELETE, given.id)
    return {"deleted": 1}


def _purge_records(library: Library, audit: AuditLog, _: argparse.Namespace) -> Json:
    deleted = library.purge()
    audit.note(Verb.PURGE, "")
    return {"deleted": deleted}


def _plain_records(result: Json) -> Iterator[str]:
    if "deleted" in result:
        yield f"{result['deleted']} deleted\n"
    for record in result.get("records", [result] if "id" in result else []):
        yield f"{record['id']}  {record['created']}  {record['pages']} pages  {record['title'] or 'untitled'}\n"
        yield from (f"    {file['name']}  {file['pages']} pages\n" for file in record["files"])


@contextmanager
def _service(settings: Settings) -> Iterator[Service]:
    # It brings chromadb and LangChain, which `read` and `records` do without.
    from assistant.parts import open_service

    service = open_service(settings)
    try:
        yield service
    finally:
        service.close()


@contextmanager
def _record(given: argparse.Namespace, settings: Settings) -> Iterator[tuple[Service, Record]]:
    """A record of the given files. What was not read is said."""
    with _new_record(given, settings) as (service, record):
        problems = [
            f"{progress.file}: {progress.problem.message}"
            for progress in service.add_files(record.id, _uploads(given.files), keep_duplicates=True, asks=False)
            if progress.problem
        ]
        files = service.record(record.id).files
        if all(file.problem for file in files):
            raise FileRefusedError("nothing_read", "; ".join(problems) or "no file could be read")
        # Nobody can be asked here whose file it is, so it is read and said.
        problems += [f"{file.name}: {file.warnings[-1]}" for file in files if file.hold_places]
        for problem in problems:
            print(problem, file=sys.stderr)
        yield service, service.record(record.id)


@contextmanager
def _new_record(given: argparse.Namespace, settings: Settings) -> Iterator[tuple[Service, Record]]:
    """An empty record: kept where --data-dir says if a file joins it, else gone afterwards."""
    with _folder(given, settings) as folder, _service(replace(settings, data_dir=folder)) as service:
        record = service.create_record()
        try:
            yield service, record
        finally:
            if not service.record(record.id).files:
                service.delete_record(record.id)


@contextmanager
def _folder(given: argparse.Namespace, settings: Settings) -> Iterator[Path]:
    """Where records go: the folder that --data-dir names, else one that is gone afterwards."""
    if given.data_dir:
        yield settings.data_dir
        return
    with ExitStack() as ended:
        try:
            folder = ended.enter_context(temporary_folder(settings.data_dir))
        except StorageError:
            if settings.data_dir != default_data_dir():
                raise  # the operator chose that disk for patients' data; another one is not ours to choose
            folder = Path(ended.enter_context(TemporaryDirectory(prefix="anamnesis-")))
        yield folder


def _uploads(paths: Sequence[Path]) -> list[Upload]:
    """Named up front: a file's name must not depend on whether those before it can be read."""
    names: list[str] = []
    for path in paths:
        names.append(unique_name(clean_name(path.name), names))
    return [Upload(name=name, path=path) for name, path in zip(names, paths, strict=True)]


def _limits(settings: Settings) -> Limits:
    return Limits(pages=settings.page_limit)


def _write_json(value: Json, output: TextIO) -> None:
    json.dump(value, output, ensure_ascii=False)
    output.write("\n")
    output.flush()


_RECORD_ACTIONS = {"list": _list_records, "show": _show_record, "delete": _delete_record, "purge": _purge_records}
_COMMANDS: dict[str, Command] = {
    "read": read,
    "search": search,
    "ask": ask,
    "summarize": summarize,
    "overview": overview,
    "verify": verify,
    "records": records,
}
