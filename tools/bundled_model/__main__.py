"""Train, evaluate and export the bundled model: `python -m tools.bundled_model train|evaluate|export --help`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from model_runtime.checkpoint import Quantize
from tools.bundled_model.export import write_checkpoint, write_four_bit
from tools.bundled_model.job import open_job
from tools.bundled_model.plan import PLANS
from tools.bundled_model.reports import evaluate


def main() -> None:
    """Do what the command line says."""
    arguments = _parser().parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.run(arguments)


def _train(arguments: argparse.Namespace) -> None:
    job = open_job(PLANS[arguments.plan], arguments.folder)
    for entry in job.trainer.run(arguments.stretch_minutes * 60):
        print(
            f"step {entry.step}  {entry.core_seconds / 60:.1f} core-minutes  loss {entry.loss:.3f}  "
            f"answers right {entry.answers_right:.3f}  {entry.tokens_per_core_second:,} tokens a core-second",
            flush=True,
        )
    print(f"{job.trainer.share_done:.0%} of the budget is used", flush=True)


def _export(arguments: argparse.Namespace) -> None:
    plan = PLANS[arguments.plan]
    job = open_job(plan, arguments.folder)
    write_checkpoint(arguments.target / "bf16", job.network, plan.config, job.tokenizer)
    for quantize in Quantize:
        write_four_bit(arguments.target / "bf16", arguments.target / quantize.value, quantize)


def _evaluate(arguments: argparse.Namespace) -> None:
    found = evaluate(arguments.model, records=arguments.records, seed=arguments.seed)
    text = json.dumps(found, indent=2) + "\n"
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    print(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    commands = parser.add_subparsers(required=True)
    train = commands.add_parser("train", help="train in FOLDER, or go on where it stands")
    train.add_argument("folder", type=Path)
    train.add_argument("--plan", choices=PLANS, default="cpu")
    train.add_argument("--stretch-minutes", type=float, default=1e9, help="processor time of this stretch")
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
    evaluate_.add_argument("--out", type=Path)
    evaluate_.set_defaults(run=_evaluate)
    return parser


if __name__ == "__main__":
    main()
