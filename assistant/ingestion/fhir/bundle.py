"""The resources of a FHIR file, what their references lead to, and which patient each is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from assistant.ingestion.fhir.json import Node
from assistant.ingestion.problems import refusal

_DEEPEST_BUNDLE = 4
_MOST_RESOURCES = 500_000
_SUBJECTS = ("subject", "patient", "individual", "beneficiary", "for")


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRecord:
    """The resources about one patient; `patient` is empty where the file has no Patient for them."""

    patient: Node
    resources: tuple[Node, ...]


class Bundle:
    """All resources of a file, in its order, and where their references lead."""

    def __init__(self, values: Iterable[Node]) -> None:
        self._by_reference: dict[str, Node] = {}
        resources = list(islice(self._gathered(values), _MOST_RESOURCES + 1))
        if len(resources) > _MOST_RESOURCES:
            raise refusal("too_many_members", limit=f"{_MOST_RESOURCES:,}")
        self.resources: Sequence[Node] = resources

    def resolve(self, reference: Node, container: Node = Node()) -> Node:  # noqa: B008  # a Node never changes
        """What a Reference leads to: a resource of this file, or one contained in `container`. Empty if elsewhere."""
        target = reference["reference"].text or reference.text
        if target.startswith("#"):
            return next((each for each in container["contained"] if each["id"].text == target[1:]), Node())
        return self._by_reference.get(target) or self._by_reference.get(_tail(target)) or Node()

    def records(self) -> list[PatientRecord]:
        """The resources patient by patient; what names no patient belongs to the only one there is."""
        patients = [each for each in self.resources if each["resourceType"].text == "Patient"]
        if len(patients) <= 1:
            return [PatientRecord(patient=patients[0] if patients else Node(), resources=tuple(self.resources))]
        groups: dict[int, list[Node]] = {id(patient.raw): [] for patient in patients}
        others: list[Node] = []
        for resource in self.resources:
            subject = next((found for name in _SUBJECTS if (found := self.resolve(resource[name]))), Node())
            groups.get(id(subject.raw), others).append(resource)
        records = [PatientRecord(patient=each, resources=tuple(groups[id(each.raw)])) for each in patients]
        has_content = [each for each in others if each["resourceType"].text != "Patient"]
        return [*records, *([PatientRecord(patient=Node(), resources=tuple(has_content))] if has_content else [])]

    def _gathered(self, values: Iterable[Node], depth: int = 0) -> Iterator[Node]:
        for value in values:
            if isinstance(value.raw, list) and depth < _DEEPEST_BUNDLE:
                yield from self._gathered(value, depth + 1)
            elif value["resourceType"].text == "Bundle" and depth < _DEEPEST_BUNDLE:
                for entry in value["entry"]:
                    yield from self._noted(entry["resource"], entry["fullUrl"].text, depth)
            else:
                yield from self._noted(value, "", depth)

    def _noted(self, resource: Node, url: str, depth: int) -> Iterator[Node]:
        kind = resource["resourceType"].text
        if kind == "Bundle":
            yield from self._gathered((resource,), depth + 1)
            return
        if not kind:
            return
        if url:
            self._by_reference.setdefault(url, resource)
        if name := resource["id"].text:
            self._by_reference.setdefault(f"{kind}/{name}", resource)
        yield resource


def _tail(reference: str) -> str:
    """ "https://example.org/fhir/Patient/1/_history/2" to "Patient/1"."""
    return "/".join(reference.partition("/_history/")[0].rsplit("/", 2)[-2:])
