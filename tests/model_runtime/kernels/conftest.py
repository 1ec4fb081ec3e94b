"""The tests of this room run in Triton's interpreter, on the CPU, with bf16 as the hardware has it.

tests/conftest.py chooses the interpreter; compiled kernels are checked in a process of their own (test_compiled.py).
Machines for which there is no Triton (pyproject.toml says which have it) collect nothing here.
"""

from __future__ import annotations

import importlib.util

import pytest

collect_ignore_glob = [] if importlib.util.find_spec("triton") is not None else ["test_*.py"]


@pytest.fixture(scope="session", autouse=True)
def _interpreted() -> None:
    import triton

    if not triton.knobs.runtime.interpret:
        pytest.skip("TRITON_INTERPRET=0: these tests are for the interpreter")
    from tests.model_runtime.kernels.interpreter import round_as_the_hardware_does

    round_as_the_hardware_does()
