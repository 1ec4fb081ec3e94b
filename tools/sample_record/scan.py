"""Turn a typed page into a scan: a grey picture, slightly turned, with the specks of a copier."""

from __future__ import annotations

import io

import numpy as np
import pymupdf
from PIL import Image, ImageFilter

DOTS_PER_INCH = 150
TURN_DEGREES = 2.0


def scanned(typed: bytes) -> bytes:
    """A PDF of the same size with no text layer. The seed is fixed: the same bytes on every run."""
    source = pymupdf.open("pdf", typed)
    target = pymupdf.open()
    noise = np.random.default_rng(20220111)
    for page in source:
        pixels = page.get_pixmap(dpi=DOTS_PER_INCH, colorspace=pymupdf.csGRAY)
        paper = Image.frombytes("L", (pixels.width, pixels.height), pixels.samples)
        turned = paper.rotate(TURN_DEGREES, resample=Image.Resampling.BICUBIC, fillcolor=244)
        soft = np.asarray(turned.filter(ImageFilter.GaussianBlur(0.6)), dtype=np.float32)
        shade = np.linspace(0, -14, pixels.width)[None, :]  # the lid was not quite shut
        grey = 16 + soft * 0.91 + shade + noise.normal(0, 5, soft.shape)
        grey[noise.random(soft.shape) < 0.00025] = 70
        picture = io.BytesIO()
        Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).save(picture, "JPEG", quality=62)
        sheet = target.new_page(width=page.rect.width, height=page.rect.height)
        sheet.insert_image(sheet.rect, stream=picture.getvalue())
    return bytes(target.tobytes(garbage=4, deflate=True, no_new_id=True))
