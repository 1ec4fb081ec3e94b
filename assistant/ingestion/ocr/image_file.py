"""Read pictures (PNG, JPEG, WebP, GIF, BMP, TIFF): every page is a picture whose words are still to be recognized."""

from __future__ import annotations

import math
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from PIL import Image, ImageOps

from assistant.errors import FileRefusedError
from assistant.ingestion.layout.page_text import compose
from assistant.ingestion.limits import Limits
from assistant.ingestion.ocr.picture import GrayPicture
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import ReadPage, Source

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
_POINTS_PER_INCH = 72.0
_A4_POINTS = (595.0, 842.0)
# What no scanner writes: a camera's 72 dots per inch would make a photograph a metre wide.
_COARSEST_DPI, _FINEST_DPI = 90.0, 2_400.0
_LARGEST_POINTS = 1_300.0
# A picture without a resolution is no larger than this makes it: one line of text is not blown up to a sheet.
_SCREEN_DPI = 96.0
# Pixels times colours, a byte each. A sheet of A4 at 600 dots per inch in colour has 105 million.
_MOST_SAMPLES = 250_000_000
_MOST_FRAMES = 100_000
_TWELVE_BITS, _SIXTEEN_BITS = 4_095.0, 65_535.0
# What Pillow and its decoders raise for damaged files.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError, struct.error)


class ImageFile:
    """An open picture. A TIFF may have several pages; of a moving GIF or WebP the first frame is one."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self._limits = limits
        with _damage_named(), warnings.catch_warnings():
            # Pillow warns of large pictures; ours are refused or allowed by _MOST_SAMPLES.
            warnings.simplefilter("ignore")
            self._image = Image.open(source.open(), formats=_FORMATS)
            self._pages = int(getattr(self._image, "n_frames", 1)) if self._image.format == "TIFF" else 1
        if self._pages > _MOST_FRAMES:
            raise refusal("damaged")

    @property
    def page_count(self) -> int:
        return self._pages

    @property
    def warnings(self) -> tuple[str, ...]:
        return ()

    def read(self, number: int) -> ReadPage:
        # Decoded, though nobody looks at it yet: only so a damaged picture is found.
        width, height = self._size(self._displayed(number))
        nothing = compose([], width=width, height=height, characters=0)
        return ReadPage(width=width, height=height, composed=nothing, needs_recognition=True)

    def draw(self, number: int, width_pixels: int) -> bytes:
        picture = self._displayed(number)
        width, height = picture.size
        scale = min(width_pixels / width, (self._limits.picture_pixels / (width * height)) ** 0.5)
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        if size != picture.size:
            picture = picture.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC)
        drawn = BytesIO()
        picture.save(drawn, "PNG", compress_level=3)
        return drawn.getvalue()

    def scan(self, number: int) -> GrayPicture:
        """The page as displayed, with the pixels that the file has."""
        picture = self._displayed(number)
        width, height = self._size(picture)
        return GrayPicture(pixels=np.asarray(picture.convert("L")), width=width, height=height)

    def close(self) -> None:
        self._image.close()

    def _displayed(self, number: int) -> Image.Image:
        """The page's pixels: turned as the camera says, on white paper, gray or RGB in 8 bits."""
        with _damage_named():
            self._image.seek(number - 1)
            self._refuse_bomb()
            self._image.load()
            turned = ImageOps.exif_transpose(self._image)
            return _on_paper(_in_eight_bits(_reduced(turned, self._limits.picture_pixels)))

    def _refuse_bomb(self) -> None:
        """By the size that the file declares, before anything of that size is made."""
        width, height = self._image.size
        if width * height * len(self._image.getbands()) > _MOST_SAMPLES:
            raise _bomb()

    def _size(self, displayed: Image.Image) -> tuple[float, float]:
        """The page's size in points: by the picture's own resolution if that can be true, else at most a sheet."""
        columns, rows = displayed.size
        own = self._image.size
        if (own[0] < own[1]) != (columns < rows):
            own = own[1], own[0]
        across, down = _dots_per_inch(self._image)
        width, height = own[0] / across * _POINTS_PER_INCH, own[1] / down * _POINTS_PER_INCH
        is_true = min(across, down) >= _COARSEST_DPI and max(across, down) <= _FINEST_DPI
        if not is_true or max(width, height) > _LARGEST_POINTS:
            scale = min(_A4_POINTS[0] / min(own), _A4_POINTS[1] / max(own), _POINTS_PER_INCH / _SCREEN_DPI)
            width, height = own[0] * scale, own[1] * scale
        return max(round(width, 2), 1.0), max(round(height, 2), 1.0)


@contextmanager
def _damage_named() -> Iterator[None]:
    """What Pillow raises becomes one clear refusal, which quotes nothing from the file."""
    try:
        yield
    except FileRefusedError:
        raise
    except Image.DecompressionBombError as error:
        raise _bomb() from error
    except _DAMAGED as error:
        raise refusal("damaged") from error


def _bomb() -> FileRefusedError:
    return refusal("unpacks_too_large", limit=f"{_MOST_SAMPLES // 3_000_000} million pixels in colour")


def _dots_per_inch(image: Image.Image) -> tuple[float, float]:
    """Across and down, 1 where the file does not say. A fax has twice as many across as down."""
    try:
        across, down = image.info["dpi"]
        return max(float(across), 1.0), max(float(down), 1.0)
    except _DAMAGED:
        return 1.0, 1.0


def _reduced(picture: Image.Image, pixels: int) -> Image.Image:
    """The picture with at most so many pixels: it is copied more than once after this."""
    factor = math.ceil((picture.width * picture.height / pixels) ** 0.5)
    if factor < 2:
        return picture
    if picture.mode in ("1", "P", "PA") or picture.mode.startswith("I;16"):
        return picture.resize((picture.width // factor, picture.height // factor), Image.Resampling.NEAREST)
    return picture.reduce(factor)


def _in_eight_bits(picture: Image.Image) -> Image.Image:
    """Deeper shades spread over 8 bits; Pillow would cut off what is above 255."""
    if not picture.mode.startswith(("I", "F")):
        return picture
    shades = np.asarray(picture, dtype=np.float64)
    low, high = float(shades.min()), float(shades.max())
    if picture.mode.startswith("I;16"):
        low, high = 0.0, _SIXTEEN_BITS if high > _TWELVE_BITS else max(high, 1.0)
    spread = (shades - low) * (255.0 / max(high - low, 1e-9))
    return Image.fromarray(np.clip(np.nan_to_num(spread), 0, 255).astype(np.uint8))


def _on_paper(picture: Image.Image) -> Image.Image:
    """White paper where the picture is transparent."""
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return picture.convert("L" if picture.mode in ("1", "L") else "RGB")
