from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from assistant.library.temporary_folder import temporary_folder

HOLD = """
import sys, time
from pathlib import Path
from assistant.library.temporary_folder import temporary_folder
with temporary_folder(Path(sys.argv[1])) as folder:
    (folder / "letter.txt").write_text("Eleanor")
    print("ready", flush=True)
    time.sleep(60)
"""


def holder(data_dir: Path) -> subprocess.Popen[str]:
    """A process that keeps a letter in a temporary folder."""
    command = [sys.executable, "-c", HOLD, str(data_dir)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def letters(data_dir: Path) -> list[Path]:
    return list(data_dir.rglob("letter.txt"))


def test_it_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    with temporary_folder(tmp_path) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "letter.txt").write_text("Eleanor", encoding="utf-8")
    assert not letters(tmp_path)


def test_what_a_killed_process_left_goes_with_the_next_one(tmp_path: Path) -> None:
    process = holder(tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert letters(tmp_path)
    with temporary_folder(tmp_path):
        assert not letters(tmp_path)


def test_what_a_living_process_holds_stays(tmp_path: Path) -> None:
    process = holder(tmp_path)
    try:
        with temporary_folder(tmp_path):
            assert letters(tmp_path)
    finally:
        process.kill()
        process.wait()
