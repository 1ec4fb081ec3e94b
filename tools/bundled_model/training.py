"""Train: batches in, loss on the answers' tokens, balanced experts, a checkpoint every few minutes to go on from."""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tools.bundled_model.batches import Batch, BatchMaker, stream
from tools.bundled_model.initialisation import ANSWERING_LAYER
from tools.bundled_model.network import TrainingNetwork
from tools.bundled_model.plan import Plan, Stage

_WARMUP_SHARE, _DECAY_SHARE = 0.02, 0.25  # of the budget
# A step's change of an expert's bias (arXiv 2412.19437, section 2.1.2), four times as large there as the steps are few.
_BIAS_RATE = 4e-3
_DECIDING_TOKENS, _DECIDING_WEIGHT = 3, 2.5
_COPIED_SHARE = 0.4
_WIRED_SHARE = 0.03  # of the rate, for what is wired in layers that learn
_LOG_EVERY_STEPS = 20
_CHECKPOINT_EVERY_SECONDS = 60
_WORKERS = 8  # processes that make batches while a GPU works
_CURVE_POINTS = 60
CHECKPOINT, _LOG_NAME = "training.pt", "training_log.jsonl"


class UnusableTrainingError(Exception):
    """What a folder holds cannot be gone on with; says why in a sentence, and leaves it as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """How it stands: of the tokens that open an answer, of the two after those and of the rest, the share got right.

    The two begin what is quoted, or go on in a refusal, which is easy.
    """

    step: int
    seconds: float
    tokens: int
    loss: float
    opening_right: float
    beginning_right: float
    copied_right: float
    tokens_per_second: float


class Trainer:
    """Trains `network` by `plan` in `folder`; goes on where the folder's checkpoint stands.

    Seconds are those of the processor on a CPU, which others may use too, and of the clock on a GPU, where products are
    bf16.
    """

    def __init__(
        self, plan: Plan, network: TrainingNetwork, maker: BatchMaker, folder: Path, *, device: str = "cpu"
    ) -> None:
        self._plan = plan
        self._device = torch.device(device)
        self._network = network.to(self._device)
        self._clock = time.process_time if device == "cpu" else time.perf_counter
        self._maker = maker
        self._folder = folder
        self._optimizer = _optimizer(network, plan.learning_rate)
        self._step, self.tokens, self.seconds = 0, 0, 0.0
        self._resume()
        torch.manual_seed(plan.seed + self._step)

    @property
    def share_done(self) -> float:
        """Of the budget, 0 to 1."""
        return min(1.0, self.seconds / self._plan.budget_seconds)

    def run(self, stretch_seconds: float) -> Iterator[LogEntry]:
        """Train for a stretch of processor time or to the end of the budget, then keep the checkpoint."""
        began_at = self.seconds
        self._network.train()
        while self.share_done < 1 and self.seconds - began_at < stretch_seconds:
            yield from self._run_stage(self._stage(), began_at + stretch_seconds)
            self._keep()

    def _run_stage(self, stage: Stage, until_seconds: float) -> Iterator[LogEntry]:
        """Up to the end of the stage or of some minutes, after which the checkpoint is kept."""
        pause_at = min(until_seconds, self.seconds + _CHECKPOINT_EVERY_SECONDS)
        window = _Window()
        clock = self._clock()
        for batch in stream(self._maker, stage, self._step, workers=0 if self._device.type == "cpu" else _WORKERS):
            measured = self._learn(batch.to(self._device))
            spent, clock = self._clock() - clock, self._clock()
            self.seconds += spent
            self._step += 1
            self.tokens += batch.tokens.numel()
            window.add(measured, batch.tokens.numel(), spent)
            is_over = self.share_done >= stage.until or self.seconds >= pause_at
            if self._step % _LOG_EVERY_STEPS == 0 or is_over:
                yield self._logged(window)
                window = _Window()
            if is_over:
                return

    def _learn(self, batch: Batch) -> tuple[float, ...]:
        for group in self._optimizer.param_groups:
            group["lr"] = group["base"] * self._pace()
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._device.type == "cuda"):
            loss, right = answer_loss(self._network, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad()
        balance_experts(self._network)
        return loss.item(), *right

    def _pace(self) -> float:
        """Share of the learning rate: up, steady, down to 0."""
        done = self.share_done
        return min(1.0, done / _WARMUP_SHARE + 0.01, (1 - done) / _DECAY_SHARE)

    def _stage(self) -> Stage:
        return next(stage for stage in self._plan.stages if self.share_done < stage.until)

    def _logged(self, window: _Window) -> LogEntry:
        entry = LogEntry(
            step=self._step,
            seconds=round(self.seconds, 1),
            tokens=self.tokens,
            loss=window.mean(0),
            opening_right=window.mean(1),
            beginning_right=window.mean(2),
            copied_right=window.mean(3),
            tokens_per_second=round(window.tokens / max(window.seconds, 1e-9)),
        )
        with (self._folder / _LOG_NAME).open("a", encoding="utf-8") as log:
            log.write(json.dumps({name: getattr(entry, name) for name in LogEntry.__slots__}) + "\n")
        return entry

    def _keep(self) -> None:
        state = {
            "network": self._network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "step": self._step,
            "tokens": self.tokens,
            "seconds": self.seconds,
        }
        partial = self._folder / f"{CHECKPOINT}.partial"
        torch.save(state, partial)
        partial.rename(self._folder / CHECKPOINT)

    def _resume(self) -> None:
        path = self._folder / CHECKPOINT
        if not path.exists():
            return
        try:
            state = torch.load(path, map_location=self._device)
            self._network.load_state_dict(state["network"])
            self._optimizer.load_state_dict(state["optimizer"])
            self._step, self.tokens, self.seconds = state["step"], state["tokens"], state["seconds"]
        except (RuntimeError, ValueError, TypeError, KeyError, EOFError, pickle.UnpicklingError) as error:
            raise UnusableTrainingError(
                f"{path} is damaged or is not of the plan {self._plan.name} as it is now: begin in another folder"
            ) from error


@dataclass(slots=True, kw_only=True)
class _Window:
    """Sums since the last line of the log."""

    measured: list[tuple[float, ...]] = field(default_factory=list)
    tokens: int = 0
    seconds: float = 0.0

    def add(self, measured: tuple[float, ...], tokens: int, seconds: float) -> None:
        self.measured.append(measured)
        self.tokens += tokens
        self.seconds += seconds

    def mean(self, which: int) -> float:
        return round(sum(one[which] for one in self.measured) / len(self.measured), 4)


def curve(folder: Path) -> list[dict[str, float]]:
    """The log of a training, of which at most some lines: every so many, and the last."""
    lines = (folder / _LOG_NAME).read_text(encoding="utf-8").splitlines()
    every = -(-len(lines) // _CURVE_POINTS)
    return [json.loads(line) for index, line in enumerate(lines, 1) if index % every == 0 or index == len(lines)]


def answer_loss(network: TrainingNetwork, batch: Batch) -> tuple[Tensor, tuple[float, float, float]]:
    """Mean cross entropy over the answers' tokens; of the first, the next two and the rest, the shares likeliest.

    An answer's first tokens count more: they decide if it refuses and what it quotes. Of the rest, which is copied,
    some are learned from: on a CPU the head costs as much as a layer for every token it is asked about.
    """
    hidden = network.hidden_states(batch.tokens[:, :-1])
    is_answer = batch.is_answer[:, 1:]
    opens, decides = _are_among_first(is_answer, 1), _are_among_first(is_answer, _DECIDING_TOKENS)
    is_learned = decides | (is_answer & (torch.rand(is_answer.shape, device=is_answer.device) < _COPIED_SHARE))
    wanted = batch.tokens[:, 1:][is_learned]  # [A]
    logits = network.lm_head(hidden[is_learned])  # [A, V]
    losses = F.cross_entropy(logits, wanted, reduction="none")
    opening, deciding = opens[is_learned], decides[is_learned]
    weights = 1 + (_DECIDING_WEIGHT - 1) * deciding.float()
    loss = (losses * weights).sum() / weights.sum()
    is_right = (logits.detach().argmax(dim=-1) == wanted).float()
    first, next_two, rest = (float(is_right[which].mean()) for which in (opening, deciding & ~opening, ~deciding))
    return loss, (first, next_two, rest)


def _are_among_first(is_answer: Tensor, count: int) -> Tensor:
    """Which tokens are among the first so many of their answer, bool [B, T]."""
    before = F.pad(is_answer, (count, 0))[:, : is_answer.shape[1]]
    return is_answer & ~before


def balance_experts(network: TrainingNetwork) -> None:
    """Make idle experts likelier and busy ones less: the family's bias update, once a step."""
    for mixture in network.mixtures:
        mixture.expert_bias += _BIAS_RATE * (mixture.load.mean() - mixture.load).sign()
        mixture.load.zero_()


def _optimizer(network: TrainingNetwork, rate: float) -> torch.optim.AdamW:
    """The answering layers, behind which nothing is looked up, learn to use what is found; their attention slowly.

    What is wired before them stays: at the full rate the heads that look back and look up words were gone after 160
    steps, and experts of earlier layers wrote over the notes that later layers read: answers began less often with the
    right line than before any training. The head's codes stay too: a word that training never asks for would be
    unlearned, and with it the copying of what is held out.
    """
    network.requires_grad_(False)
    answering = network.layers[ANSWERING_LAYER:].requires_grad_(True)
    attention = {id(weight) for layer in answering for weight in layer.get_submodule("attention").parameters()}
    learned = [*answering.parameters(), *network.norm.requires_grad_(True).parameters()]
    wired = [weight for weight in learned if id(weight) in attention or weight.dim() == 1]
    using = [weight for weight in learned if id(weight) not in attention and weight.dim() > 1]
    shares = ((wired, _WIRED_SHARE), (using, 1.0))
    groups = [{"params": weights, "base": rate * share, "weight_decay": 0.0} for weights, share in shares]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95), foreach=True)
