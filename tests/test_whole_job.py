"""The main job in a process of its own: no other host is asked, no patient text is logged, nothing is left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "assets" / "sample_record"
# The sample patient's name stands on every page; the question brings it too.
MARKER = "Tarrowby"
FILES = ("2025-01-22_hospital_discharge_heart_failure.pdf", "2022-01-11_surgery_referral_scanned.pdf")
# Loaded by the interpreter before anything else: every socket is watched, every logger writes at DEBUG.
SITECUSTOMIZE = """
import logging, sys
sys.path.insert(0, {root!r})
from tests.network_guard import refuse_other_hosts
def watch(event, arguments):
    try:
        refuse_other_hosts(event, arguments)
    except ConnectionRefusedError as refusal:
        open({attempts!r}, "a").write(str(refusal) + "\\n")
        raise
sys.addaudithook(watch)
logging.basicConfig(level=logging.DEBUG, filename={log!r})
logging.getLogger().setLevel(logging.DEBUG)
"""


# How a model reads these four pages: the bundled one, stretched, holds them whole.
MODES = {"extractive": "retrieval", "bundled": "full_context"}
OPTIONS = {"extractive": (), "bundled": ("--model", "bundled", "--context", "16384")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    model: str
    output: dict[str, Any]
    errors: str
    log: str
    attempts: str
    left_behind: list[str]


@pytest.fixture(scope="module", params=MODES)
def job(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Job:
    folder = tmp_path_factory.mktemp("job")
    log, attempts, temporary, home = folder / "log", folder / "attempts", folder / "temporary", folder / "home"
    for made in (temporary, home, folder / "site"):
        made.mkdir()
    code = SITECUSTOMIZE.format(root=str(ROOT), attempts=str(attempts), log=str(log))
    (folder / "site" / "sitecustomize.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "assistant", "ask", *(str(SAMPLE / name) for name in FILES), "--json"]
    command += OPTIONS[request.param]
    questions = ["--question", f"What was {MARKER} admitted for?", "--question", "Which drugs were stopped?"]
    run = subprocess.run(
        [*command, *questions],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(folder / "site"),
            "TMPDIR": str(temporary),
            "HOME": str(home),
            "LANGSMITH_TRACING": "true",  # an inherited variable must not switch tracing on
            "LANGSMITH_API_KEY": "k",
        },
    )
    assert run.returncode == 0, run.stderr
    left = [path for root in (temporary, home) for path in root.rglob("*") if path.is_file() and path.stat().st_size]
    return Job(
        model=request.param,
        output=json.loads(run.stdout),
        errors=run.stderr,
        log=log.read_text(encoding="utf-8", errors="replace"),
        attempts=attempts.read_text(encoding="utf-8") if attempts.exists() else "",
        left_behind=[str(path) for path in left],
    )


def test_both_questions_are_answered_from_the_record(job: Job) -> None:
    assert len(job.output["turns"]) == 2
    assert all(turn["citations"] for turn in job.output["turns"])


def test_standard_output_holds_the_contract_and_nothing_else(job: Job) -> None:
    turn = job.output["turns"][0]
    assert set(turn) == {"question", "answer", "mode", "statements", "citations", "coverage"}
    assert set(turn["citations"][0]) == {"n", "file", "page", "start", "end", "quote", "boxes"}
    assert set(turn["coverage"]) == {"record_tokens", "context_tokens", "pages_read", "pages_total"}
    assert [citation["n"] for citation in turn["citations"]] == list(range(1, len(turn["citations"]) + 1))
    assert turn["mode"] == MODES[job.model]


def test_the_scanned_page_is_read_too(job: Job) -> None:
    coverage = job.output["turns"][0]["coverage"]
    assert coverage["pages_read"] == coverage["pages_total"] == 4


def test_no_other_host_is_asked(job: Job) -> None:
    assert job.attempts == ""


def test_no_patient_text_is_logged_even_at_debug(job: Job) -> None:
    assert "DEBUG" in job.log  # the log was really on
    for text in (job.log, job.errors):
        assert MARKER.casefold() not in text.casefold()
        assert "admitted for" not in text


def test_nothing_stays_when_no_data_directory_is_named(job: Job) -> None:
    assert job.left_behind == []
