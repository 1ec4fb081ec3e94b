"""quantize, plan and bench keep their contract: outputs, exit codes, and nothing but results on standard output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model_runtime.__main__ import main
from model_runtime.loader import load_model
from tests.model_runtime.checkpoints import CONFIG, published_tensors, write_checkpoint

PLAN_KEYS = {
    "fits",
    "weights_bytes",
    "cache_bytes",
    "workspace_bytes",
    "device_bytes",
    "host_bytes",
    "expert_slots_per_layer",
    "message",
}
BENCH_KEYS = {
    "shape",
    "device",
    "quantize",
    "context",
    "prompt",
    "prefill_tokens_per_second",
    "decode_tokens_per_second",
    "first_token_seconds",
    "peak_memory_bytes",
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("commands") / "source", published_tensors(CONFIG))


def test_quantize_writes_a_folder_that_loads_and_says_how_far_it_is(
    source: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "four"
    assert main(["quantize", str(source), str(target), "--quantize", "linears"]) == 0
    output, errors = capfd.readouterr()
    assert output.strip() == str(target)
    assert "100.0% of" in errors
    assert "billion/s" in errors
    assert load_model(target).quantization == "nf4-linears"


def test_quantize_over_something_exits_with_1_and_one_line(
    source: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["quantize", str(source), str(tmp_path)]) == 1
    output, errors = capfd.readouterr()
    assert output == ""
    assert errors.count("\n") == 1
    assert "is there already" in errors


def test_plan_prints_one_object_with_the_agreed_keys(capfd: pytest.CaptureFixture[str]) -> None:
    command = ["plan", "--shape", "flash", "--gpu-memory", "80", "--context", "131072", "--json"]
    assert main(command) == 0
    plan = json.loads(capfd.readouterr().out)
    assert set(plan) == PLAN_KEYS
    assert plan["fits"] is True
    assert plan["expert_slots_per_layer"] == 256


def test_plan_of_a_folder_takes_its_quantization(
    source: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["quantize", str(source), str(tmp_path / "four"), "--quantize", "linears"]) == 0
    capfd.readouterr()
    weights = {}
    for folder, options in ((source, []), (source, ["--quantize", "linears"]), (tmp_path / "four", [])):
        assert main(["plan", str(folder), "--gpu-memory", "8", "--json", *options]) == 0
        weights[folder, *options] = json.loads(capfd.readouterr().out)["weights_bytes"]
    assert weights[tmp_path / "four",] == weights[source, "--quantize", "linears"] < weights[source,]


def test_plan_without_json_is_readable(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--shape", "flash", "--gpu-memory", "8", "--context", "131072"]) == 0
    text = capfd.readouterr().out
    assert "does not fit: at least 20.06 GiB of GPU memory are needed" in text


@pytest.mark.parametrize("context", ["0", "131073"])
def test_a_context_that_cannot_be_is_refused(context: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--shape", "mini", "--context", context]) == 1
    assert capfd.readouterr().err.startswith("error: a context of")


@pytest.mark.parametrize(
    "arguments", [["plan"], ["bench", "--shape", "tiny"], ["bench", "--prompt", "x"], ["quantize"]]
)
def test_wrong_arguments_exit_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2


def test_bench_prints_a_line_for_each_pair_of_context_and_prompt(
    source: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = ["bench", str(source), "--device", "cpu", "--context", "0,200", "--prompt", "8,40", "--json"]
    assert main([*command, "--kv-cache", "int8"]) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [(line["context"], line["prompt"]) for line in lines] == [(8, 8), (40, 40), (200, 8), (200, 40)]
    for line in lines:
        assert set(line) == BENCH_KEYS
        assert line["quantize"] == "experts"
        assert line["prefill_tokens_per_second"] == pytest.approx(line["prompt"] / line["first_token_seconds"])
        assert line["decode_tokens_per_second"] > 0
        assert line["peak_memory_bytes"] > 2**20


def test_bench_of_a_context_beyond_the_family_is_refused(source: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", str(source), "--device", "cpu", "--context", "200000"]) == 1
    assert "200,000 tokens" in capfd.readouterr().err
