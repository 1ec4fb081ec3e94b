"""Train, export, evaluate and ship the bundled model: `python -m tools.bundled_model COMMAND --help`."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from assistant.language_models.opening import BUNDLED_MODEL
from assistant.prompts import not_in_record
from model_runtime.checkpoint import Quantize
from tools.bundled_model.calibration import calibrate
from tools.bundled_model.conversations import Example, Frame, example
from tools.bundled_model.evaluation import Trial, trials
from tools.bundled_model.export import write_checkpoint, write_four_bit
from tools.bundled_model.job import Job, natural_sentences, open_job
from tools.bundled_model.judging import FLOORS
from tools.bundled_model.plan import PLANS
from tools.bundled_model.records import RecordGenerator
from tools.bundled_model.reports import FORMS, SCORES, TRAINING, evaluate, expert_shares
from tools.bundled_model.training import CHECKPOINT, UnusableTrainingError, curve

_CALIBRATING_RECORDS = 60


def main() -> None:
    """Do what the command line says."""
    arguments = _parser().parse_args()
    torch.set_num_threads(arguments.threads)
    try:
        arguments.run(arguments)
    except UnusableTrainingError as error:
        raise SystemExit(str(error)) from None


def _train(arguments: argparse.Namespace) -> None:
    plan = PLANS[arguments.plan]
    if arguments.budget_minutes:
        plan = replace(plan, budget_seconds=arguments.budget_minutes * 60)
    job = open_job(plan, arguments.folder, device=arguments.device)
    for entry in job.trainer.run(arguments.stretch_minutes * 60):
        print(
            f"step {entry.step}  {entry.seconds / 60:.1f} min  loss {entry.loss:.3f}  "
            f"opening {entry.opening_right:.3f}  beginning {entry.beginning_right:.3f}  "
            f"copied {entry.copied_right:.3f}  "
            f"{entry.tokens_per_second:,} tokens a core-second",
            flush=True,
        )
    print(f"{job.trainer.share_done:.0%} of the budget is used", flush=True)


def _export(arguments: argparse.Namespace) -> None:
    plan = PLANS[arguments.plan]
    if not (arguments.folder / CHECKPOINT).is_file():
        raise SystemExit(f"{arguments.folder} holds no training: train in it first")
    job = open_job(plan, arguments.folder)
    calibrated = _calibrate(job)
    write_checkpoint(arguments.target / "bf16", job.network, plan.config, job.tokenizer)
    trials_ = trials(RecordGenerator(natural_sentences(held_out=True)), 20, seed=2)
    examples = [example(job.chat, one.record, one.exchanges, Frame.WHOLE_RECORD) for one in trials_]
    training = {
        "plan": plan.name,
        "seconds": round(job.trainer.seconds),
        "tokens": job.trainer.tokens,
        "refusal_calibrated_by": round(calibrated, 3),
        "expert_shares": expert_shares(job.network, examples),
        "curve": curve(arguments.folder),
    }
    (arguments.target / TRAINING).write_text(json.dumps(training) + "\n", encoding="utf-8")
    for quantize in Quantize:
        write_four_bit(arguments.target / "bf16", arguments.target / quantize.value, quantize)


def _calibrate(job: Job) -> float:
    """By records that neither training nor evaluation sees, half of them asked as the assistant asks over passages."""
    records = trials(RecordGenerator(natural_sentences(held_out=False)), _CALIBRATING_RECORDS, seed=4, held_out=False)
    refusal, quotation = job.chat.encode(not_in_record())[0], job.chat.encode('"')[0]
    return calibrate(job.network, _asked(job, records), refusal=refusal, quotation=quotation)


def _asked(job: Job, records: Sequence[Trial]) -> Iterator[Example]:
    """Every other record in one conversation, the rest over passages, where each question is asked alone."""
    for one in records[::2]:
        yield example(job.chat, one.record, one.exchanges, Frame.WHOLE_RECORD)
    for one in records[1::2]:
        yield from (example(job.chat, one.record, [exchange], Frame.PASSAGES) for exchange in one.exchanges)


def _evaluate(arguments: argparse.Namespace) -> None:
    if not any((arguments.model / form).is_dir() for form in FORMS):
        raise SystemExit(f"{arguments.model} holds no export: export to it first")
    found = evaluate(arguments.model, records=arguments.records, seed=arguments.seed)
    text = json.dumps(found, indent=2) + "\n"
    (arguments.model / SCORES).write_text(text, encoding="utf-8")
    print(text)


def _ship(arguments: argparse.Namespace) -> None:
    """Put the 4-bit experts in the place of the bundled model, if their scores allow it."""
    try:
        found = json.loads((arguments.model / SCORES).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SystemExit(f"{arguments.model} has no scores: evaluate it first") from None
    if not found["experts"]["reaches_floors"]:
        raise SystemExit(f"not shipped: the scores {found['experts']['held_out']} are below the floors {dict(FLOORS)}")
    shutil.rmtree(BUNDLED_MODEL, ignore_errors=True)
    shutil.copytree(arguments.model / "experts", BUNDLED_MODEL)
    print(f"shipped in {BUNDLED_MODEL}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    commands = parser.add_subparsers(required=True)
    train = commands.add_parser("train", help="train in FOLDER, or go on where it stands")
    train.add_argument("folder", type=Path)
    train.add_argument("--plan", choices=PLANS, default="cpu")
    train.add_argument("--stretch-minutes", type=float, default=1e9, help="how long this stretch may take")
    train.add_argument("--budget-minutes", type=float, help="of all stretches together; default: the plan's")
    train.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    train.set_defaults(run=_train)
    export = commands.add_parser("export", help="write TARGET/bf16, TARGET/experts and TARGET/linears")
    export.add_argument("folder", type=Path)
    export.add_argument("target", type=Path)
    export.add_argument("--plan", choices=PLANS, default="cpu")
    export.set_defaults(run=_export)
    evaluate_ = commands.add_parser("evaluate", help="score the checkpoints under an export's TARGET")
    evaluate_.add_argument("model", type=Path)
    evaluate_.add_argument("--records", type=int, default=60)
    evaluate_.add_argument("--seed", type=int, default=1)
    evaluate_.set_defaults(run=_evaluate)
    ship = commands.add_parser("ship", help="make an evaluated export's 4-bit experts the bundled model")
    ship.add_argument("model", type=Path)
    ship.set_defaults(run=_ship)
    return parser


if __name__ == "__main__":
    main()
