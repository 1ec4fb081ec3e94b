"""Small invented PDFs, made anew in each test."""

from __future__ import annotations

from pathlib import Path

import pymupdf

PROSE = (
    "The patient was seen in the clinic today after three weeks of cough and mild fever without chest pain. "
    "He reports no weight loss and sleeps well at night since the dose was lowered in the spring by his doctor. "
    "Examination of the chest was clear on both sides and the heart sounds were normal with no added murmur. "
)
LAB_ROWS = (
    ("Test", "Result", "Unit", "Reference", "Flag"),
    ("Potassium", "5.9", "mmol/L", "3.5-5.1", "H"),
    ("Sodium", "139", "mmol/L", "135-145", ""),
    ("Creatinine", "142", "umol/L", "60-110", "H"),
    ("Haemoglobin A1c", "7.8", "%", "<6.5", "H"),
    ("Alanine aminotransferase", "31", "U/L", "<50", ""),
)
MEDICATION_ROWS = (
    ("Metformin 500 mg tablets", "Take one tablet twice a day with food", "started in March 2021"),
    ("Ramipril 5 mg capsules", "Take one capsule every morning with water", "dose raised in May 2023"),
    ("Atorvastatin 20 mg tablets", "Take one tablet at night before going to bed", "unchanged since 2020"),
    ("Salbutamol 100 micrograms inhaler", "Two puffs when needed for wheeze or cough", "as needed only"),
)


def pdf_with_text(path: Path, *pages: str) -> Path:
    """A PDF with these texts, a page each."""
    with pymupdf.open() as document:
        for text in pages:
            document.new_page(width=595, height=842).insert_text((72, 72), text, fontsize=11)
        document.save(path)
    return path


def column(page: pymupdf.Page, text: str, x0: float, x1: float, *, top: float = 120, bottom: float = 700) -> None:
    """Fill a column with wrapped text."""
    page.insert_textbox((x0, top, x1, bottom), text, fontsize=10, fontname="tiro")


def table(page: pymupdf.Page, rows: tuple[tuple[str, ...], ...], stops: tuple[float, ...], *, top: float = 150) -> None:
    """Rows of cells that begin at the stops."""
    for row, cells in enumerate(rows):
        for x, cell in zip(stops, cells, strict=True):
            page.insert_text((x, top + row * 16), cell, fontsize=10)
