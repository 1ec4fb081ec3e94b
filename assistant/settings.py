"""What the operator chose: read once from the environment, completed by the command line, handed down.

The only reader of the environment. An unknown ANAMNESIS_ variable or an impossible value stops the start and is named.
"""

from __future__ import annotations

import ipaddress
import os
import warnings
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self, get_args

import platformdirs

from assistant.errors import SettingsError

Quantize = Literal["experts", "linears"]
KvCache = Literal["bf16", "int8"]

_PREFIX = "ANAMNESIS_"
_MAX_PORT = 65_535

# Libraries that would call home or keep runs unless told otherwise (one line each: what it stops).
PRIVATE_ENVIRONMENT: Mapping[str, str] = {
    "GRADIO_ANALYTICS_ENABLED": "False",  # Gradio's version check and usage statistics
    "GRADIO_RUN_HISTORY": "False",  # Gradio >= 6.24 keeps every run in the browser otherwise
    "GRADIO_SHARE": "False",  # a public tunnel to this page
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "ANONYMIZED_TELEMETRY": "False",  # Chroma
    "LANGSMITH_TRACING": "false",  # an inherited variable would send every prompt to a tracing service
    "LANGCHAIN_TRACING_V2": "false",
    "LANGCHAIN_TRACING": "false",
    "TOKENIZERS_PARALLELISM": "false",  # no warning when the readers fork
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every choice of the operator. Defaults run on a laptop with no GPU, no weights and no network."""

    data_dir: Path
    model: str = "extractive"
    model_server: str | None = None
    server_model: str | None = None
    server_key: str | None = None
    quantize: Quantize = "experts"
    kv_cache: KvCache = "bf16"
    context_tokens: int | None = None
    encoder: Path | None = None
    page_limit: int = 5_000
    host: str = "127.0.0.1"
    port: int = 7860
    open_browser: bool = True
    on_space: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read ANAMNESIS_* and SPACE_ID. Raises SettingsError for a name or value it does not know."""
        known = {f"{_PREFIX}{name.upper()}": name for name in _PARSERS}
        unknown = sorted(name for name in environment if name.startswith(_PREFIX) and name not in known)
        if unknown:
            raise SettingsError(f"unknown setting {unknown[0]}; the settings are {', '.join(sorted(known))}")
        given = {field: environment[name] for name, field in known.items() if environment.get(name)}
        on_space = bool(environment.get("SPACE_ID"))
        settings = cls(
            data_dir=default_data_dir(),
            on_space=on_space,
            open_browser=not on_space,
            host="0.0.0.0" if on_space else "127.0.0.1",  # noqa: S104  a Space's container is reached from outside
        )
        return settings.with_choices(given)

    def with_choices(self, choices: Mapping[str, str]) -> Self:
        """These settings with `choices` (field name to text) put in. Raises SettingsError for an impossible value."""
        settings = self
        for field, text in choices.items():
            settings = replace(settings, **{field: _parsed(field, text)})
        return settings

    @property
    def is_shared(self) -> bool:
        """Whether other machines can reach the page: then a record belongs to one visitor and is temporary."""
        return self.on_space or not _is_loopback(self.host)


def default_data_dir() -> Path:
    """The platform's folder for a user's data."""
    return Path(platformdirs.user_data_dir("anamnesis", appauthor=False))


def make_private(environment: MutableMapping[str, str]) -> None:
    """Switch off every library's telemetry. Call before importing gradio, chromadb, langchain or transformers."""
    environment.update(PRIVATE_ENVIRONMENT)
    environment.pop("GRADIO_VIBE_MODE", None)  # lets a visitor edit the program
    # Pydantic quotes the value it warns about, which may be an answer about a patient.
    warnings.filterwarnings("ignore", message="Pydantic serializer warnings")


def from_process_environment() -> Settings:
    """Settings of this process, with its libraries made private first."""
    make_private(os.environ)
    return Settings.from_environment(os.environ)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _parsed(field: str, text: str) -> Any:
    try:
        return _PARSERS[field](text)
    except ValueError as reason:
        raise SettingsError(f"{field.replace('_', ' ')}: {reason}") from None


def _text(text: str) -> str:
    return text


def _path(text: str) -> Path:
    return Path(text).expanduser().resolve()


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise ValueError(f"{text!r} is not a whole number above 0")
    return number


def _port(text: str) -> int:
    number = _count(text)
    if number > _MAX_PORT:
        raise ValueError(f"{text!r} is above {_MAX_PORT}")
    return number


def _url(text: str) -> str:
    import httpx  # here: only a model server's address needs it, and every reading process loads these settings

    shown = repr(text.rpartition("@")[2])  # the part before may hold a password
    if not text.startswith(("http://", "https://")):
        raise ValueError(f"{shown} is not an http:// or https:// address")
    try:
        url = httpx.URL(text)
        is_complete = bool(url.host) and (url.port or 1) <= _MAX_PORT
    except (httpx.InvalidURL, ValueError):
        is_complete = False
    if not is_complete:
        raise ValueError(f"{shown} is not a complete address; write http://HOST:PORT")
    return text.rstrip("/")


def _quantize(text: str) -> Quantize:
    return _one_of(text, get_args(Quantize))  # type: ignore[return-value]


def _kv_cache(text: str) -> KvCache:
    return _one_of(text, get_args(KvCache))  # type: ignore[return-value]


def _one_of(text: str, allowed: tuple[str, ...]) -> str:
    if text not in allowed:
        raise ValueError(f"{text!r} is not one of {', '.join(allowed)}")
    return text


_PARSERS = {
    "data_dir": _path,
    "model": _text,
    "model_server": _url,
    "server_model": _text,
    "server_key": _text,
    "quantize": _quantize,
    "kv_cache": _kv_cache,
    "context_tokens": _count,
    "encoder": _path,
    "page_limit": _count,
    "host": _text,
    "port": _port,
}
