"""Build the parts that the settings ask for and join them: library, indexes, model, service."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from assistant.errors import SettingsError
from assistant.evidence.encoder import Encoder
from assistant.indexes import Indexes
from assistant.ingestion import pictures, reading
from assistant.ingestion.limits import Limits
from assistant.language_models.answering import AnsweringModel, ModelDescription
from assistant.language_models.opening import open_model
from assistant.library.audit import AuditLog
from assistant.library.store import Library
from assistant.library.temporary_folder import temporary_folder
from assistant.service import Service
from assistant.settings import Settings

# A visitor of a shared page who has asked for nothing so long is gone, and the record with them.
IDLE_SECONDS = 2 * 3600
_SWEEP_SECONDS = 60
LOCAL_VISITOR = "local"


def open_service(settings: Settings) -> Service:
    """One service over the data directory of `settings`, with the model that they name."""
    encoder = _encoder(settings)
    return _service(settings, settings.data_dir, encoder, open_model(settings, encoder))


def open_parts(settings: Settings) -> Parts:
    """Everything that the page needs; the slow parts load in the background. Raises AnamnesisError."""
    encoder = _encoder(settings)
    parts = Parts(settings=settings, encoder=encoder, model=open_model(settings, encoder))
    threading.Thread(target=_warm, args=(settings, encoder), daemon=True, name="warm-up").start()
    return parts


@dataclass(slots=True, kw_only=True)
class _Stay:
    """A visitor's service, the folder that is theirs, and when they were last here."""

    service: Service
    folder: Path
    last_seen: float = field(default_factory=time.monotonic)


class Parts:
    """Gives every visitor their service. On a shared page each has records of their own, gone when they are."""

    def __init__(self, *, settings: Settings, encoder: Encoder, model: AnsweringModel) -> None:
        self._settings = settings
        self._encoder = encoder
        self._model = model
        self._stays: dict[str, _Stay] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._ended = ExitStack()
        self._shared_folder = (
            self._ended.enter_context(temporary_folder(settings.data_dir)) if settings.is_shared else None
        )
        if self._shared_folder:
            threading.Thread(target=self._sweep, daemon=True, name="visitors").start()

    @property
    def model(self) -> ModelDescription:
        """Who answers."""
        return self._model.description

    def service_for(self, visitor: str) -> Service:
        """The service of a visitor: one for all on this machine, one for each where others can reach the page."""
        key = visitor if self._shared_folder else LOCAL_VISITOR
        with self._lock:
            stay = self._stays.get(key)
            if stay is None:
                stay = self._stays[key] = self._begin()
            stay.last_seen = time.monotonic()
            return stay.service

    def close(self) -> None:
        """Give back what is open; the records of a shared page's visitors are deleted."""
        self._closed.set()
        with self._lock:
            for stay in self._stays.values():
                stay.service.close()
            self._stays.clear()
        self._ended.close()

    def end_idle(self, idle_seconds: float = IDLE_SECONDS) -> None:
        """Delete the records of visitors who have not been seen for `idle_seconds`."""
        with self._lock:
            now = time.monotonic()
            gone = [key for key, stay in self._stays.items() if now - stay.last_seen >= idle_seconds]
            stays = [self._stays.pop(key) for key in gone]
        for stay in stays:
            stay.service.close()
            shutil.rmtree(stay.folder, ignore_errors=True)

    def _begin(self) -> _Stay:
        folder = self._settings.data_dir
        if self._shared_folder:
            folder = Path(tempfile.mkdtemp(dir=self._shared_folder))
        service = _service(self._settings, folder, self._encoder, self._model)
        return _Stay(service=service, folder=folder)

    def _sweep(self) -> None:
        while not self._closed.wait(_SWEEP_SECONDS):
            self.end_idle()


def _encoder(settings: Settings) -> Encoder:
    if settings.encoder and not settings.encoder.is_dir():
        raise SettingsError("the encoder is not a folder; name a sentence-transformers folder in ANAMNESIS_ENCODER")
    return Encoder(settings.encoder)


def _service(settings: Settings, data_dir: Path, encoder: Encoder, model: AnsweringModel) -> Service:
    library = Library(data_dir)
    return Service(library, Indexes(encoder), model, Limits(pages=settings.page_limit), AuditLog(data_dir))


def _warm(settings: Settings, encoder: Encoder) -> None:
    """Load what the first file and the first question would otherwise wait for."""
    limits = Limits(pages=settings.page_limit)
    reading.warm_up(limits)
    pictures.warm_up(limits)
    encoder.encode(["warm"])
