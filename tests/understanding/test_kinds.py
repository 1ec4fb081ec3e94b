from __future__ import annotations

import pytest

from assistant.domain import DocumentKind
from assistant.understanding.kinds import cues, kind_of, title_of
from tests.understanding.test_event_dates import lines

K = DocumentKind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Northmoor Pathology Service\nLaboratory report", K.LABORATORY),
        ("Northmoor Pathology Service\nCellular pathology report – biopsy", K.PATHOLOGY),
        ("Department of Clinical Radiology\nCT chest, abdomen and pelvis with contrast", K.RADIOLOGY),
        ("Discharge summary – Cardiology", K.DISCHARGE_SUMMARY),
        ("Operation note and anaesthetic summary", K.OPERATION_NOTE),
        ("REPEAT MEDICATION LIST", K.MEDICATION_LIST),
        ("Nursing assessment, care plan and observations", K.NURSING),
        ("CONSENT FORM 1", K.CONSENT),
        ("Emergency Department Provider Note", K.OTHER),
        ("出院记录", K.DISCHARGE_SUMMARY),
        ("海滨市第二人民医院检验报告单", K.LABORATORY),
    ],
)
def test_a_title_tells_the_kind(text: str, kind: DocumentKind) -> None:
    title = title_of(lines(text))
    assert title is not None
    assert title.kind is kind
    assert kind_of(title, [cues(text)]) is kind


@pytest.mark.parametrize(
    "text",
    [
        "Please see the discharge summary of last week.",
        "Department of Histopathology",
        "She was given a consent form",
        "• CT of the chest in February 2023",
    ],
)
def test_words_of_a_title_in_a_sentence_are_none(text: str) -> None:
    assert title_of(lines(text)) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Dear Tom,\nI saw your patient again. TSH is now 1.9.\nKind regards", K.CLINIC_LETTER),
        ("Hb 98 L 130 - 170 g/L\nMCV 71.2 L 83 - 101 fL", K.LABORATORY),
        ("Received in formalin, one cassette. Microscopy: naevus.", K.PATHOLOGY),
        ("It rained on Tuesday.", K.OTHER),
    ],
)
def test_without_a_title_the_text_tells(text: str, kind: DocumentKind) -> None:
    assert kind_of(None, [cues(text)]) is kind
