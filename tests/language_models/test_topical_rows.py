"""To a broad question what stands under the topic's headings is quoted, and nothing that merely follows it."""

from __future__ import annotations

from assistant.language_models.candidates import NumberedPassage
from assistant.language_models.topical_rows import MOST_ROWS, topical_rows

HEADINGS = frozenset({"medic", "medicin", "allergi"})
LIST = "MEDICINES\nApixaban 5 mg twice daily\nBisoprolol 2.5 mg each morning"
PROSE = "It was a pleasure to see her with her husband, who has been very well since the summer."


def rows(*texts: str) -> list[tuple[int, str]]:
    passages = [NumberedPassage(n=n, text=text) for n, text in enumerate(texts, start=1)]
    return [(row.n, row.text) for row in topical_rows(HEADINGS, passages)]


def test_the_rows_under_a_heading_of_the_topic_are_given_in_the_order_of_their_passages() -> None:
    assert rows("PLAN\nSee her in June.", LIST, "Allergies: penicillin, rash in 1987.") == [
        (2, "Apixaban 5 mg twice daily"),
        (2, "Bisoprolol 2.5 mg each morning"),
        (3, "Allergies: penicillin, rash in 1987."),
    ]


def test_a_blank_line_or_a_line_of_prose_after_a_list_or_another_heading_ends_it() -> None:
    for break_, after in (("\n\n", "Her mood is good."), ("\n", PROSE), ("\n", "PLAN\nStop apixaban 5 mg in June.")):
        assert [text for _, text in rows(f"{LIST}{break_}{after}")] == [
            "Apixaban 5 mg twice daily",
            "Bisoprolol 2.5 mg each morning",
        ]


def test_prose_right_under_a_heading_and_after_its_blank_line_belongs_to_it() -> None:
    said = "She takes apixaban and bisoprolol every day and has not missed a single dose since she left the ward."
    assert rows(f"MEDICINES\n\n{said}") == [(1, said)]


def test_no_more_than_a_dozen_rows_are_given() -> None:
    assert len(rows("MEDICINES\n" + "\n".join(f"Drug{n} {n} mg daily" for n in range(1, 30)))) == MOST_ROWS


def test_without_such_headings_there_are_none() -> None:
    assert rows("PLAN\nSee her in June.") == []
    assert topical_rows(frozenset(), [NumberedPassage(n=1, text=LIST)]) == ()
