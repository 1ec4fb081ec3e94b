"""A recorded step without a GPU: a replay runs the step again, in Triton's interpreter."""

from __future__ import annotations

from dataclasses import dataclass

from model_runtime.cache import KeyValueCache
from model_runtime.decode_step import DecodeStep
from model_runtime.recorded_step import RecordedStep


@dataclass(frozen=True, slots=True)
class Replay:
    step: DecodeStep
    cache: KeyValueCache
    width: int

    def replay(self) -> None:
        self.step.run(self.width, self.cache)


class InterpretedStep(RecordedStep):
    def _recorded(self, count: int) -> Replay:  # type: ignore[override]
        self.recorded = [*getattr(self, "recorded", []), count]
        return Replay(self._step, self._cache, count)
