"""The house keeps its layers: who may import whom, lazy imports included."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Lowest first. A module may import its own layer and those before it.
LAYERS = (
    ("coded", "domain", "errors", "settings", "prompts"),
    ("ingestion",),
    ("understanding",),
    ("library",),
    ("evidence",),
    ("language_models",),
    ("clinical",),
    ("conversation",),
    ("export",),
    ("indexes", "intake", "service", "unkept"),
    ("parts",),
    ("ui", "commands", "json_lines"),
    ("__main__",),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
TORCH_ROOMS = {"language_models", "evidence"}


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports anywhere, also inside functions; `from a import b` counts as a and a.b."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            pytest.fail(f"{path}: imports are written in full")


def room(module: str) -> str | None:
    """The room of the assistant that a module is in, None for anything else."""
    parts = module.split(".")
    return parts[1] if parts[0] == "assistant" and len(parts) > 1 and parts[1] in LEVEL else None


def own_room(path: Path) -> str:
    return path.relative_to(ROOT / "assistant").parts[0].removesuffix(".py")


def test_every_module_of_the_assistant_has_a_layer() -> None:
    assert {own_room(path) for path in sources("assistant")} - {"__init__"} == set(LEVEL)


@pytest.mark.parametrize("path", sources("assistant"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_below(path: Path) -> None:
    if own_room(path) == "__init__":
        return
    level = LEVEL[own_room(path)]
    above = [module for module in imported(path) if (target := room(module)) and LEVEL[target] > level]
    assert not above, f"{path.relative_to(ROOT)} imports from above: {above}"


def test_the_runtime_knows_neither_the_assistant_nor_the_page() -> None:
    forbidden = ("assistant", "app", "gradio", "langchain")
    for path in sources("model_runtime"):
        assert not [m for m in imported(path) if m.split(".")[0].startswith(forbidden)], path


def test_only_the_page_imports_gradio() -> None:
    for path in sources("assistant"):
        if own_room(path) != "ui":
            assert not [m for m in imported(path) if m.split(".")[0].startswith("gradio")], path


def test_torch_and_the_runtime_stay_in_their_rooms() -> None:
    for path in sources("assistant"):
        heavy = {m.split(".")[0] for m in imported(path)} & {"torch", "model_runtime", "transformers"}
        assert not heavy or own_room(path) in TORCH_ROOMS, path
        assert "model_runtime" not in heavy or own_room(path) == "language_models", path


def test_nobody_imports_app() -> None:
    for path in [*sources("assistant"), *sources("model_runtime")]:
        assert "app" not in set(imported(path)), path


def test_no_file_is_a_drawer_for_everything() -> None:
    drawers = {"utils.py", "helpers.py", "common.py", "base.py", "manager.py", "util.py", "misc.py"}
    assert not [p for p in [*sources("assistant"), *sources("model_runtime")] if p.name in drawers]


@pytest.mark.parametrize("module", ["assistant.ingestion.worker", "assistant.__main__", "assistant.commands", "app"])
def test_what_must_start_fast_does_not_load_torch_or_gradio(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{'torch', 'gradio', 'chromadb', 'transformers'}} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
