"""Broad questions are told from those that ask for one thing."""

from __future__ import annotations

import pytest

from assistant.conversation.topics import broad_topic, telling_headings
from assistant.domain import DocumentKind
from assistant.evidence.coverage import topic_stem
from assistant.evidence.passage_context import PassageContext


@pytest.mark.parametrize(
    ("question", "heading"),
    [
        ("Any allergies?", "ALLERGIES"),
        ("What is she allergic to?", "Known drug allergies"),
        ("Which allergies does the patient have?", "Allergy status"),
        ("List all medications.", "Discharge medications"),
        ("Past medical history?", "PAST MEDICAL HISTORY"),
        ("What medication does the patient take now?", "Current Medications"),
        ("What operations has she had?", "Surgical history"),
        ("What problems does the patient have?", "DIAGNOSES"),
        ("What were the latest blood test results?", "Laboratory results"),
        ("What follow-up is planned?", "Plan"),
        ("Medications and allergies?", "Allergies"),
        ("患者有什么过敏史？", "过敏史"),
        ("列出所有手术", "手术史"),
    ],
)
def test_a_broad_question_is_about_the_sections_of_its_topic(question: str, heading: str) -> None:
    topic = broad_topic(question)
    assert topic is not None
    assert topic.has(PassageContext(section=heading))
    assert not topic.has(PassageContext(section="Transport"))


def test_a_topic_has_its_kinds_of_documents() -> None:
    topic = broad_topic("Which medicines does she take?")
    assert topic is not None
    assert topic.has(PassageContext(kind=DocumentKind.MEDICATION_LIST))
    assert not topic.has(PassageContext(kind=DocumentKind.CONSENT))


def test_medical_is_no_medication() -> None:
    topic = broad_topic("List all medications")
    assert topic is not None
    assert not topic.has(PassageContext(section="PAST MEDICAL HISTORY"))


@pytest.mark.parametrize(
    "question",
    ["Summarize the record.", "Give me a brief summary of this patient's history", "What happened?", "请总结一下病情"],
)
def test_a_summary_is_about_everything(question: str) -> None:
    topic = broad_topic(question)
    assert topic is not None
    assert topic.is_everything


@pytest.mark.parametrize(
    "question",
    [
        "Is she allergic to penicillin?",
        "Which medication was started for the gout?",
        "What was the most recent creatinine?",
        "Why was furosemide stopped?",
        "Summarize the knee operation",
        "What happened after the operation?",
        "What is the plan for the anemia?",
        "And the dose?",
        "",
        "什么时候开始用阿司匹林？",
    ],
)
def test_a_question_about_one_thing_is_not_broad(question: str) -> None:
    assert broad_topic(question) is None


def test_everything_is_told_where_documents_sum_themselves_up() -> None:
    topic = broad_topic("Summarize this record")
    assert topic is not None
    assert {topic_stem("diagnoses"), topic_stem("impression")} <= telling_headings(topic)
    allergies = broad_topic("Any allergies?")
    assert allergies is not None
    assert telling_headings(allergies) == allergies.headings
