"""The command line as other programs call it: exit status, one clear line, one JSON object."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LETTER = "Patient: Marsh, Eleanor\n\nPotassium was 4.8 mmol/L on 3 May 2026.\nNo known drug allergies.\n"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assistant", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "letter.txt"
    path.write_text(LETTER, encoding="utf-8")
    return path


def test_read_gives_every_file_in_order_and_fails_only_if_none_was_read(letter: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()
    result = run("read", letter, empty, letter, "--json")
    first, second, third = json.loads(result.stdout)["files"]
    assert result.returncode == 0
    assert (first["name"], second["name"], third["name"]) == ("letter.txt", "empty.txt", "letter (2).txt")
    assert first["error"] is None
    assert second["error"]["code"]
    assert second["pages"] == []
    page = first["pages"][0]
    assert set(page) == {"number", "part", "text", "width", "height", "origin", "words"}
    words = [page["text"][word["start"] : word["end"]] for word in page["words"]]
    assert words == page["text"].split()
    assert run("read", empty, "--json").returncode == 1


def test_search_prints_a_line_a_query_with_the_pages_own_text(letter: Path, tmp_path: Path) -> None:
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"query": "potassium"}\n{"query": "allergies"}\n', encoding="utf-8")
    result = run("search", letter, "--queries", queries, "--top-k", "3", "--json")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    text = json.loads(run("read", letter, "--json").stdout)["files"][0]["pages"][0]["text"]
    assert [line["query"] for line in lines] == ["potassium", "allergies"]
    for line in lines:
        assert [hit["rank"] for hit in line["results"]] == list(range(1, len(line["results"]) + 1))
        assert all(text[hit["start"] : hit["end"]] == hit["text"] for hit in line["results"])


def test_verify_tells_true_from_false(letter: Path, tmp_path: Path) -> None:
    statements = tmp_path / "statements.jsonl"
    entries = [
        {"id": "a", "text": "Potassium was 4.8 mmol/L on 3 May 2026.", "file": "letter.txt"},
        {"id": "b", "text": "Potassium was 5.8 mmol/L on 3 May 2026.", "file": "letter.txt", "page": 1},
        {"id": "c", "text": "She has an artificial heart valve."},
    ]
    statements.write_text("\n".join(map(json.dumps, entries)), encoding="utf-8")
    lines = [
        json.loads(line) for line in run("verify", letter, "--statements", statements, "--json").stdout.splitlines()
    ]
    assert [line["id"] for line in lines] == ["a", "b", "c"]
    assert lines[0]["support"] in ("quoted", "supported")
    assert lines[0]["citations"][0]["boxes"]
    assert lines[1]["support"] == "unsupported"
    assert lines[2]["support"] in ("unsupported", "not_in_record")


def test_a_record_is_kept_where_it_is_said_and_can_be_deleted(letter: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert run("ask", letter, "--question", "Any allergies?", "--data-dir", data, "--json").returncode == 0
    (record,) = json.loads(run("records", "list", "--data-dir", data, "--json").stdout)["records"]
    assert record["title"] == "Marsh, Eleanor"
    assert run("records", "purge", "--data-dir", data).returncode == 2
    assert run("records", "delete", record["id"], "--data-dir", data).returncode == 0
    assert run("records", "show", record["id"], "--data-dir", data).returncode == 1
    assert json.loads(run("records", "list", "--data-dir", data, "--json").stdout) == {"records": []}


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["ask", "{letter}", "--question", "x", "--model", "/no/such/folder"], 1, "no folder"),
        (["ask", "{letter}", "--question", "x", "--model", "bundled"], 1, "no model is bundled"),
        (["ask", "{letter}", "--question", "x", "--model-server", "ftp://x"], 2, "http://"),
        (["ask", "/no/such/letter.txt", "--question", "x"], 1, "letter.txt"),
        (["summarize", "{letter}", "--kind", "sonnet"], 2, "no such kind"),
        (["search", "{letter}", "--queries", "/no/such.jsonl"], 2, "cannot be read"),
        (["overview", "{letter}"], 1, "not built yet"),
        (["records", "show"], 2, "wants the ID"),
        (["read"], 2, "FILE"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(letter: Path, arguments: list[str], status: int, says: str) -> None:
    result = run(*(argument.format(letter=letter) for argument in arguments))
    assert result.returncode == status
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
