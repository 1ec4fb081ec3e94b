"""Find the folder of a model: a path on this machine, or a hub id that is downloaded, going on where it stopped."""

from __future__ import annotations

import re
from pathlib import Path

from model_runtime.errors import CheckpointError

_FILES = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.jinja", "*.txt", "LICENSE*"]


def model_folder(model: str) -> Path:
    """The folder of `model`. Reaches the network only for a hub id ("owner/name") that is no folder here."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if not _is_hub_id(model):
        raise CheckpointError(f"{model} is no folder; name the folder of a checkpoint or a hub id like owner/name")
    return _download(model, _FILES)


def config_folder(model: str) -> Path:
    """A folder with the config.json of `model`; of a hub id nothing else is downloaded."""
    folder = Path(model).expanduser()
    if folder.is_dir() or not _is_hub_id(model):
        return model_folder(model)
    return _download(model, ["config.json"])


def _is_hub_id(model: str) -> bool:
    return re.fullmatch(r"[\w.-]+/[\w.-]+", model) is not None and not model.startswith(("./", "../"))


def _download(hub_id: str, files: list[str]) -> Path:
    from huggingface_hub import snapshot_download  # here because it takes a second and a folder never needs it
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(hub_id, allow_patterns=files))
    except LocalEntryNotFoundError as error:
        raise CheckpointError(
            f"{hub_id} is no folder here and the hub cannot be reached; check the name, or the connection: "
            "what was downloaded already is kept"
        ) from error
    except (HfHubHTTPError, OSError) as error:
        raise CheckpointError(
            f"{hub_id} could not be downloaded ({type(error).__name__}); start it again and it goes on where it stopped"
        ) from error
