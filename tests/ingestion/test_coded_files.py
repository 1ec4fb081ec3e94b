"""The development C-CDA and FHIR files: every coded entry of theirs is found, and points to words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.coded_entries import FAMILIES, failures, measure

FOLDER = os.environ.get("EVAL_DATA")


@pytest.mark.skipif(not FOLDER, reason="EVAL_DATA names no folder with ccda/ and fhir/")
@pytest.mark.parametrize("family", FAMILIES)
def test_the_coded_entries_of_real_files_are_found(family: str) -> None:
    measured = measure(Path(FOLDER or "") / family, FAMILIES[family])
    assert list(failures(family, measured)) == []
