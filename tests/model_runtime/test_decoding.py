"""A recorded step is used while it works; where it cannot, the network takes over with one line in the log."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor

from model_runtime.cache import CacheKind, KeyValueCache
from model_runtime.decoding import Decoder
from model_runtime.engine import Engine
from model_runtime.errors import OutOfMemoryError
from model_runtime.events import Request
from model_runtime.model import LoadedModel
from model_runtime.sampling import SamplingSettings
from tests.model_runtime.tiny_engine import finished, tiny_engine, tiny_model

RUNTIME = Path(__file__).resolve().parents[2] / "model_runtime"


class NetworkAsStep:
    """A step that computes what it should, by the network; or fails."""

    most_tokens = 3

    def __init__(self, model: LoadedModel, cache: KeyValueCache, failure: Exception | None = None) -> None:
        self.calls: list[int] = []
        self._model, self._cache, self._failure = model, cache, failure

    def prepare(self) -> None:
        if self._failure is not None:
            raise self._failure

    def logits(self, tokens: Sequence[int]) -> Tensor:
        self.calls.append(len(tokens))
        return self._model.network.logits(self._model.network.read(torch.tensor(tokens), self._cache))


def cache_of(model: LoadedModel) -> KeyValueCache:
    return KeyValueCache(model.config, CacheKind.FLOAT32, device=torch.device("cpu"), dtype=torch.float32)


def test_few_tokens_go_through_the_step_and_many_through_the_network() -> None:
    model = tiny_model()
    cache, plain = cache_of(model), cache_of(model)
    step = NetworkAsStep(model, cache)
    decoder, network = Decoder(model, cache, step=step), Decoder(model, plain)
    for tokens in ([7], [1, 2, 3], [4, 5, 6, 7, 8], [9, 10]):
        torch.testing.assert_close(decoder.logits(tokens), network.logits(tokens))
    assert step.calls == [1, 3, 2]
    assert cache.length == plain.length == 11
    assert (decoder.most_tokens, network.most_tokens) == (3, None)


@pytest.mark.parametrize("failure", [RuntimeError("no compiler"), OSError("no ptxas"), subprocess.SubprocessError()])
def test_a_step_that_cannot_be_built_is_given_up_with_one_line(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    model = tiny_model()
    cache = cache_of(model)
    step = NetworkAsStep(model, cache, failure)
    with caplog.at_level(logging.WARNING, logger="model_runtime.decoding"):
        decoder = Decoder(model, cache, step=step)
    first, second = decoder.logits([7]), decoder.logits([8])
    assert first.shape == second.shape == (1, model.config.vocab_size)
    assert (step.calls, cache.length, len(caplog.records)) == ([], 2, 1)
    assert decoder.most_tokens is None


@pytest.mark.parametrize("failure", [torch.OutOfMemoryError(), ZeroDivisionError()])
def test_a_lack_of_memory_and_our_own_mistakes_are_not_hidden(failure: Exception) -> None:
    model = tiny_model()
    cache = cache_of(model)
    with pytest.raises(type(failure)):
        Decoder(model, cache, step=NetworkAsStep(model, cache, failure))


def test_the_engine_answers_the_same_by_a_step_and_drafts_no_more_than_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    phrase = [9, 10, 11, 12, 13, 14, 15, 16]
    request = Request(prompt_tokens=phrase * 3, max_tokens=24, sampling=SamplingSettings(temperature=0))
    expected = list(tiny_engine().generate(request))
    model = tiny_model()
    steps: list[NetworkAsStep] = []

    def recorded(of: LoadedModel, cache: KeyValueCache) -> NetworkAsStep:
        steps.append(NetworkAsStep(of, cache))
        return steps[-1]

    monkeypatch.setattr("model_runtime.decoding.recorded_step", recorded)
    found = list(tiny_engine(model).generate(request))
    assert found[:-1] == expected[:-1]
    assert finished(found).tokens == 24
    assert sum(steps[0].calls) >= 23
    assert max(steps[0].calls) <= NetworkAsStep.most_tokens


class StepWithoutMemory(NetworkAsStep):
    def logits(self, tokens: Sequence[int]) -> Tensor:
        raise torch.OutOfMemoryError


def test_memory_that_runs_out_in_a_step_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_runtime.decoding.recorded_step", StepWithoutMemory)
    engine: Engine = tiny_engine()
    with pytest.raises(OutOfMemoryError):
        list(engine.generate(Request(prompt_tokens=[1, 2, 3], max_tokens=4)))


def test_without_a_gpu_no_kernel_is_imported() -> None:
    program = (
        "import sys, torch\n"
        "import model_runtime.engine, model_runtime.loader, model_runtime.bench, model_runtime.synthetic\n"
        "from model_runtime.gpu_kernels import experts_on_gpu, grouped_product\n"
        "assert experts_on_gpu(torch.device('cpu'), torch.bfloat16) is None\n"
        "grouped_product(torch.device('cpu'))\n"
        "mine = [name for name in sys.modules if name.startswith('model_runtime.kernels')]\n"
        "assert not mine, mine\n"
        "assert 'model_runtime.decode_step' not in sys.modules\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_only_the_kernels_import_triton_and_only_the_gpu_path_imports_the_kernels() -> None:
    def importing(name: str) -> set[str]:
        lines = {path: path.read_text(encoding="utf-8").splitlines() for path in RUNTIME.rglob("*.py")}
        starts = (f"import {name}", f"from {name}")
        return {
            str(path.relative_to(RUNTIME)) for path in lines if any(li.strip().startswith(starts) for li in lines[path])
        }

    assert all(path.startswith("kernels/") for path in importing("triton"))
    outside = {path for path in importing("model_runtime.kernels") if not path.startswith("kernels/")}
    assert outside == {"gpu_kernels.py", "decode_step.py"}
