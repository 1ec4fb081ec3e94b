"""The commands keep their contract: outputs, exit codes, one JSON object and nothing else on standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from model_runtime.__main__ import main
from tests.model_runtime.tiny_checkpoint import write_tiny_checkpoint

GOLDEN = Path(__file__).parent / "golden" / "tiny_bailing_moe_v2"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.mark.parametrize(
    ("options", "expected", "smallest_error", "largest_error"),
    [
        (["--precision", "float32"], "logits", 0.0, 1e-5),
        (["--context", "1024"], "logits_yarn_factor_4", 0.0, 1e-5),
        (["--precision", "bfloat16"], "logits", 1e-3, 0.1),
        # The golden data's own note: 0.17 with the routed experts in NF4 and the rest in float32.
        (["--precision", "nf4"], "logits", 0.16, 0.19),
    ],
)
def test_logits_are_written_in_every_precision(
    tmp_path: Path, options: list[str], expected: str, smallest_error: float, largest_error: float
) -> None:
    ids, out = GOLDEN / "expected.safetensors", tmp_path / "logits.safetensors"
    assert main(["logits", str(GOLDEN), "--ids-file", str(ids), "--out", str(out), *options]) == 0
    logits, golden = load_file(out)["logits"], load_file(ids)[expected]
    assert logits.dtype == torch.float32
    assert logits.shape == golden.shape
    error = float((logits - golden).norm() / golden.norm())
    assert smallest_error <= error < largest_error


def test_generate_prints_one_json_object_and_nothing_else(folder: Path) -> None:
    command = [sys.executable, "-m", "model_runtime", "generate", str(folder), "--prompt", "Größe?", "--json"]
    run = subprocess.run(
        [*command, "--max-tokens", "9", "--seed", "4"],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=True,
    )
    answer = json.loads(run.stdout)
    assert run.stdout.count("\n") == 1
    assert 0 < answer["tokens"] <= 9
    assert answer["reason"] in ("stop", "length")
    assert answer["prefill_seconds"] > 0


def test_the_same_seed_prints_the_same_text(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    texts = []
    for seed in ("4", "4", "5"):
        assert main(["generate", str(folder), "--prompt", "x", "--max-tokens", "12", "--seed", seed]) == 0
        texts.append(capfd.readouterr().out)
    assert texts[0] == texts[1] != texts[2]


def test_what_libraries_print_goes_to_standard_error(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from model_runtime.standard_output import reserved_standard_output

    with reserved_standard_output() as output:
        print("chatter from Python")
        os.write(1, b"chatter from C\n")
        output.write("the result\n")
    print("afterwards")
    captured = capfd.readouterr()
    assert captured.out == "the result\nafterwards\n"
    assert "chatter from C" in captured.err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["generate", "no/such/folder/here", "--prompt", "x"], "no folder"),
        (["generate", "{folder}", "--prompt", "x", "--max-tokens", "0"], "max_tokens"),
        (["generate", "{folder}", "--prompt", "x", "--temperature", "-1"], "temperature"),
        (["generate", "{folder}", "--prompt", "x", "--context", "8"], "of 8 tokens"),
        (["generate", "{folder}", "--prompt", "x", "--context", "200000"], "131,072"),
        (["logits", "{folder}", "--ids-file", "/nowhere", "--out", "/tmp/x"], "/nowhere"),
    ],
)
def test_failures_are_one_line_and_exit_code_1(
    folder: Path, arguments: list[str], named: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([argument.format(folder=folder) for argument in arguments]) == 1
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert named in captured.err


def test_ids_that_are_no_ids_are_refused(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ids, out = tmp_path / "ids.safetensors", tmp_path / "out.safetensors"
    for wrong in (torch.zeros(2, 3, dtype=torch.int64), torch.zeros(3), torch.tensor([640])):
        save_file({"input_ids": wrong}, ids)
        assert main(["logits", str(folder), "--ids-file", str(ids), "--out", str(out)]) == 1
        assert not out.exists()
    assert capfd.readouterr().err.count("error:") == 3


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["generate"], ["generate", "x", "--prompt", "x", "--kv-cache", "q"]]
)
def test_wrong_arguments_exit_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
