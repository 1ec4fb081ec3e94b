"""Train, stop, go on, export, evaluate: the whole path in seconds, with a network that learns nothing useful."""

from __future__ import annotations

import json
import shutil
import sys
import time
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import torch

from assistant.evidence.encoder import Encoder
from assistant.language_models import opening
from assistant.settings import Settings
from model_runtime.checkpoint import Quantize
from tools.bundled_model import __main__ as command_line
from tools.bundled_model.card import write_card
from tools.bundled_model.export import write_checkpoint, write_four_bit
from tools.bundled_model.job import Job, open_job
from tools.bundled_model.plan import CPU_PLAN, SMOKE_PLAN
from tools.bundled_model.reports import evaluate
from tools.bundled_model.training import CHECKPOINT, UnusableTrainingError, curve

BRIEF = replace(SMOKE_PLAN, budget_seconds=1.5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("job")


@pytest.fixture(scope="module")
def trained(folder: Path) -> Job:
    ticks = count()
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("EVAL_DATA", raising=False)
        environment.setattr(time, "process_time", lambda: 0.4 * next(ticks))  # what a step takes
        torch.manual_seed(0)
        first = open_job(BRIEF, folder, tokenizer_records=60)
        list(first.trainer.run(0.5))
        assert 0 < first.trainer.share_done < 1
        again = open_job(BRIEF, folder)
        assert again.trainer.share_done == first.trainer.share_done
        list(again.trainer.run(1e9))
    return again


def test_training_goes_on_where_it_stopped_and_ends_with_its_budget(trained: Job) -> None:
    assert trained.trainer.share_done == 1
    assert list(trained.trainer.run(1e9)) == []


def test_a_checkpoint_of_other_settings_or_a_damaged_one_is_named_and_kept(
    trained: Job, folder: Path, tmp_path: Path
) -> None:
    assert trained.trainer.share_done == 1
    shutil.copytree(folder, tmp_path / "job")
    other = replace(BRIEF, config={**BRIEF.config, "moe_intermediate_size": 128})
    with pytest.raises(UnusableTrainingError, match="begin in another folder"):
        open_job(other, tmp_path / "job")
    with pytest.raises(UnusableTrainingError, match="allows 512"):
        open_job(replace(BRIEF, config={**BRIEF.config, "vocab_size": 512}), tmp_path / "job")
    kept = (tmp_path / "job" / CHECKPOINT).read_bytes()
    assert kept == (folder / CHECKPOINT).read_bytes()
    (tmp_path / "job" / CHECKPOINT).write_bytes(kept[:2000])
    with pytest.raises(UnusableTrainingError, match="damaged"):
        open_job(BRIEF, tmp_path / "job")


def test_the_last_layer_learns_and_what_finds_and_copies_is_kept(
    trained: Job, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVAL_DATA", raising=False)
    fresh = open_job(BRIEF, folder.with_name("fresh"), tokenizer_records=60).network
    assert torch.equal(trained.network.lm_head.weight, fresh.lm_head.weight)
    *earlier, last = [
        all(torch.equal(one, other) for one, other in zip(layer.parameters(), begun.parameters(), strict=True))
        for layer, begun in zip(trained.network.layers, fresh.layers, strict=True)
    ]
    assert all(earlier)
    assert not last


def test_the_log_keeps_the_curve(trained: Job, folder: Path) -> None:
    assert trained.trainer.share_done == 1
    log = [json.loads(line) for line in (folder / "training_log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [entry["step"] for entry in log] == sorted({entry["step"] for entry in log})
    assert log[-1]["seconds"] >= BRIEF.budget_seconds
    assert curve(folder)[-1] == log[-1]


def test_a_trained_network_is_exported_and_evaluated(trained: Job, tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "bf16", trained.network, BRIEF.config, trained.tokenizer)
    write_four_bit(tmp_path / "bf16", tmp_path / "experts", Quantize.EXPERTS)
    found = evaluate(tmp_path, records=2, seed=0, answer_tokens=4)
    experts = found["experts"]
    assert isinstance(experts, dict)
    assert set(experts) >= {"held_out", "held_out_passages", "like_training", "reaches_floors", "speed"}
    assert experts["reaches_floors"] is False
    assert "linears" not in found


def test_what_is_shipped_is_what_the_bundled_model_opens(
    trained: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_checkpoint(tmp_path / "bf16", trained.network, BRIEF.config, trained.tokenizer)
    write_four_bit(tmp_path / "bf16", tmp_path / "experts", Quantize.EXPERTS)
    monkeypatch.setattr(opening, "BUNDLED_MODEL", tmp_path / "experts")
    settings = Settings(data_dir=tmp_path, model="bundled")
    described = opening.open_model(settings, Encoder()).description
    assert f"{described.name}: {described.badge}" == "Bundled small model: reads and quotes, knows no medicine"
    assert described.context_tokens == BRIEF.config["max_position_embeddings"]


def test_the_card_says_what_it_was_trained_on_and_scores(tmp_path: Path) -> None:
    write_card(tmp_path, CPU_PLAN, 1_800, 4_000_000, {"absent_refused": 0.5, "list_right": 0.25})
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "{{" not in card
    assert "4,000,000 tokens in 30.0 minutes of one core's time" in card
    assert "| absent refused | 0.500 | 0.80 |" in card
    assert "| list right | 0.250 |  |" in card


def test_only_what_reaches_the_floors_is_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "bundled"
    (tmp_path / "experts").mkdir()
    (tmp_path / "experts" / "config.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(command_line, "BUNDLED_MODEL", place)
    monkeypatch.setattr(sys, "argv", ["bundled_model", "ship", str(tmp_path)])
    with pytest.raises(SystemExit, match="has no scores: evaluate it first"):
        command_line.main()
    for reaches in (False, True):
        scores = {"experts": {"reaches_floors": reaches, "held_out": {"one_fact_right": 0.5}}}
        (tmp_path / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
        if reaches:
            command_line.main()
        else:
            with pytest.raises(SystemExit, match="not shipped: the scores"):
                command_line.main()
        assert place.exists() == reaches
    assert (place / "config.json").is_file()
    assert "shipped in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["export", "{empty}", "{empty}/x"], "holds no training"), (["evaluate", "{empty}"], "holds no export")],
)
def test_a_folder_without_what_is_asked_for_is_said_in_a_sentence(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["bundled_model", *(one.format(empty=tmp_path) for one in arguments)])
    with pytest.raises(SystemExit, match=said):
        command_line.main()
    assert not list(tmp_path.iterdir())
