"""A reader's process has no network, starts no programs, writes no files and cannot grow without end."""

from __future__ import annotations

import subprocess
import sys

import pytest

from assistant.ingestion.limits import Limits

CONFINED = """
import errno, os, socket, sys
from assistant.ingestion import confinement
from assistant.ingestion.limits import Limits
confinement.confine(Limits(memory_bytes=600 << 20))
is_filtered = confinement.forbid_network_and_programs()
"""


def run(attempt: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", CONFINED + attempt], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.socket()",
        "socket.create_connection(('127.0.0.1', 9))",
        "socket.socketpair()",
        "import _socket; _socket.socket()",
        "os.execv('/bin/true', ['true'])",
    ],
)
def test_the_network_and_other_programs_are_refused_by_the_kernel(attempt: str) -> None:
    done = run(f"print(is_filtered, flush=True)\n{attempt}\nprint('got through')")
    if "False" in done.stdout:
        pytest.skip("this kernel has no seccomp")
    assert done.stdout == "True\n"
    assert "PermissionError" in done.stderr


def test_files_can_be_read_but_not_written(tmp_path: object) -> None:
    attempt = f"""
assert open(__import__('json').__file__).read()
with open({str(tmp_path)!r} + '/out', 'wb') as out:
    out.write(b'x' * 10)
"""
    assert "File too large" in run(attempt).stderr


def test_memory_has_an_end() -> None:
    assert "MemoryError" in run("bytearray(700 << 20)").stderr


def test_processor_time_has_an_end() -> None:
    done = run("confinement.allow_processor_seconds(0)\nwhile True: pass")
    assert done.returncode == -24  # SIGXCPU


def test_a_file_may_take_longer_the_more_pages_it_has() -> None:
    limits = Limits(file_seconds=20, page_allowance_seconds=0.1)
    assert limits.seconds_for(1000) == 120
