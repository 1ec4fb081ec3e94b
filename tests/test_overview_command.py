"""The overview command: the contract's object from structured files, one clear line where there is nothing to say."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from assistant import commands
from assistant.__main__ import command_parser
from assistant.errors import AnamnesisError
from assistant.settings import Settings
from tests.ingestion.invented_ccda import RXNORM, allergy, document, section

PENICILLIN = f'<code code="7980" {RXNORM} displayName="Penicillin G"/>'


@pytest.fixture
def summary(tmp_path: Path) -> Path:
    path = tmp_path / "summary.xml"
    path.write_bytes(document(section("48765-2", "Allergies", "Penicillin G: hives", allergy(PENICILLIN))))
    return path


def overview(data_dir: Path, *arguments: str | Path) -> dict[str, Any]:
    given = command_parser().parse_args(["overview", *map(str, arguments), "--json"])
    output = io.StringIO()
    assert commands.run(given, Settings(data_dir=data_dir), output) == 0
    found: dict[str, Any] = json.loads(output.getvalue())
    return found


def test_a_fact_of_two_files_cites_both(summary: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.xml"
    again.write_bytes(summary.read_bytes().replace(b"hives", b"rash "))
    found = overview(tmp_path / "data", summary, again)
    [item] = found["allergies"]
    assert (item["name"], item["status"]) == ("Penicillin G", "active")
    assert item["code"] == {"system": "RxNorm", "code": "7980"}
    assert [(one["file"], one["quote"]) for one in item["citations"]] == [
        ("summary.xml", "Penicillin G: hives"),
        ("again.xml", "Penicillin G: rash"),
    ]
    assert all(one["boxes"] for one in item["citations"])
    assert found["patient"]["identifiers"] == ["770123"]


def test_that_a_file_is_about_another_patient_is_said(
    summary: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.xml"
    data = summary.read_bytes().replace(b"Quillfeather", b"Bramblewick").replace(b"Orla", b"Tobias")
    other.write_bytes(
        data.replace(b"19610704", b"19900101").replace(b"770123", b"998877").replace(b"Penicillin G", b"Codeine")
    )
    overview(tmp_path / "data", summary, other)
    assert "other.xml: this file seems to be about another patient" in capsys.readouterr().err


def test_without_coded_entries_the_lists_are_empty_and_one_line_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Patient: Marsh, Eleanor\n\nNo known drug allergies.\n", encoding="utf-8")
    found = overview(tmp_path / "data", letter)
    assert not any(found[kind] for kind in found if kind != "patient")
    assert "coded entries" in capsys.readouterr().err


def test_the_narrative_alone_is_not_read_yet(summary: Path, tmp_path: Path) -> None:
    with pytest.raises(AnamnesisError, match="not built yet"):
        overview(tmp_path / "data", summary, "--narrative-only")
