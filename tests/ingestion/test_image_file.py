"""Pictures as pages: their size, what they show, and what is refused."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from assistant.domain import Origin
from assistant.errors import FileRefusedError
from assistant.ingestion.limits import Limits
from assistant.ingestion.ocr.image_file import ImageFile
from assistant.ingestion.ocr.recognition import recognized_page
from assistant.ingestion.reader import Source
from tests.ingestion.scanned_pages import LINES, scan, typed


def packed(picture: Image.Image, form: str, **options: object) -> bytes:
    data = io.BytesIO()
    picture.save(data, form, **options)
    return data.getvalue()


def opened(data: bytes, limits: Limits | None = None) -> ImageFile:
    return ImageFile(Source(name="picture", data=data), limits or Limits())


def half_dark() -> Image.Image:
    """Dark above, light below, 200 by 100."""
    pixels = np.full((100, 200), 230, np.uint8)
    pixels[:50] = 30
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    ("mode", "form"),
    [
        ("1", "PNG"),
        ("L", "PNG"),
        ("LA", "PNG"),
        ("P", "PNG"),
        ("RGB", "PNG"),
        ("RGBA", "PNG"),
        ("L", "JPEG"),
        ("RGB", "JPEG"),
        ("CMYK", "JPEG"),
        ("RGB", "WEBP"),
        ("P", "GIF"),
        ("RGB", "BMP"),
        ("1", "TIFF"),
        ("CMYK", "TIFF"),
        ("RGBA", "TIFF"),
    ],
)
def test_every_format_and_mode_shows_its_picture(mode: str, form: str) -> None:
    file = opened(packed(half_dark().convert(mode), form))
    assert file.page_count == 1
    page = file.read(1)
    assert page.needs_recognition
    assert page.composed.text == ""
    assert (page.width, page.height) == pytest.approx((150.0, 75.0), abs=0.1)
    gray = file.scan(1).pixels
    assert gray[:40].mean() < 80
    assert gray[60:].mean() > 180
    drawn = Image.open(io.BytesIO(file.draw(1, 100)))
    assert drawn.size == (100, 50)
    file.close()


def test_what_is_transparent_shows_white_paper() -> None:
    layer = Image.new("RGBA", (80, 60), (0, 0, 0, 0))
    layer.paste((0, 0, 0, 255), (0, 0, 80, 10))
    gray = opened(packed(layer, "PNG")).scan(1).pixels
    assert gray[30:].min() == 255
    assert gray[:8].max() == 0


def test_sixteen_bits_are_not_cut_off_at_eight() -> None:
    deep = np.linspace(0, 65_535, 200, dtype=np.uint16)[None, :].repeat(20, axis=0)
    gray = opened(packed(Image.fromarray(deep), "PNG")).scan(1).pixels
    assert abs(int(gray[0, 100]) - 128) < 3


def test_a_photograph_is_turned_as_its_camera_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    file = opened(packed(half_dark(), "JPEG", exif=exif))
    page = file.read(1)
    assert (page.width, page.height) == (75.0, 150.0)
    gray = file.scan(1).pixels
    assert gray.shape == (200, 100)
    assert gray[:, 60:].mean() < 80 < 180 < gray[:, :40].mean()


@pytest.mark.parametrize(
    ("size", "dpi", "points"),
    [
        ((1654, 2339), (200, 200), (595.44, 842.04)),
        ((1728, 1078), (204, 98), (609.88, 792.0)),
        ((1240, 1754), None, (595.0, 841.63)),
        ((1240, 1754), (72, 72), (595.0, 841.63)),
        ((4032, 3024), (72, 72), (793.33, 595.0)),
        ((400, 50), None, (300.0, 37.5)),
    ],
)
def test_a_page_is_as_large_as_its_resolution_says_if_that_can_be_true(
    size: tuple[int, int], dpi: tuple[int, int] | None, points: tuple[float, float]
) -> None:
    options = {} if dpi is None else {"dpi": dpi}
    page = opened(packed(Image.new("L", size, 255), "TIFF", **options)).read(1)
    assert (page.width, page.height) == pytest.approx(points, abs=0.5)


def test_a_tiff_has_a_page_for_each_frame_and_a_moving_picture_one() -> None:
    frames = [Image.new("L", (60 + 20 * number, 80), 255) for number in range(3)]
    tiff = opened(packed(frames[0], "TIFF", save_all=True, append_images=frames[1:]))
    assert [tiff.read(number).width for number in (1, 2, 3)] == [45.0, 60.0, 75.0]
    shades = [Image.new("L", (60, 80), shade) for shade in (0, 128, 255)]
    assert opened(packed(shades[0], "GIF", save_all=True, append_images=shades[1:])).page_count == 1


def png_that_claims(width: int, height: int) -> bytes:
    """A few bytes that declare a picture of any size."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [12_000, 60_000])
def test_a_bomb_is_refused_by_the_size_it_declares(side: int) -> None:
    with pytest.raises(FileRefusedError) as refused:
        opened(png_that_claims(side, side)).read(1)
    assert refused.value.code == "unpacks_too_large"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_cut_off_or_spoilt_picture_is_damaged_or_still_a_page(form: str) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (90, 120), dtype=np.uint8)
    whole = packed(Image.fromarray(noise), form)
    with pytest.raises(FileRefusedError) as refused:
        opened(whole[: len(whole) // 2]).read(1)
    assert refused.value.code == "damaged"
    chance = np.random.default_rng(2)
    for _ in range(60):
        spoilt = bytearray(whole)
        for at in chance.integers(0, len(spoilt), 8):
            spoilt[at] = int(chance.integers(0, 256))
        with suppress(FileRefusedError):
            opened(bytes(spoilt)).read(1)


def test_a_large_picture_is_drawn_within_the_limit() -> None:
    file = opened(packed(Image.new("L", (900, 600), 255), "PNG"), Limits(picture_pixels=10_000))
    drawn = Image.open(io.BytesIO(file.draw(1, 5_000)))
    assert drawn.width * drawn.height <= 10_100


def test_the_words_of_a_picture_are_recognized() -> None:
    clean = scan(typed())
    file = opened(packed(Image.fromarray(clean.pixels), "PNG", dpi=(300, 300)))
    page = recognized_page(file, 1, Limits())
    assert LINES[0] in page.composed.text
    assert page.origin is Origin.OCR
    assert not page.needs_recognition
