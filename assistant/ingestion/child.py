"""The parent's hold on one child process: start it, ask it, wait no longer than allowed, end it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from assistant.ingestion.limits import Limits
from assistant.ingestion.messages import (
    OUT_OF_MEMORY_EXIT,
    BrokenMessageError,
    Ready,
    Received,
    Request,
    encode,
    receive,
)

_ROOT = str(Path(__file__).resolve().parents[2])
# Isolated (-I): neither the working folder nor the user's site-packages can put a module in the parser's way.
# Without onnxruntime, which only PyMuPDF's layout models need, a child starts in 0.2 s instead of 0.7 and takes half
# the memory.
START = (
    "import sys; sys.modules['onnxruntime'] = None; "
    f"sys.path.insert(0, {_ROOT!r}); from assistant.ingestion.worker import main; main()"
)
# One thread each: two children on two cores, and no 100 MB of address space for idle OpenBLAS threads.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_PIPE_BYTES = 1 << 16


class ChildError(Exception):
    """The child is of no use any more; `code` is one of `problems.SENTENCES`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Child:
    """A running child process that reads files under `limits`."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        # Set by whoever finds that the child has grown too much to be used again.
        self.is_worn = False
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and our own code
            [sys.executable, "-I", "-B", "-c", START, json.dumps(asdict(limits))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # What a parser prints may quote the file.
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            bufsize=0,
            start_new_session=True,
        )
        self._is_ready = False

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    @property
    def process_id(self) -> int:
        """The operating system's number of the process."""
        return self._process.pid

    def ask(self, request: Request) -> None:
        """Send a request. Raises ChildError if the child is gone."""
        if not self._is_ready:
            self._await_ready()
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(encode(request))
        except OSError as error:
            raise self._error() from error

    def receive(self, seconds: float) -> Received:
        """The next message. Raises ChildError when it does not come in time or the child ends."""
        assert self._process.stdout is not None
        pipe = _DeadlinePipe(self._process.stdout.fileno(), time.monotonic() + seconds)
        try:
            return receive(pipe)
        except (BrokenMessageError, OSError) as error:
            raise self._error() from error

    def kill(self) -> None:
        """End the process from another thread; whoever waits for its answer gets a ChildError."""
        self._process.kill()

    def end(self) -> None:
        """Kill the process, whatever it does, and forget it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _await_ready(self) -> None:
        if not isinstance(self.receive(self.limits.start_seconds).message, Ready):
            raise self._error()
        self._is_ready = True

    def _error(self) -> ChildError:
        """What ended the conversation: the clock, the memory limit, or the parser's own crash."""
        try:
            status = self._process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            return ChildError("too_slow")
        return ChildError(_cause(status))


class _DeadlinePipe:
    """The reading end of a pipe that stops waiting at a moment."""

    def __init__(self, descriptor: int, until: float) -> None:
        self._descriptor = descriptor
        self._until = until

    def read(self, size: int, /) -> bytes:
        remaining = max(self._until - time.monotonic(), 0.0)
        if not select.select([self._descriptor], [], [], remaining)[0]:
            raise BrokenMessageError("no answer in time")
        return os.read(self._descriptor, min(size, _PIPE_BYTES))


def _cause(status: int) -> str:
    if -status in (signal.SIGALRM, signal.SIGXCPU):
        return "too_slow"
    # SIGKILL comes from nobody but the kernel: its own memory ran out.
    return "too_much_memory" if status == OUT_OF_MEMORY_EXIT or -status == signal.SIGKILL else "reader_crashed"
