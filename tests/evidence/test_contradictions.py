"""Cited words that cannot both be right are found; words that can are left alone."""

from __future__ import annotations

import pytest

from assistant.domain import Citation, Contradiction, DocumentKind, Page, PageRef, SourceDocument, Span
from assistant.evidence.contradictions import contradicting_spans, contradictions
from tests.pages import page


def found(*texts: str, documents: tuple[SourceDocument, ...] | None = None) -> tuple[tuple[int, int, str], ...]:
    """Contradictions between whole pages, each a file of its own."""
    pages = {f"{at}.pdf": page(text, file=f"{at}.pdf") for at, text in enumerate(texts)}
    spans = [Span(file=name, page=1, start=0, end=len(page_.text)) for name, page_ in pages.items()]

    def page_of(ref: PageRef) -> Page | None:
        return pages.get(ref.file)

    def document_of(span: Span) -> SourceDocument | None:
        return documents[int(span.file.split(".")[0])] if documents else None

    return contradicting_spans(spans, page_of, document_of)


def document(kind: DocumentKind, date: str | None) -> SourceDocument:
    return SourceDocument(kind=kind, first_page=1, last_page=1, date=date)


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("Drug allergies: no known drug allergies.", "Amoxicillin: anaphylaxis, 1987", "allergy"),
        ("NKDA.", "She is allergic to penicillin.", "allergy"),
        ("Allergies: none known", "Latex allergy.", "allergy"),
        ("No latex allergy.", "Allergies: latex (rash)", "allergy"),
        ("12 May 2024: Metformin 500 mg twice daily", "On 2024-05-12 takes metformin 850 mg.", "two doses"),
        ("Creatinine 88 µmol/L on 12 May 2024.", "12/05/2024 Creatinine 112 µmol/L", None),  # may be 5 December
        ("Creatinine 88 µmol/L on 12 May 2024.", "13 May 2024 Creatinine 112 µmol/L", None),
        ("Creatinine 88 µmol/L on 12 May 2024.", "2024-05-12 Creatinine 112 µmol/L", "two values"),
        ("Haemoglobin 9.2 g/dL 12 May 2024", "Haemoglobin 92 g/L 12 May 2024", None),
        ("Potassium 4.1 on 12 May 2024", "Potassium 4.10 mmol/L on 12 May 2024", None),
        ("Potassium 4.1 on 12 May 2024", "Potassium 5.0 mmol/L on 12 May 2024", "two values"),
        (
            "12 May 2024: repair of the left inguinal hernia with mesh.",
            "Repair of a right inguinal hernia with mesh, 12 May 2024.",
            "left and right",
        ),
    ],
)
def test_two_statements_of_one_fact(one: str, other: str, reason: str | None) -> None:
    clashes = found(one, other)
    assert [clash[:2] for clash in clashes] == ([(0, 1)] if reason else [])
    assert all(reason in clash[2] for clash in clashes if reason)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("No known drug allergies.", "Allergies: latex (rash)"),  # no drug
        ("No known drug allergies.", "Her mother is allergic to penicillin."),
        ("No known drug allergies.", "Possible penicillin allergy."),
        ("No latex allergy.", "She is allergic to penicillin."),
        ("Penicillin allergy.", "The letter stating no known drug allergies is wrong."),
        ("Penicillin allergy.", "“No known drug allergies” was written in 2022."),
        ("No penicillin allergy.", "No known drug allergies."),
        ("Metformin 500 mg twice daily", "Metformin 850 mg twice daily"),  # no day
        ("12 May 2024 Metformin 500 mg twice daily", "12 May 2024 Metformin 1 g daily"),  # the same a day
        ("12 May 2024 Metformin 500 mg", "12 May 2024: metformin was 850 mg before admission"),
        ("12 May 2024 Metformin raised from 500 mg to 850 mg", "12 May 2024 Metformin 500 mg"),
        ("12 May 2024 Insulin 10 mg morning, 8 mg evening", "12 May 2024 Insulin 12 mg"),
        ("12 May 2024 08:10 Potassium 5.8", "12 May 2024 Potassium 5.0 mmol/L"),
        ("Potassium rose to 5.8 on 12 May 2024", "Potassium 5.0 on 12 May 2024"),
        ("Fracture of the left wrist 12 May 2024.", "The right wrist was normal, 12 May 2024."),
        ("Repair of the left inguinal hernia.", "Repair of the right inguinal hernia."),
        ("12 May 2024 no fracture of left distal radius shaft", "12 May 2024 fracture of right distal radius shaft"),
        ("12 May 2024 fracture of both left and right radius", "12 May 2024 fracture of right radius shaft"),
    ],
)
def test_what_can_both_be_right_is_left_alone(one: str, other: str) -> None:
    assert found(one, other) == ()


def test_a_document_s_date_counts_for_what_it_states_without_one() -> None:
    reports = tuple(document(DocumentKind.LABORATORY, "2024-05-12") for _ in range(2))
    letters = tuple(document(DocumentKind.CLINIC_LETTER, "2024-05-12") for _ in range(2))
    assert found("Creatinine 88 µmol/L", "Creatinine 112 µmol/L", documents=reports)
    assert not found("Creatinine 88 µmol/L", "Creatinine 112 µmol/L", documents=letters)  # of another day
    assert found("Bisoprolol 5 mg daily", "Bisoprolol 7.5 mg daily", documents=letters)
    undated = tuple(document(DocumentKind.CLINIC_LETTER, "2024-05") for _ in range(2))
    assert not found("Bisoprolol 5 mg daily", "Bisoprolol 7.5 mg daily", documents=undated)


def test_two_citations_of_one_sentence_do_not_contradict_each_other() -> None:
    text = "No latex allergy then; latex allergy now. Bisoprolol 5 mg.\n\nBisoprolol 7.5 mg."
    page_ = page(text)
    one_sentence = [Span(file="letter.pdf", page=1, start=at, end=at + 8) for at in (0, 24)]
    assert contradicting_spans(one_sentence, lambda ref: page_) == ()
    elsewhere = [*one_sentence[:1], Span(file="letter.pdf", page=2, start=24, end=30)]
    assert contradicting_spans(elsewhere, lambda ref: page_)


def test_what_one_document_states_twice_without_a_date_may_be_of_two_days() -> None:
    page_ = page("Bisoprolol 5 mg.\n\nBisoprolol 7.5 mg.")
    spans = [Span(file="letter.pdf", page=1, start=at, end=at + 10) for at in (0, 18)]
    letter = document(DocumentKind.CLINIC_LETTER, "2024-05-12")
    assert contradicting_spans(spans, lambda ref: page_, lambda span: letter) == ()


def test_citations_are_named_by_their_numbers_and_no_reason_quotes_them() -> None:
    texts = ("No known allergies.", "Penicillin allergy.")
    pages = {f"{at}.pdf": page(text, file=f"{at}.pdf") for at, text in enumerate(texts)}
    citations = [
        Citation(n=n, span=Span(file=name, page=1, start=0, end=5), quote="", boxes=())
        for n, name in zip((4, 7), pages, strict=True)
    ]
    (clash,) = contradictions(citations, lambda ref: pages.get(ref.file))
    assert clash == Contradiction(first=4, second=7, reason="different allergy statuses")
    assert contradictions(citations, lambda ref: None) == ()
