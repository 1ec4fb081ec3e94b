from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_picture_and_file_that_it_links_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def test_every_benchmark_and_result_that_it_names_is_there() -> None:
    named = re.findall(r"\b(?:benchmarks|tests|tools)/[\w/]+\.(?:py|json)", README)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_room_of_the_assistant_stands_in_its_layout() -> None:
    rooms = {path.name for path in (ROOT / "assistant").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert [room for room in rooms if f"  {room}/" not in README] == []
