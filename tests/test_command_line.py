"""The command line as other programs call it: exit status, one clear line, one JSON object."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

import app
from assistant import commands
from assistant.__main__ import command_parser, end_as_if_interrupted, main
from assistant.errors import SettingsError
from assistant.json_lines import read_queries, read_statements
from assistant.language_models import opening
from assistant.settings import Settings, default_data_dir

ROOT = Path(__file__).resolve().parent.parent
LETTER = "Patient: Marsh, Eleanor\n\nPotassium was 4.8 mmol/L on 3 May 2026.\nNo known drug allergies.\n"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assistant", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def run_here(settings: Settings, *arguments: str | Path) -> tuple[int, str]:
    """One command in this process, with an exit status and what it wrote as our output."""
    output = io.StringIO()
    given = command_parser().parse_args([str(argument) for argument in arguments])
    return commands.run(given, settings, output), output.getvalue()


@pytest.fixture
def signals() -> Iterator[None]:
    """Puts the handlers back that a command sets."""
    before = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for name, handler in before.items():
        signal.signal(name, handler)


@pytest.fixture
def own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANAMNESIS_DATA_DIR", str(tmp_path / "data"))


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


def test_read_into_a_data_directory_prints_the_same_and_keeps_what_was_read(letter: Path, tmp_path: Path) -> None:
    bad, settings = tmp_path / "a" / "letter.txt", Settings(data_dir=tmp_path / "data")
    bad.parent.mkdir()
    bad.touch()
    files = ("read", bad, letter, letter, tmp_path / "missing.txt", "--json")
    kept = run_here(settings, *files, "--data-dir", settings.data_dir)
    assert kept == run_here(settings, *files)
    (record,) = json.loads(run_here(settings, "records", "list", "--json")[1])["records"]
    assert [file["name"] for file in record["files"]] == ["letter (2).txt", "letter (3).txt"]
    assert [entry["name"] for entry in json.loads(kept[1])["files"]][1:3] == ["letter (2).txt", "letter (3).txt"]


def test_a_record_that_no_file_joined_does_not_stay(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    status, written = run_here(settings, "read", tmp_path / "missing.txt", "--json", "--data-dir", settings.data_dir)
    (entry,) = json.loads(written)["files"]
    assert (status, entry["name"], bool(entry["error"])) == (1, "missing.txt", True)
    assert json.loads(run_here(settings, "records", "list", "--json")[1]) == {"records": []}


def test_a_file_has_the_same_name_in_search_as_in_read(letter: Path, tmp_path: Path) -> None:
    bad = tmp_path / "a" / "letter.txt"
    bad.parent.mkdir()
    bad.touch()
    later = tmp_path / "b" / "letter.txt"
    later.parent.mkdir()
    later.write_text("Potassium was 5.1 mmol/L on 9 May 2026.\n", encoding="utf-8")
    settings = Settings(data_dir=tmp_path / "data")
    _, written = run_here(settings, "search", bad, letter, later, "--query", "potassium", "--json")
    assert {hit["file"] for hit in json.loads(written)["results"]} == {"letter (2).txt", "letter (3).txt"}


def test_without_a_place_for_data_nothing_is_kept_but_the_work_is_done(
    letter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("XDG_DATA_HOME", "/dev/null")  # nobody, not even root, can make a folder in it
    status, written = run_here(Settings(data_dir=default_data_dir()), "search", letter, "--query", "potassium")
    assert (status, "4.8 mmol/L" in written) == (0, True)
    assert list((tmp_path / "temporary").iterdir()) == []


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


@pytest.mark.usefixtures("signals", "own_data_folder")
def test_a_copy_without_the_bundled_model_says_what_to_do(
    letter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(opening, "BUNDLED_MODEL", tmp_path / "none")
    assert main(["ask", str(letter), "--question", "x", "--model", "bundled"]) == 1
    written, said = capsys.readouterr()
    assert "assets/bundled_model" in said
    assert "--model extractive" in said
    assert said.count("\n") == 1
    assert written == ""


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["ask", "{letter}", "--question", "x", "--model", "/no/such/folder"], 1, "no folder"),
        (["ask", "{letter}", "--question", "x", "--model-server", "ftp://x"], 2, "http://"),
        (["ask", "/no/such/letter.txt", "--question", "x"], 1, "letter.txt"),
        (["summarize", "{letter}", "--kind", "sonnet"], 2, "no such kind"),
        (["search", "{letter}", "--queries", "/no/such.jsonl"], 2, "cannot be read"),
        (["assertions", "--queries", "q.jsonl", "--json"], 1, "not built yet"),
        (["records", "show"], 2, "wants the ID"),
    ],
)
@pytest.mark.usefixtures("signals", "own_data_folder")
def test_what_cannot_be_done_is_one_clear_line(
    letter: Path, arguments: list[str], status: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([argument.format(letter=letter) for argument in arguments]) == status
    written, said = capsys.readouterr()
    assert says in said
    assert said.count("\n") == 1
    assert written == ""


def test_a_summary_for_a_folder_that_is_not_there_fails_before_the_work(letter: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--out"):
        run_here(Settings(data_dir=tmp_path / "data"), "summarize", letter, "--out", tmp_path / "no" / "summary.md")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("arguments", "says"), [(["read"], "FILE"), (["read", "a.txt", "--sideways"], "--sideways")])
def test_what_a_command_does_not_take_is_a_wrong_argument(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


def test_a_question_that_is_not_utf_8_stays_printable() -> None:
    given = command_parser().parse_args(["ask", "letter.txt", "--question", "fever \udcff?"])
    assert given.question == ["fever \ufffd?"]


def test_json_lines_end_at_newlines_alone(tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_text('\ufeff{"query": "one\u2028line\x85"}\r\n\r\n{"query": "two"}', encoding="utf-8")
    assert read_queries(path) == ("one\u2028line\x85", "two")


@pytest.mark.parametrize(
    "line",
    [
        '{"id": 1, "text": 7}',
        '{"id": 1, "text": null}',
        '{"id": 1, "text": "x", "page": "2"}',
        '{"id": 1, "text": "x", "page": true}',
        '{"id": 1, "text": "x", "file": 3}',
        '{"id": 1, "text": "x", "quote": ["x"]}',
        '{"id": 1, "text": "\\ud800"}',
        '{"id": "\\ud800", "text": "x"}',
        '{"text": "x"}',
        "[]",
        "[" * 100_000,
    ],
)
def test_a_line_of_the_wrong_kind_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "statements.jsonl"
    path.write_text('{"id": null, "text": "fine", "page": 1, "file": null}\n' + line, encoding="utf-8")
    with pytest.raises(SettingsError, match="line 2"):
        read_statements(path)


@pytest.mark.usefixtures("signals")
def test_a_signal_that_was_to_be_ignored_is_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    end_as_if_interrupted()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler


def test_a_reader_that_goes_away_ends_the_command_quietly(letter: Path, tmp_path: Path) -> None:
    long = tmp_path / "long.txt"
    long.write_text(LETTER * 2000, encoding="utf-8")  # more than a pipe holds
    command = [sys.executable, "-m", "assistant", "read", str(long), str(letter), "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.read(10) == b'{"files": '
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.usefixtures("signals")
def test_a_summary_as_json_has_standard_output_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def chatty(_: object, __: object, output: TextIO) -> int:
        os.write(sys.stdout.fileno(), b"chatter")
        output.write("{}")
        return 0

    monkeypatch.setattr(commands, "run", chatty)
    with (tmp_path / "output").open("w") as output, (tmp_path / "errors").open("w") as errors:
        monkeypatch.setattr(sys, "stdout", output)
        monkeypatch.setattr(sys, "stderr", errors)
        assert main(["summarize", "letter.txt", "--format", "json"]) == 0
    assert (tmp_path / "output").read_text() == "{}"
    assert (tmp_path / "errors").read_text() == "chatter"


@pytest.mark.usefixtures("signals")
def test_the_page_tells_a_mistake_of_ours_without_its_text_and_keeps_its_files_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folders: list[Path] = []

    def fails(_: Settings) -> None:
        folders.extend(Path(os.environ[name]) for name in ("GRADIO_TEMP_DIR", "TORCHINDUCTOR_CACHE_DIR"))
        raise RuntimeError("Marsh, Eleanor")

    for name in ("GRADIO_TEMP_DIR", "TORCHINDUCTOR_CACHE_DIR"):
        monkeypatch.setenv(name, "elsewhere")  # so that it is put back afterwards
    monkeypatch.setattr("assistant.parts.open_parts", fails)
    assert app.main(["--data-dir", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "RuntimeError" in said
    assert "Marsh" not in said
    assert all(tmp_path in folder.parents and not folder.parent.exists() for folder in folders)
    assert len(folders) == 2


def test_the_words_of_a_long_file_are_written_page_by_page(tmp_path: Path) -> None:
    letter = tmp_path / "long.txt"
    letter.write_text("Potassium was 4.8 mmol/L.\n" * 400, encoding="utf-8")
    pieces: list[str] = []

    class Output(io.StringIO):
        def write(self, text: str) -> int:
            pieces.append(text)
            return super().write(text)

    output = Output()
    given = command_parser().parse_args(["read", "--json", str(letter)])
    assert commands.run(given, Settings(data_dir=tmp_path), output) == 0
    [file] = json.loads(output.getvalue())["files"]
    assert len(file["pages"]) > 2
    assert max(piece.count('"origin"') for piece in pieces) == 1
