"""Open the model that the settings name: the extractive reader, a checkpoint on this machine, or a model server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from assistant.errors import ModelUnavailableError
from assistant.evidence.encoder import Encoder
from assistant.language_models.answering import AnsweringModel
from assistant.language_models.extractive import open_extractive_reader
from assistant.settings import Settings

BUNDLED_MODEL = Path(__file__).resolve().parents[2] / "assets" / "bundled_model"


def open_model(settings: Settings, encoder: Encoder) -> AnsweringModel:
    """The answering model of `settings`. Raises ModelUnavailableError in a sentence that says what to do."""
    if settings.model == "extractive" and not settings.model_server:
        return open_extractive_reader(encoder)
    # What these bring (openai; torch and bitsandbytes) takes seconds to load: only the model that answers pays for it.
    if settings.model_server:
        from assistant.language_models.server import open_server

        return open_server(settings)
    from assistant.language_models.bundled_runtime import open_checkpoint

    if settings.model != "bundled":
        return open_checkpoint(settings.model, settings)
    if not (BUNDLED_MODEL / "config.json").is_file():
        raise ModelUnavailableError(
            "the bundled model is not in this copy of the program: fetch its folder assets/bundled_model too, "
            "use --model extractive, or name a checkpoint"
        )
    opened = open_checkpoint(str(BUNDLED_MODEL), settings)
    described = replace(
        opened.description,
        name="Bundled small model",
        badge="reads and quotes, knows no medicine",
        limits="It reads the passages that were found and quotes them. It knows no medicine, reasons about nothing and "
        "can quote the wrong passage: open the page behind each sentence. The record stays on this machine.",
    )
    return replace(opened, description=described)
