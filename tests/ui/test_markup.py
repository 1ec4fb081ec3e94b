from __future__ import annotations

import pytest

from assistant.ui.markup import Html, button, join, tag

HOSTILE = '<img src=x onerror="alert(1)">&\'</b>'


def test_text_is_escaped_wherever_it_stands() -> None:
    written = tag("p", HOSTILE, title=HOSTILE, data_file=HOSTILE)

    assert "<img" not in written
    assert "onerror=&quot;" in written
    assert written.count("</b>") == 0


def test_html_that_was_built_here_is_kept() -> None:
    assert tag("p", tag("b", "1 < 2")) == "<p><b>1 &lt; 2</b></p>"
    assert isinstance(join("a", None, tag("br")), Html)


def test_absent_and_false_attributes_are_left_out() -> None:
    assert tag("input", disabled=True, hidden=False, title=None) == "<input disabled>"


@pytest.mark.parametrize("name", ["onclick", "onerror", "on_load"])
def test_an_attribute_that_runs_code_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="run code"):
        tag("p", **{name: "alert(1)"})


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "http://elsewhere.example/", "//elsewhere.example", "data:text/html,x"]
)
def test_an_address_that_leads_away_or_runs_code_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="may only be"):
        tag("a", "x", href=address)


def test_a_button_names_what_it_does() -> None:
    assert button("ask", "Ask", data_question='"x"') == (
        '<button type="button" data-do="ask" data-question="&quot;x&quot;">Ask</button>'
    )
