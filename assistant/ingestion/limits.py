"""How much one file may cost before its reading is stopped."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on reading one file; the child process enforces most of them through the kernel."""

    pages: int = 5_000
    file_bytes: int = 1 << 30
    # Address space, not resident memory: it is what the kernel can refuse before the machine swaps.
    memory_bytes: int = 1_536 << 20
    start_seconds: float = 30.0
    page_seconds: float = 8.0
    file_seconds: float = 20.0
    # Added to `file_seconds` for every page: a 5,000-page record on a busy machine is long, not hung.
    page_allowance_seconds: float = 0.1
    page_characters: int = 200_000
    file_characters: int = 50_000_000
    picture_pixels: int = 25_000_000
    # What an archive, an office file or a compressed stream may grow to in all.
    unpacked_bytes: int = 256 << 20
    members: int = 1_000
    nesting: int = 3
    # One scanned page, rendered, straightened and recognized; Tesseract takes 1 to 3 s for a full page.
    recognition_seconds: float = 40.0
    open_files: int = 64
    # A file that kills more readers than this is not worth another one.
    deaths: int = 2

    def seconds_for(self, pages: int) -> float:
        """Wall time that a file of so many pages may take in all."""
        return self.file_seconds + pages * self.page_allowance_seconds
