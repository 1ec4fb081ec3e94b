"""Put the regions of a page in order and apart from one another; words addressed to an AI before page furniture."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.domain import Region, Role

_BETWEEN_LINES = 1  # the line break between two lines of a header


def apart(regions: Iterable[Region]) -> tuple[Region, ...]:
    """Regions that overlap or follow one another line by line as one; where roles meet, an instruction stays one."""
    joined: list[Region] = []
    for region in sorted(regions, key=lambda one: (one.start, one.end)):
        last = joined[-1] if joined else None
        if last is None or region.start > last.end + (_BETWEEN_LINES if region.role is last.role else -1):
            joined.append(region)
            continue
        role = Role.INSTRUCTION if Role.INSTRUCTION in (region.role, last.role) else last.role
        joined[-1] = Region(start=last.start, end=max(last.end, region.end), role=role)
    return tuple(joined)
