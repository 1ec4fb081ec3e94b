"""The written rules name every rule of the code, and a test that is there for each."""

from __future__ import annotations

import re
from pathlib import Path

from assistant.domain import Support
from assistant.evidence import agreement

RULES = (Path(agreement.__file__).parent / "RULES.md").read_text(encoding="utf-8")
ROWS = [line for line in RULES.splitlines() if line.startswith("| ") and "test_" in line]
_TEST = re.compile(r"(?P<file>[\w./]+\.py)::(?P<test>test_\w+)")


def test_every_rule_and_every_verdict_is_written_down() -> None:
    first_cells = {row.split("|")[1].strip(" `") for row in ROWS}
    assert {rule.__name__ for rule in agreement.RULES} <= first_cells
    assert {support.value for support in Support} <= first_cells


def test_every_written_rule_names_a_test_that_is_there() -> None:
    assert len(ROWS) >= 15
    for row in ROWS:
        named = list(_TEST.finditer(row))
        assert named, row
        for match in named:
            source = (Path(__file__).parent / match["file"]).read_text(encoding="utf-8")
            assert f"def {match['test']}(" in source, match.group()
