"""A page as a gray picture: what recognition looks at, and how its pixels lie on the page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

GrayPixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrayPicture:
    """A displayed page of `width` by `height` points. `pixels`: uint8 [rows, columns], 0 black to 255 white."""

    pixels: GrayPixels
    width: float
    height: float

    @property
    def dots_per_inch(self) -> float:
        """Pixels to the inch, down the page: a fax may have twice as many across."""
        return float(self.pixels.shape[0] / max(self.height, 1.0) * 72.0)
