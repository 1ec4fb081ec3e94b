from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistant.domain import Statement, Support
from assistant.ui.answer_layout import lay_out

TEXT = "**For restarting**\nEjection fraction fell [1]. It is 35 % [2].\n- Potassium was 4.8 [3].\n- No ultrasound.\n"


def placed(text: str, whole: str = TEXT) -> Statement:
    start = whole.index(text)
    return Statement(text=text, support=Support.SUPPORTED, start=start, end=start + len(text))


def test_lines_become_headings_paragraphs_and_items() -> None:
    statements = [
        placed("Ejection fraction fell [1]."),
        placed("It is 35 % [2]."),
        placed("- Potassium was 4.8 [3]."),
        placed("- No ultrasound."),
    ]

    blocks = lay_out(TEXT, statements)

    assert [(block.heading, len(block.statements), block.is_item) for block in blocks] == [
        ("For restarting", 0, False),
        ("", 2, False),
        ("", 1, True),
        ("", 1, True),
    ]


def test_statements_without_a_place_are_shown_all_the_same() -> None:
    adrift = Statement(text="a", support=Support.UNSUPPORTED)

    assert [block.statements for block in lay_out("", [adrift, adrift])] == [(adrift,), (adrift,)]


@given(st.text(max_size=80), st.lists(st.tuples(st.integers(-3, 90), st.integers(-3, 90)), max_size=6))
def test_every_statement_is_shown_exactly_once(text: str, extents: list[tuple[int, int]]) -> None:
    statements = [
        Statement(text=f"s{at}", support=Support.UNSUPPORTED, start=start, end=end)
        for at, (start, end) in enumerate(extents)
    ]

    shown = [statement for block in lay_out(text, statements) for statement in block.statements]

    assert sorted(statement.text for statement in shown) == sorted(statement.text for statement in statements)
