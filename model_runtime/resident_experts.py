"""The experts of a layer that are all on the GPU, in 4 bits: a few tokens through the chosen ones, many grouped.

Letters: T tokens, k experts of a token, E experts, H hidden size.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import Tensor

from model_runtime.expert_stack import ExpertKernel, ExpertStack, multiply_stack_plainly

# Above it the grouped product, which brings every expert to full width in a few launches, is ahead of a loop over the
# chosen ones with a dozen launches for each. By count of launches; not measured.
_SELECTED_TOKENS = 4


@runtime_checkable
class SlottedExperts(Protocol):
    """Experts that the decode step computes by itself, from the slots where they lie."""

    @property
    def slots(self) -> ExpertStack:
        """What the ids of `place` index."""
        ...

    def place(self, expert_ids: Tensor, hidden: Tensor) -> Tensor:
        """expert ids [T, k] -> slot ids [T, k], without waiting for the device. `hidden` may serve a guess ahead."""
        ...

    def settle(self) -> None:
        """Finish what is under way into the slots; called before a step is recorded or replayed."""
        ...


class ResidentExperts:
    """The `Experts` of model.py over a stack of all E experts; a slot is an expert."""

    def __init__(
        self, stack: ExpertStack, *, grouped: ExpertKernel, selected: ExpertKernel = multiply_stack_plainly
    ) -> None:
        self._stack = stack
        self._grouped = grouped
        self._selected = selected

    @property
    def slots(self) -> ExpertStack:
        """[E, ...]."""
        return self._stack

    def place(self, expert_ids: Tensor, hidden: Tensor) -> Tensor:  # noqa: ARG002  the protocol's
        """Every expert has its slot."""
        return expert_ids

    def settle(self) -> None:
        """Nothing ever is under way."""

    def forward(self, hidden: Tensor, expert_ids: Tensor, weights: Tensor) -> Tensor:
        """hidden [T, H], expert_ids int64 [T, k], weights float32 [T, k] -> [T, H]."""
        multiply = self._grouped if len(hidden) > _SELECTED_TOKENS else self._selected
        return multiply(hidden, expert_ids, weights, self._stack)
