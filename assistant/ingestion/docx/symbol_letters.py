"""Letters of the fonts Wingdings and Symbol, whose codes lie in the private use area, as the characters they show."""

from __future__ import annotations

SYMBOLS = {
    0xF0FE: "☒", 0xF0FD: "☒", 0xF078: "☒", 0xF053: "☒", 0xF0A8: "☐", 0xF06F: "☐", 0xF071: "☐", 0xF0FC: "✓", 0xF050: "✓",
    0xF0FB: "✗", 0xF04F: "✗", 0xF0B7: "•", 0xF0A7: "▪", 0xF0E0: "→", 0xF0B0: "°", 0xF0B1: "±", 0xF0B3: "≥", 0xF0A3: "≤",
    0xF06D: "μ", 0xF061: "α", 0xF062: "β", 0xF067: "γ", 0xF044: "Δ", 0xF0AD: "↑", 0xF0AF: "↓", 0xF0AE: "→", 0xF0AC: "←",
    0xF0E1: "↑", 0xF0E2: "↓", 0xF0B4: "×", 0xF0B9: "≠", 0xF0BB: "≈",
}  # fmt: skip
FIRST = 0xF000


def shown(text: str) -> str:
    """`text` with letters of symbol fonts as what they show; others, which nobody can know, as they are."""
    return text if text.isascii() else "".join(SYMBOLS.get(ord(letter), letter) for letter in text)
