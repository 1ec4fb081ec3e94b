from __future__ import annotations

import pytest

from assistant.errors import SettingsError
from assistant.settings import PRIVATE_ENVIRONMENT, Settings, make_private


def test_without_any_setting_the_page_is_for_this_machine_alone() -> None:
    settings = Settings.from_environment({})
    assert (settings.host, settings.port, settings.model) == ("127.0.0.1", 7860, "extractive")
    assert not settings.is_shared


def test_a_space_is_reached_from_outside_and_shared() -> None:
    settings = Settings.from_environment({"SPACE_ID": "owner/name"})
    assert settings.host == "0.0.0.0"
    assert settings.is_shared
    assert not settings.open_browser


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "127.1.2.3"])
def test_loopback_is_not_shared(host: str) -> None:
    assert not Settings.from_environment({"ANAMNESIS_HOST": host}).is_shared


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "ward-pc"])
def test_any_other_address_is_shared(host: str) -> None:
    assert Settings.from_environment({"ANAMNESIS_HOST": host}).is_shared


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(SettingsError, match="ANAMNESIS_MODLE"):
        Settings.from_environment({"ANAMNESIS_MODLE": "x"})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("PAGE_LIMIT", "0"),
        ("QUANTIZE", "all"),
        ("KV_CACHE", "fp8"),
        ("MODEL_SERVER", "localhost:8000"),
        ("MODEL_SERVER", "http:///v1"),
        ("MODEL_SERVER", "http://host:port"),
        ("MODEL_SERVER", "http://host:80000"),
        ("MODEL_SERVER", "http://xn--"),
        ("CONTEXT_TOKENS", "128K"),
    ],
)
def test_an_impossible_value_is_a_sentence(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=text):
        Settings.from_environment({f"ANAMNESIS_{name}": text})


def test_an_address_with_an_open_bracket_is_a_sentence() -> None:
    with pytest.raises(SettingsError, match="write http://HOST:PORT"):
        Settings.from_environment({"ANAMNESIS_MODEL_SERVER": "http://[::1"})


@pytest.mark.parametrize("address", ["ftp://ward:secret@host", "ward:secret@host", "http://ward:sec/ret@host:port"])
def test_a_refused_address_is_named_without_its_password(address: str) -> None:
    with pytest.raises(SettingsError, match="host") as raised:
        Settings.from_environment({"ANAMNESIS_MODEL_SERVER": address})
    assert not {word for word in ("ward", "sec", "ret") if word in str(raised.value)}


def test_inherited_telemetry_is_switched_off() -> None:
    environment = {"LANGSMITH_TRACING": "true", "GRADIO_SHARE": "True", "GRADIO_VIBE_MODE": "1"}
    make_private(environment)
    assert environment == dict(PRIVATE_ENVIRONMENT)
