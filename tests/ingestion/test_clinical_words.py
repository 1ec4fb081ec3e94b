"""Times, code systems, frequencies and "none known" of structured files in the words used everywhere."""

from __future__ import annotations

import pytest

from assistant.ingestion.coding.clinical_times import day_of, from_fhir, from_hl7
from assistant.ingestion.coding.code_systems import is_known_system, system_name
from assistant.ingestion.coding.none_known import says_none, says_nothing
from assistant.ingestion.coding.timings import every, times_a, when_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2014", "2014"),
        ("201404", "2014-04"),
        ("20140416", "2014-04-16"),
        ("20140416115529-0500", "2014-04-16T11:55:29"),
        ("201404161155", "2014-04-16T11:55"),
        ("20140416000000", "2014-04-16"),
        ("20141399", None),
        ("20140231", None),
        ("0000", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_times_of_hl7_are_as_precise_as_written(text: str | None, expected: str | None) -> None:
    assert from_hl7(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2010-05-10T10:00:00.123-04:00", "2010-05-10T10:00:00"),
        ("2010-05", "2010-05"),
        ("2010-05-10T00:00:00Z", "2010-05-10"),
        ("10 May 2010", None),
        (2010, None),
    ],
)
def test_times_of_fhir_take_the_same_form(text: object, expected: str | None) -> None:
    assert from_fhir(text) == expected


def test_the_day_of_a_time_is_its_date() -> None:
    assert (day_of("2010-05-10T10:00"), day_of("2010"), day_of(None)) == ("2010-05-10", "2010", None)


@pytest.mark.parametrize(
    ("identifier", "stated", "expected"),
    [
        ("2.16.840.1.113883.6.96", " SNOMED-CT", "SNOMED CT"),
        ("urn:oid:2.16.840.1.113883.6.1", None, "LOINC"),
        ("http://www.nlm.nih.gov/research/umls/rxnorm", None, "RxNorm"),
        ("LN", None, "LOINC"),
        ("1.2.3", "House codes", "House codes"),
        ("1.2.3", None, "1.2.3"),
        (None, None, None),
    ],
)
def test_a_code_system_has_one_name(identifier: str | None, stated: str | None, expected: str | None) -> None:
    assert system_name(identifier, stated) == expected


def test_a_hospitals_own_codes_are_not_known() -> None:
    assert is_known_system("SCT")
    assert not is_known_system("L")


def test_frequencies_are_said_in_words() -> None:
    assert every("8", "h") == "every 8 hours"
    assert every("1", "d") == "every day"
    assert every("1", "fortnight") is None
    assert times_a("2", "1", "d") == "2 times a day"
    assert times_a("3", "1", "h") == "3 times an hour"
    assert times_a("1", "8", "h") == "every 8 hours"
    assert times_a("2", "3", "wk") == "2 times every 3 weeks"
    assert (when_words("hs"), when_words("?")) == ("at bedtime", None)


@pytest.mark.parametrize("name", ["No known allergies", "NKDA", "None", "no active problems", "No current medications"])
def test_a_statement_that_there_is_none_is_one(name: str) -> None:
    assert says_none(None, name)
    assert not says_nothing(name)


@pytest.mark.parametrize("name", ["No Information About Results", "Not available", "Unknown", "No allergies recorded"])
def test_no_information_is_not_none(name: str) -> None:
    assert says_nothing(name)
    assert not says_none(None, name)


@pytest.mark.parametrize("name", ["Nontoxic goiter", "Normal", "Nocturia", "Unknown primary carcinoma"])
def test_findings_are_neither(name: str) -> None:
    assert not says_none(None, name)
    assert not says_nothing(name)


def test_codes_that_say_none_need_no_words() -> None:
    assert says_none("716186003", "Allergy status")
    assert says_none("no-known-medications", None)
    assert not says_none("no-medication-info", None)
