"""Open the model that the settings name: the extractive reader, a checkpoint on this machine, or a model server."""

from __future__ import annotations

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

    return open_checkpoint(_checkpoint(settings.model), settings)


def _checkpoint(model: str) -> str:
    if model != "bundled":
        return model
    if not (BUNDLED_MODEL / "config.json").is_file():
        raise ModelUnavailableError(
            "no model is bundled with this version: none has reached the scores that it must have; "
            "use --model extractive, or name a checkpoint"
        )
    return str(BUNDLED_MODEL)
