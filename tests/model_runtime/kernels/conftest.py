"""The tests of this room run in Triton's interpreter, on the CPU, with bf16 as the hardware has it.

tests/conftest.py chooses the interpreter; compiled kernels are checked in a process of their own (test_compiled.py).
"""

from __future__ import annotations

import pytest

triton = pytest.importorskip("triton", reason="Triton has no wheel for this machine")


@pytest.fixture(scope="session", autouse=True)
def _interpreted() -> None:
    if not triton.knobs.runtime.interpret:
        pytest.skip("TRITON_INTERPRET=0: these tests are for the interpreter")
    from tests.model_runtime.kernels.interpreter import round_as_the_hardware_does

    round_as_the_hardware_does()
