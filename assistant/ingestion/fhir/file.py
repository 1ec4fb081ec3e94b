"""Read FHIR in JSON: a Bundle, single resources, or one a line; attached documents follow as members."""

from __future__ import annotations

from functools import partial

from assistant.domain import Origin
from assistant.ingestion.containers.composite_file import CompositeFile, Member, check_nesting, open_member
from assistant.ingestion.fhir.bundle import Bundle
from assistant.ingestion.fhir.documents import Attachment
from assistant.ingestion.fhir.json import parse_json
from assistant.ingestion.fhir.sections import NotUsed, RecordSections
from assistant.ingestion.flow.items import Item, PageBreak
from assistant.ingestion.flow.layout import FlowFile
from assistant.ingestion.limits import Limits
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import OpenFile, Source


def open_fhir(source: Source, limits: Limits) -> OpenFile:
    """A FHIR file as pages. Raises FileRefusedError where its JSON is damaged, too deep or too large."""
    if source.size_bytes > limits.unpacked_bytes:
        raise refusal("unpacks_too_large", limit=f"{limits.unpacked_bytes >> 20:,} MiB")
    parsed = parse_json(source.read_bytes())
    bundle = Bundle(parsed.values)
    if not bundle.resources:
        raise refusal("no_pages")
    not_used = NotUsed()
    items: list[Item] = []
    attachments: list[Attachment] = []
    for record in bundle.records():
        if items:
            items.append(PageBreak())
        sections = RecordSections(record, bundle, not_used)
        items += sections.items()
        attachments += sections.attachments
    warnings = (*parsed.warnings, *not_used.warnings())
    pages = partial(FlowFile, items, limits, origin=Origin.STRUCTURED, warnings=warnings)
    return _with_attachments(pages, attachments, limits) if attachments else pages()


def _with_attachments(pages: partial[FlowFile], attachments: list[Attachment], limits: Limits) -> OpenFile:
    check_nesting(limits)
    total = sum(len(each.data) for each in attachments)
    if total > limits.unpacked_bytes:
        raise refusal("unpacks_too_large", limit=f"{limits.unpacked_bytes >> 20:,} MiB")
    if len(attachments) > limits.members:
        raise refusal("too_many_members", limit=f"{limits.members:,}")
    members = [Member(part=None, open=pages)]
    for number, each in enumerate(attachments, start=1):
        name = f"attachment {number}.{each.suffix}"
        opened = partial(open_member, Source(name=name, data=each.data), limits)
        members.append(Member(part=name, open=opened))
    return CompositeFile(members, limits, unpacked_bytes=total)
