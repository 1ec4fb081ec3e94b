"""The dense half of search: one Chroma collection in a record's folder, which knows vectors and addresses and no words.

Chroma gets no text and no file name, because what it deletes stays readable in its database file; an address is
"segment-number". It is filled from vectors that lie beside it, so it may be thrown away and filled again at any time.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import chromadb
from chromadb.api.client import Client
from chromadb.config import Settings
from chromadb.errors import ChromaError
from langchain_chroma import Chroma
from langchain_core.embeddings import Embeddings

from assistant.errors import EvidenceError
from assistant.evidence.encoder import Vectors

CLOSED = "the record was closed; open it again"
_COLLECTION = "passages"
_DATABASE = "chroma.sqlite3"
_ROWS_A_CALL = 1000
_CONFIGURATION = {"hnsw": {"space": "cosine", "ef_construction": 100, "ef_search": 200}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A vector that a search found: row `row` of a segment's vectors."""

    segment: str
    row: int
    cosine: float


class _MadeVectors(Embeddings):
    """Hands Chroma the vectors that were made beforehand: LangChain asks for them when it is given texts."""

    def __init__(self) -> None:
        self.vectors: Vectors | None = None

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        if self.vectors is None or len(self.vectors) != len(texts):
            raise EvidenceError("the index was given passages without their vectors; rebuild the index")
        rows: list[list[float]] = self.vectors.tolist()
        return rows

    def embed_query(self, text: str) -> list[float]:
        del text
        raise EvidenceError("questions reach the index as vectors only")


class VectorStore:
    """An open Chroma collection. `close` gives back every file, so that the folder can be deleted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = _MadeVectors()
        self._client: Client | None = None
        self._open()

    def count(self) -> int:
        """How many vectors the collection holds."""
        return self._client_or_raise().get_collection(_COLLECTION, embedding_function=None).count()

    def add(self, segment: str, vectors: Vectors) -> None:
        """Add the vectors of a segment; row i gets the address "segment-i"."""
        self._client_or_raise()
        for first in range(0, len(vectors), _ROWS_A_CALL):
            self._made.vectors = vectors[first : first + _ROWS_A_CALL]
            addresses = [f"{segment}-{row}" for row in range(first, first + len(self._made.vectors))]
            self._store.add_texts(addresses, metadatas=[{"segment": segment}] * len(addresses), ids=addresses)
        self._made.vectors = None

    def nearest(self, vector: Vectors, count: int, segments: Sequence[str] | None = None) -> tuple[Near, ...]:
        """The rows nearest to `vector` (float32 [dimensions]), nearest first; only those of `segments`, if given."""
        self._client_or_raise()
        among = None if segments is None else {"segment": {"$in": list(segments)}}
        found = self._store.similarity_search_by_vector_with_relevance_scores(
            vector.tolist(),
            k=count,
            filter=among,  # type: ignore[arg-type]
        )
        return tuple(_near(document.id or "", distance) for document, distance in found)

    def clear(self) -> None:
        """Throw the collection away, its files too, and start an empty one."""
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._open()

    def close(self) -> None:
        """Give back all files and forget the client, which Chroma keeps by its path for the life of the process."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _open(self) -> None:
        try:
            # Not those above it: an index that was deleted meanwhile must not come back.
            self._folder.mkdir(exist_ok=True, mode=0o700)
        except FileNotFoundError as failure:
            raise EvidenceError(CLOSED) from failure
        settings = Settings(anonymized_telemetry=False, is_persistent=True)
        self._client = cast("Client", chromadb.PersistentClient(path=str(self._folder), settings=settings))
        self._store = Chroma(
            collection_name=_COLLECTION,
            embedding_function=self._made,
            client=self._client,
            collection_configuration=_CONFIGURATION,  # type: ignore[arg-type]
        )

    def _client_or_raise(self) -> Client:
        if self._client is None:
            raise EvidenceError(CLOSED)
        return self._client


def is_damaged(folder: Path) -> bool:
    """Whether a Chroma folder cannot be trusted: no database, or one that SQLite finds fault with."""
    database = folder / _DATABASE
    if not database.is_file():
        return True
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",))
    except sqlite3.Error:
        return True


CHROMA_FAILURES = (ChromaError, sqlite3.Error, OSError, ValueError, RuntimeError)
"""What Chroma raises when its files are not what it wrote."""


def _near(address: str, distance: float) -> Near:
    segment, _, row = address.rpartition("-")
    return Near(segment=segment, row=int(row), cosine=1.0 - distance)
