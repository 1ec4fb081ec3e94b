"""Failures fit to show a clinician: what happened, why, what to do. A message never quotes the record.

AnamnesisError
├── SettingsError           a setting that is unknown or impossible
├── RecordError
│   ├── RecordNotFoundError     no such record, file, page or conversation
│   ├── RecordDamagedError      a record's folder that no longer makes sense
│   └── StorageError            the disk refused: full, read-only, taken away
├── FileRefusedError        one file that cannot be read; carries the contract's `code`
├── QuestionError           a question that cannot be asked: empty, too long, nothing to ask about
├── EvidenceError           the index or its encoder cannot work
└── ModelError
    ├── ModelUnavailableError   no such checkpoint, damaged, too large, server down
    ├── ModelAnswerError        the model answered, but with nothing usable
    └── ContextExceededError    the question does not fit the model's window
"""

from __future__ import annotations


class AnamnesisError(Exception):
    """Anything that the page or the command line shows as one sentence."""

    @property
    def message(self) -> str:
        """The sentence to show."""
        return str(self)


class SettingsError(AnamnesisError):
    """A setting that is unknown or impossible."""


class RecordError(AnamnesisError):
    """Something about a record on disk."""


class RecordNotFoundError(RecordError):
    """No such record, file, page or conversation."""


class RecordDamagedError(RecordError):
    """A record's folder that no longer makes sense."""


class StorageError(RecordError):
    """The disk refused: full, read-only, taken away."""


class FileRefusedError(AnamnesisError):
    """One file that cannot be read; `code` is stable for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class QuestionError(AnamnesisError):
    """A question that cannot be asked: empty, too long, nothing to ask about."""


class EvidenceError(AnamnesisError):
    """The index or its encoder cannot work."""


class ModelError(AnamnesisError):
    """Something about the answering model."""


class ModelUnavailableError(ModelError):
    """No such checkpoint, a damaged one, one that is too large, or a server that is down."""


class ModelAnswerError(ModelError):
    """The model answered, but with nothing usable."""


class ContextExceededError(ModelError):
    """The question does not fit the model's window."""
