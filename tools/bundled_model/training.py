"""Train: batches in, loss on the answers' tokens, balanced experts, a checkpoint every few minutes to go on from."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tools.bundled_model.batches import Batch, BatchMaker
from tools.bundled_model.network import TrainingNetwork
from tools.bundled_model.plan import Plan, Stage

_WARMUP_SHARE, _DECAY_SHARE = 0.02, 0.25  # of the budget
_BIAS_RATE = 1e-3  # a step's change of an expert's bias, DeepSeek-V3's (arXiv 2412.19437, section 2.1.2)
_DECIDING_TOKENS, _DECIDING_WEIGHT = 3, 5.0
_LOG_EVERY_STEPS = 20
_CHECKPOINT_NAME, _LOG_NAME = "training.pt", "training_log.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """How it stands: `answers_right` is the share of answers whose every token is the likeliest one."""

    step: int
    core_seconds: float
    tokens: int
    loss: float
    answers_right: float
    tokens_per_core_second: float


class Trainer:
    """Trains `network` by `plan` in `folder`; goes on where the folder's checkpoint stands."""

    def __init__(self, plan: Plan, network: TrainingNetwork, maker: BatchMaker, folder: Path) -> None:
        self._plan = plan
        self._network = network
        self._maker = maker
        self._folder = folder
        self._optimizer = _optimizer(network, plan.learning_rate)
        self._step, self._tokens, self._core_seconds = 0, 0, 0.0
        self._resume()

    @property
    def share_done(self) -> float:
        """Of the budget, 0 to 1."""
        return min(1.0, self._core_seconds / self._plan.budget_seconds)

    def run(self, stretch_seconds: float) -> Iterator[LogEntry]:
        """Train for a stretch of processor time or to the end of the budget, then keep the checkpoint."""
        began_at = self._core_seconds
        self._network.train()
        while self.share_done < 1 and self._core_seconds - began_at < stretch_seconds:
            yield from self._run_stage(self._stage(), began_at + stretch_seconds)
            self._keep()

    def _run_stage(self, stage: Stage, until_seconds: float) -> Iterator[LogEntry]:
        """Up to the end of the stage or of some minutes, after which the checkpoint is kept."""
        pause_at = min(until_seconds, self._core_seconds + 120)
        window = _Window()
        clock = time.process_time()
        for batch in self._maker.batches(stage, self._step):
            loss, right = self._learn(batch)
            spent, clock = time.process_time() - clock, time.process_time()
            self._core_seconds += spent
            self._step += 1
            self._tokens += batch.tokens.numel()
            window.add(loss, right, batch.tokens.numel(), spent)
            is_over = self.share_done >= stage.until or self._core_seconds >= pause_at
            if self._step % _LOG_EVERY_STEPS == 0 or is_over:
                yield self._logged(window)
                window = _Window()
            if is_over:
                return

    def _learn(self, batch: Batch) -> tuple[float, float]:
        for group in self._optimizer.param_groups:
            group["lr"] = group["base"] * self._pace()
        loss, right = answer_loss(self._network, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad()
        balance_experts(self._network)
        return loss.item(), right

    def _pace(self) -> float:
        """Share of the learning rate: up, steady, down to 0."""
        done = self.share_done
        return min(1.0, done / _WARMUP_SHARE + 0.01, (1 - done) / _DECAY_SHARE)

    def _stage(self) -> Stage:
        return next(stage for stage in self._plan.stages if self.share_done < stage.until)

    def _logged(self, window: _Window) -> LogEntry:
        entry = LogEntry(
            step=self._step,
            core_seconds=round(self._core_seconds, 1),
            tokens=self._tokens,
            loss=round(window.loss / window.steps, 4),
            answers_right=round(window.right / window.steps, 4),
            tokens_per_core_second=round(window.tokens / max(window.seconds, 1e-9)),
        )
        with (self._folder / _LOG_NAME).open("a", encoding="utf-8") as log:
            log.write(json.dumps({name: getattr(entry, name) for name in LogEntry.__slots__}) + "\n")
        return entry

    def _keep(self) -> None:
        state = {
            "network": self._network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "step": self._step,
            "tokens": self._tokens,
            "core_seconds": self._core_seconds,
        }
        partial = self._folder / f"{_CHECKPOINT_NAME}.partial"
        torch.save(state, partial)
        partial.rename(self._folder / _CHECKPOINT_NAME)

    def _resume(self) -> None:
        path = self._folder / _CHECKPOINT_NAME
        if not path.exists():
            return
        state = torch.load(path)
        self._network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._step, self._tokens, self._core_seconds = state["step"], state["tokens"], state["core_seconds"]


@dataclass(slots=True, kw_only=True)
class _Window:
    """Sums since the last line of the log."""

    steps: int = 0
    loss: float = 0.0
    right: float = 0.0
    tokens: int = 0
    seconds: float = 0.0

    def add(self, loss: float, right: float, tokens: int, seconds: float) -> None:
        self.steps += 1
        self.loss += loss
        self.right += right
        self.tokens += tokens
        self.seconds += seconds


def answer_loss(network: TrainingNetwork, batch: Batch) -> tuple[Tensor, float]:
    """Mean cross entropy over the answers' tokens, and the share of answers that are right to the last token.

    An answer's first tokens count more: they decide if it refuses and what it quotes, the rest is copied.
    """
    hidden = network.hidden_states(batch.tokens[:, :-1])
    is_answer = batch.is_answer[:, 1:]
    wanted = batch.tokens[:, 1:][is_answer]  # [A]
    logits = network.lm_head(hidden[is_answer])  # [A, V]
    losses = F.cross_entropy(logits, wanted, reduction="none")
    weights = 1 + (_DECIDING_WEIGHT - 1) * _is_deciding(is_answer)[is_answer].float()
    loss = (losses * weights).sum() / weights.sum()
    return loss, float(answers_right(logits.detach().argmax(dim=-1) == wanted, is_answer).float().mean())


def _is_deciding(is_answer: Tensor) -> Tensor:
    """Which tokens are among the first of their answer, bool [B, T]."""
    before = F.pad(is_answer, (_DECIDING_TOKENS, 0))[:, : is_answer.shape[1]]
    return is_answer & ~before


def answers_right(token_right: Tensor, is_answer: Tensor) -> Tensor:
    """token_right bool [A] over the answers' tokens in order -> bool [answers], whether all tokens of each are."""
    before = F.pad(is_answer, (1, 0))[:, :-1]
    answer = (is_answer & ~before).flatten().cumsum(0)[is_answer.flatten()] - 1  # [A], which answer
    wrong = torch.zeros(int(answer.max()) + 1).index_add_(0, answer, (~token_right).float())
    return wrong == 0


def balance_experts(network: TrainingNetwork) -> None:
    """Make idle experts likelier and busy ones less: the family's bias update, once a step."""
    for mixture in network.mixtures:
        mixture.expert_bias += _BIAS_RATE * (mixture.load.mean() - mixture.load).sign()
        mixture.load.zero_()


def _optimizer(network: TrainingNetwork, rate: float) -> torch.optim.AdamW:
    """The embeddings and the head begin as codes that copying rests on, and change more slowly."""
    slow = [network.word_embeddings.weight, network.lm_head.weight]
    norms = [parameter for parameter in network.parameters() if parameter.dim() == 1]
    named = {id(parameter) for parameter in [*slow, *norms]}
    others = [parameter for parameter in network.parameters() if id(parameter) not in named]
    groups = [
        {"params": slow, "base": rate * 0.1, "weight_decay": 0.0},
        {"params": norms, "base": rate, "weight_decay": 0.0},
        {"params": others, "base": rate, "weight_decay": 0.05},
    ]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95), foreach=True)
