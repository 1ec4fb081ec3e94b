from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tools.requirements import requirements_text

ROOT = Path(__file__).resolve().parent.parent


def test_requirements_txt_is_what_pyproject_says() -> None:
    assert (ROOT / "requirements.txt").read_text(encoding="utf-8") == requirements_text()


def test_every_dependency_is_pinned_exactly() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pins = project["project"]["dependencies"] + project["dependency-groups"]["test"]
    exact = (
        r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[0-9][0-9a-z.]*(; .+)?"  # where a machine has no such wheel, a marker says so
    )
    assert [pin for pin in pins if not re.fullmatch(exact, pin)] == []
    assert "torch==2.13.0" in pins


def test_the_space_starts_the_gradio_that_is_pinned() -> None:
    head = (ROOT / "README.md").read_text(encoding="utf-8").split("---")[1]
    fields = dict(line.split(": ", 1) for line in head.strip().splitlines())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert f"gradio=={fields['sdk_version']}" in project["project"]["dependencies"]
    assert fields["sdk"] == "gradio"
    assert fields["app_file"] == "app.py"
    assert fields["license"] == "agpl-3.0"
    assert fields["python_version"].strip('"') == "3.12"
    assert len(fields["short_description"]) <= 60
