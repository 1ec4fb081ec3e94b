"""The brief summary of the default reader names an allergy where the record states one: silence would be dangerous."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.domain import Summary
from assistant.ingestion.reading import Upload
from assistant.parts import open_service
from assistant.service import SAMPLE_RECORD
from assistant.settings import Settings

LETTER = (
    "Discharge letter 3 May 2026\n\nALLERGIES: Penicillin (rash), latex.\n\nMEDICATION\nFurosemide 40 mg once daily\n"
)


@pytest.mark.parametrize("source", ["letter", "sample"])
def test_the_allergies_of_the_record_are_in_its_summary(tmp_path: Path, source: str) -> None:
    path = SAMPLE_RECORD / "2025-06-11_surgery_medication_review.pdf"
    if source == "letter":
        path = tmp_path / "letter.txt"
        path.write_text(LETTER, encoding="utf-8")
    service = open_service(Settings(data_dir=tmp_path / "data"))
    record = service.create_record()
    list(service.add_files(record.id, [Upload(name=path.name, path=path)]))
    *_, summary = service.summarize(record.id, "brief")
    service.close()
    assert isinstance(summary, Summary)
    quotes = " ".join(citation.quote for citation in summary.citations).lower()
    assert "Allergies" not in summary.missing
    assert "penicillin" in quotes or "amoxicillin" in quotes
