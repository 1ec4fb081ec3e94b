"""Small typed pages made into scans: straight, turned, as a fax."""

from __future__ import annotations

import numpy as np
import pymupdf
from PIL import Image

from assistant.ingestion.ocr.picture import GrayPicture

WIDTH, HEIGHT = 420.0, 300.0
LINES = (
    "The patient was seen in the clinic today after three weeks of cough.",
    "She denies chest pain, fever and weight loss since her last visit.",
    "Blood pressure 142/88 mmHg, pulse 76, temperature 37.2 today.",
    "Continue furosemide 40 mg in the morning and bisoprolol 2.5 mg daily.",
    "Follow up in six weeks with a repeat of her blood tests before that.",
)
ROWS = (("Potassium", "5.9", "mmol/L", "3.5-5.1", "H"), ("Sodium", "137", "mmol/L", "135-145", "N"))
CHINESE = ("门诊病历", "患者三天前无明显诱因出现头痛", "既往有高血压病史十年", "诊断冠状动脉粥样硬化性心脏病")


def typed(*, font: str = "helv", lines: tuple[str, ...] = LINES, size: float = 10) -> pymupdf.Document:
    """A page with these lines and a table of two rows, in a document of its own."""
    document = pymupdf.open()
    page = document.new_page(width=WIDTH, height=HEIGHT)
    for number, line in enumerate(lines):
        page.insert_text((40, 50 + 20 * number), line, fontname=font, fontsize=size)
    if font == "helv":
        for number, cells in enumerate(ROWS):
            for x, cell in zip((40, 150, 210, 270, 350), cells, strict=True):
                page.insert_text((x, 190 + 18 * number), cell, fontname=font, fontsize=size)
    return document


def scan(document: pymupdf.Document, *, dpi: int = 300, turn: float = 0.0, noise: float = 3.0) -> GrayPicture:
    """The first page in gray, turned counter-clockwise; the page displayed is as large as the turned picture."""
    pixels = document[0].get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
    picture = Image.frombytes("L", (pixels.width, pixels.height), pixels.samples)
    turned = picture.rotate(turn, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    grain = np.random.default_rng(1).normal(0, noise, (turned.height, turned.width))
    gray = np.clip(12 + 0.9 * np.asarray(turned, dtype=np.float64) + grain, 0, 255).astype(np.uint8)
    points = 72.0 / dpi
    return GrayPicture(pixels=gray, width=turned.width * points, height=turned.height * points)


def fax(document: pymupdf.Document) -> GrayPicture:
    """The first page in black and white at 200 dots per inch, with teeth and specks."""
    clean = scan(document, dpi=200, noise=0.0)
    chance = np.random.default_rng(2)
    black = clean.pixels + chance.normal(0, 26, clean.pixels.shape) < 150
    specks = chance.random(clean.pixels.shape)
    black = (black | (specks < 0.006)) & (specks < 0.994)
    return GrayPicture(pixels=np.where(black, 0, 255).astype(np.uint8), width=clean.width, height=clean.height)
