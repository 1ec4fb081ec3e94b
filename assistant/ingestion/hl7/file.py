"""Read HL7 v2: each message begins a page; files inside the messages follow as members."""

from __future__ import annotations

from functools import partial

from assistant.domain import Origin
from assistant.ingestion.containers.composite_file import CompositeFile, Member, check_nesting, open_member
from assistant.ingestion.flow.items import Item, PageBreak
from assistant.ingestion.flow.layout import FlowFile
from assistant.ingestion.hl7.message import parse_messages
from assistant.ingestion.hl7.patient import finding_items, message_items
from assistant.ingestion.hl7.results import Embedded, Observations
from assistant.ingestion.limits import Limits
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import OpenFile, Source


def open_hl7(source: Source, limits: Limits) -> OpenFile:
    """HL7 v2 messages as pages. Raises FileRefusedError where there is no message or too much of them."""
    if source.size_bytes > limits.unpacked_bytes:
        raise refusal("unpacks_too_large", limit=f"{limits.unpacked_bytes >> 20:,} MiB")
    parsed = parse_messages(source.read_bytes())
    if not parsed.messages:
        raise refusal("damaged")
    items: list[Item] = []
    observations = Observations()
    for message in parsed.messages:
        if items:
            items.append(PageBreak())
        items += message_items(message)
        items += finding_items(message)
        items += observations.items(message)
    warnings = parsed.warnings
    if observations.withdrawn:
        warnings = (*warnings, f"{observations.withdrawn} results are withdrawn; they are shown, not used as facts")
    pages = partial(FlowFile, items, limits, origin=Origin.STRUCTURED, warnings=warnings)
    return _with_files(pages, observations.files, limits) if observations.files else pages()


def _with_files(pages: partial[FlowFile], files: list[Embedded], limits: Limits) -> OpenFile:
    check_nesting(limits)
    if len(files) > limits.members:
        raise refusal("too_many_members", limit=f"{limits.members:,}")
    members = [Member(part=None, open=pages)]
    for number, each in enumerate(files, start=1):
        name = f"document {number}.{each.suffix}"
        members.append(Member(part=name, open=partial(open_member, Source(name=name, data=each.data), limits)))
    return CompositeFile(members, limits, unpacked_bytes=sum(len(each.data) for each in files))
