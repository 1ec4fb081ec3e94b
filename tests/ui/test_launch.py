from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.ui.launch import ASSETS, launch_arguments
from assistant.ui.page import build_page
from assistant.ui.page_settings import PageSettings, project_version
from assistant.ui.theme import TOKENS
from tests.ui.fake_service import FakeService

_READABLE = 4.5
_PAIRS = [
    *(("ink", ground) for ground in ("paper", "card", "shade", "attention-paper")),
    *(("soft", ground) for ground in ("paper", "card", "shade")),
    *(("accent", ground) for ground in ("paper", "card")),
    *(("attention", ground) for ground in ("paper", "card", "shade", "attention-paper")),
    ("proven", "paper"),
    ("accent-ink", "accent"),
    ("card", "attention"),
]


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("shade", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), _PAIRS)
def test_text_can_be_read_on_every_ground(text: str, ground: str, shade: int) -> None:
    low, high = sorted((luminance(TOKENS[text][shade]), luminance(TOKENS[ground][shade])))

    assert (high + 0.05) / (low + 0.05) >= _READABLE


def test_gradio_is_started_for_patient_data(tmp_path: Path) -> None:
    arguments = launch_arguments(PageSettings(upload_folder=tmp_path))

    assert arguments["server_name"] == "127.0.0.1"
    for off in ("share", "run_history", "enable_monitoring", "mcp_server", "pwa", "ssr_mode", "show_error"):
        assert arguments[off] is False, off
    assert arguments["allowed_paths"] == []
    assert arguments["footer_links"] == []


def test_the_page_publishes_no_endpoint_and_holds_nobodys_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))  # so that the test puts it back afterwards
    service = FakeService()
    service.create_record("Marsh, Eleanor")

    page = build_page(lambda visitor: service, PageSettings(upload_folder=tmp_path))

    assert all(
        event.api_visibility == "private" for event in page.fns.values() if event.fn and event.targets[0][1] != "unload"
    )
    assert page.get_api_info()["named_endpoints"] == {}
    assert "Marsh" not in json.dumps(page.get_config_file(), default=str)


@pytest.mark.parametrize("name", ["style.css", "page.js", "sending.js", "logo.svg"])
def test_assets_name_no_other_host(name: str) -> None:
    text = (ASSETS / name).read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")

    assert "http://" not in text
    assert "https://" not in text
    assert "@import" not in text


def test_the_version_is_the_projects() -> None:
    assert project_version().count(".") == 2
