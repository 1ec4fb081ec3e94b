"""A prefix saved on disk is used again, by the same model only, and damage costs time, not truth."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from model_runtime.cache import CacheKind
from model_runtime.events import Request
from model_runtime.prefixes import BLOCK_TOKENS, SavedPrefixes
from model_runtime.sampling import SamplingSettings
from tests.model_runtime.tiny_engine import finished, text_of, tiny_engine, tiny_model

MODEL = tiny_model()
TOKENS = torch.randint(7, 600, (3 * BLOCK_TOKENS + 40,), generator=torch.Generator().manual_seed(9)).tolist()


def asking(folder: Path, tokens: list[int] = TOKENS, limit_bytes: int = 2**30) -> Request:
    return Request(
        prompt_tokens=tokens,
        max_tokens=6,
        sampling=SamplingSettings(temperature=0),
        saved_prefixes=SavedPrefixes(folder=folder, limit_bytes=limit_bytes),
    )


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Path, str]:
    """A folder in which one engine left a prefix, and the answer it gave."""
    folder = tmp_path / "prefixes"
    return folder, text_of(tiny_engine(MODEL).generate(asking(folder)))


@pytest.mark.parametrize("kind", list(CacheKind))
def test_another_process_reads_only_what_is_new(tmp_path: Path, kind: CacheKind) -> None:
    expected = text_of(tiny_engine(MODEL, kv_cache=kind).generate(asking(tmp_path)))
    events = list(tiny_engine(MODEL, kv_cache=kind).generate(asking(tmp_path)))
    assert finished(events).reused_tokens == 3 * BLOCK_TOKENS
    assert text_of(events) == expected


def test_a_text_that_parts_later_shares_the_blocks_before(saved: tuple[Path, str]) -> None:
    folder, _ = saved
    other = [*TOKENS[: 2 * BLOCK_TOKENS + 9], *reversed(TOKENS)]
    events = list(tiny_engine(MODEL).generate(asking(folder, other)))
    assert finished(events).reused_tokens == 2 * BLOCK_TOKENS
    fresh = text_of(tiny_engine(MODEL).generate(asking(folder.parent / "empty", other)))
    assert text_of(events) == fresh


def test_memory_wins_where_it_knows_more_than_the_disk(saved: tuple[Path, str]) -> None:
    folder, expected = saved
    engine = tiny_engine(MODEL)
    list(engine.generate(asking(folder)))
    events = list(engine.generate(asking(folder)))
    assert finished(events).reused_tokens == len(TOKENS) - 1
    assert text_of(events) == expected


@pytest.mark.parametrize("damage", ["cut", "flipped", "other tokens", "empty"])
def test_a_damaged_block_is_removed_and_computed_again(saved: tuple[Path, str], damage: str) -> None:
    folder, expected = saved
    last, second, _ = sorted(folder.glob("*.kv"), key=lambda path: path.stat().st_mtime_ns)  # the beginning is newest
    data = bytearray(second.read_bytes())
    if damage == "cut":
        del data[len(data) // 2 :]
    elif damage == "flipped":
        data[-100] ^= 1
    elif damage == "other tokens":
        data = bytearray(last.read_bytes())
    else:
        data.clear()
    second.write_bytes(data)
    events = list(tiny_engine(MODEL).generate(asking(folder)))
    assert finished(events).reused_tokens == BLOCK_TOKENS
    assert text_of(events) == expected
    assert finished(tiny_engine(MODEL).generate(asking(folder))).reused_tokens == 3 * BLOCK_TOKENS  # written anew


def test_other_weights_rope_or_cache_find_nothing(saved: tuple[Path, str]) -> None:
    folder, _ = saved
    others = [
        tiny_engine(tiny_model(seed=1)),
        tiny_engine(tiny_model(rope_theta=10000.0)),
        tiny_engine(MODEL, kv_cache=CacheKind.BF16),
    ]
    for engine in others:
        assert finished(engine.generate(asking(folder))).reused_tokens == 0


def test_the_folder_stays_below_its_limit_and_the_end_of_a_chain_goes_first(tmp_path: Path) -> None:
    list(tiny_engine(MODEL).generate(asking(tmp_path)))
    a_block = next(tmp_path.glob("*.kv")).stat().st_size
    other = list(reversed(TOKENS))
    list(tiny_engine(MODEL).generate(asking(tmp_path, other, limit_bytes=4 * a_block + 100)))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 4 * a_block + 100
    assert finished(tiny_engine(MODEL).generate(asking(tmp_path, other))).reused_tokens == 3 * BLOCK_TOKENS


def test_no_half_written_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def disk_full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", disk_full)
    events = list(tiny_engine(MODEL).generate(asking(tmp_path)))
    assert finished(events).tokens == 6
    assert list(tmp_path.iterdir()) == []


def test_the_folder_above_is_not_made_again(tmp_path: Path) -> None:
    list(tiny_engine(MODEL).generate(asking(tmp_path / "deleted record" / "model_state")))
    assert not list(tmp_path.iterdir())
