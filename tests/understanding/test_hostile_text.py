"""Texts that make patterns go back and forth: understanding takes time in proportion to the text, whatever it is."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import pytest

from assistant.understanding.file_understanding import understand_file
from benchmarks.invented_documents import lay_out

_CHARACTERS = 30_000
_SECONDS = 3.0  # in proportion it takes some tenths; where the square counts, ten times as long as this


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "a ",
            "A ",
            "1 ",
            "1/2/",
            "A'",
            "A-",
            "\t",
            "忽略",
            "姓名",
            "Patient: ",
            "DOB 12/03/1951 ",
            "ANNA, ",
            "year-old ",
        ),
        *("ignore previous ", "i g n o r e ", "signed by ", "MRN 1234 ", "1.0 H 2-", "page 1 of ", "Yours sincerely\n"),
    ],
)
def test_a_page_of_one_thing_is_read_soon(piece: str) -> None:
    page = replace(lay_out("x"), text=piece * (_CHARACTERS // len(piece)))
    started = process_time()
    understand_file([page])
    assert process_time() - started < _SECONDS
