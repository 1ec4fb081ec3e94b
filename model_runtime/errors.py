"""The tree of failures of the model runtime.

    ModelRuntimeError
    ├── ConfigError             config.json asks for a computation that this runtime does not do
    ├── CheckpointError         a shard, a tensor or a tokenizer file is missing, damaged or unknown
    ├── DoesNotFitError         the plan needs more memory or disk than the machine has
    ├── RequestError            a request cannot be served as it was asked
    │   └── ContextTooLongError the prompt and the answer take more tokens than the context has
    ├── OutOfMemoryError        memory ran out during a request; the engine lives on
    ├── NumericalError          the network gave no finite logits
    └── CacheFileError          a saved prefix is damaged or belongs to another model; its tokens are computed again

A message says what happened and what to do, in numbers, and never holds text of a prompt or of an answer.
"""

from __future__ import annotations


class ModelRuntimeError(Exception):
    """The root: whatever the runtime raises on purpose."""


class ConfigError(ModelRuntimeError):
    """config.json asks for a computation that this runtime does not do, or leaves out a number that it needs."""


class CheckpointError(ModelRuntimeError):
    """A file or a tensor of the checkpoint is missing, damaged, of a wrong shape, or unknown."""


class DoesNotFitError(ModelRuntimeError):
    """The machine has not enough memory or disk for what was asked."""


class RequestError(ModelRuntimeError):
    """A request cannot be served as it was asked."""


class ContextTooLongError(RequestError):
    """The prompt (with the answer asked for) takes more tokens than the context has."""


class OutOfMemoryError(ModelRuntimeError):
    """Memory ran out during one request. The engine gave back what the request held and lives on."""


class NumericalError(ModelRuntimeError):
    """The network gave logits that are not finite: damaged weights or an overflow."""


class CacheFileError(ModelRuntimeError):
    """A saved prefix cannot be used: damaged, cut off, or of another model."""
