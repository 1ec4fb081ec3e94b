"""Procedures, encounters and plans of FHIR as entries."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.coded import ClinicalStatus, EntryKind
from assistant.ingestion.coding.clinical_times import from_fhir
from assistant.ingestion.fhir.bundle import Bundle
from assistant.ingestion.fhir.facts import Fact, fact, with_details
from assistant.ingestion.fhir.json import Node
from assistant.ingestion.fhir.values import Coded, Span, coded, joined_name, limits, names, quantity, span

_STATUSES = {
    "preparation": ClinicalStatus.PLANNED,
    "planned": ClinicalStatus.PLANNED,
    "in-progress": ClinicalStatus.CURRENT,
    "arrived": ClinicalStatus.CURRENT,
    "triaged": ClinicalStatus.CURRENT,
    "onleave": ClinicalStatus.CURRENT,
    "not-done": ClinicalStatus.RULED_OUT,
    "stopped": ClinicalStatus.STOPPED,
    "aborted": ClinicalStatus.STOPPED,
    "cancelled": ClinicalStatus.STOPPED,
    "suspended": ClinicalStatus.STOPPED,
    "on-hold": ClinicalStatus.STOPPED,
}
# What plans, requests, goals and appointments call open, done and given up.
_PLAN_STATUSES = {
    "completed": ClinicalStatus.FINAL,
    "fulfilled": ClinicalStatus.FINAL,
    "finished": ClinicalStatus.FINAL,
    "revoked": ClinicalStatus.STOPPED,
    "cancelled": ClinicalStatus.STOPPED,
    "rejected": ClinicalStatus.STOPPED,
    "stopped": ClinicalStatus.STOPPED,
    "noshow": ClinicalStatus.STOPPED,
    "on-hold": ClinicalStatus.STOPPED,
    "suspended": ClinicalStatus.STOPPED,
    "in-progress": ClinicalStatus.CURRENT,
}


def procedure(resource: Node) -> Iterator[Fact]:
    """A Procedure, done or not done."""
    found = coded(resource["code"])
    if found.name:
        when = span(resource, "performed")
        when = when if when.begin else span(resource, "occurrence")
        status = _STATUSES.get(resource["status"].text, ClinicalStatus.FINAL)
        if resource["notPerformed"].is_true:
            status = ClinicalStatus.RULED_OUT
        notes = (names(resource["bodySite"]), names(resource["outcome"]), names(resource["reasonCode"]))
        yield with_details(fact(EntryKind.PROCEDURE, found, status, when), note=joined_name(notes))


def encounter(resource: Node, bundle: Bundle) -> Iterator[Fact]:
    """An Encounter, called by its type, else by its class."""
    found = next((each for each in map(coded, resource["type"]) if each.name), None)
    found = found or next((each for each in map(coded, resource["class"]) if each.name), None)
    if found is not None:
        period = resource.first("period", "actualPeriod")
        when = Span(first=from_fhir(period["start"].text), last=from_fhir(period["end"].text))
        provider = resource["serviceProvider"]
        place = provider["display"].text or bundle.resolve(provider, resource)["name"].text
        notes = (names(resource["reasonCode"]), place)
        status = _STATUSES.get(resource["status"].text, ClinicalStatus.FINAL)
        yield with_details(fact(EntryKind.ENCOUNTER, found, status, when), note=joined_name(notes))


def care_plan(resource: Node, bundle: Bundle) -> Iterator[Fact]:
    """A CarePlan: itself, called by its title or its most telling category, and each of its activities."""
    period = Span(first=from_fhir(resource["period"]["start"].text), last=from_fhir(resource["period"]["end"].text))
    status = _plan_status(resource["status"].text)
    categories = [each for each in map(coded, resource["category"]) if each.name]
    title = resource["title"].text or resource["description"].text
    found = next((each for each in categories if each.system == "SNOMED CT"), categories[0] if categories else Coded())
    found = Coded(name=title, system=found.system, code=found.code) if title else found
    if found.name:
        reasons = (coded(bundle.resolve(each, resource)["code"]).name or "" for each in resource["addresses"])
        yield with_details(fact(EntryKind.PLAN, found, status, period), note=joined_name(reasons))
    for activity in resource["activity"]:
        detail = activity["detail"]
        doing = coded(detail["code"])
        doing = doing if doing.name else Coded(name=detail["description"].text)
        if doing.name:
            own = _plan_status(detail["status"].text)
            is_over = status in (ClinicalStatus.FINAL, ClinicalStatus.STOPPED)
            yield fact(EntryKind.PLAN, doing, status if is_over else own, period)


def goal(resource: Node) -> Iterator[Fact]:
    """A Goal with its target."""
    found = coded(resource["description"])
    if found.name:
        target = next(iter(resource["target"]), Node())
        due = from_fhir(target["dueDate"].text)
        when = Span(at=due or from_fhir(resource["startDate"].text))
        status = _plan_status(resource.first("lifecycleStatus", "status").text)
        value, unit = quantity(target["detailQuantity"])
        if value is None:
            value = limits(target["detailRange"]["low"], target["detailRange"]["high"])
        yield with_details(fact(EntryKind.PLAN, found, status, when), value=value, unit=unit)


def request(resource: Node) -> Iterator[Fact]:
    """A ServiceRequest, an Appointment or a Task: something that shall be done."""
    words = resource["description"].text
    candidates = (resource["code"], *resource["serviceType"], resource["appointmentType"])
    found = next((each for each in map(coded, candidates) if each.name), Coded(name=words or None))
    if not found.name:
        return
    when = span(resource, "occurrence")
    at = from_fhir(resource.first("start", "requestedPeriod", "authoredOn", "created").text)
    when = when if when.begin else Span(at=at, last=from_fhir(resource["end"].text))
    status = _plan_status(resource["status"].text)
    if resource["doNotPerform"].is_true:
        status = ClinicalStatus.RULED_OUT
    notes = (words if words != found.name else "", names(resource["reasonCode"]))
    yield with_details(fact(EntryKind.PLAN, found, status, when), note=joined_name(notes))


def _plan_status(status: str) -> ClinicalStatus:
    return _PLAN_STATUSES.get(status, ClinicalStatus.PLANNED)
