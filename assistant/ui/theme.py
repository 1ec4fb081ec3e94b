"""The tokens of the design as a Gradio theme, light and dark; system fonts, so nothing is fetched."""

from __future__ import annotations

from gradio.themes import Base

_FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Consolas", "monospace")

# name: (light, dark), as assets/style.css spells them
TOKENS: dict[str, tuple[str, str]] = {
    "paper": ("#f6f5f1", "#14181b"),
    "card": ("#fffefb", "#1b2024"),
    "shade": ("#ebe9e2", "#232a2f"),
    "ink": ("#1c2226", "#e6e8e6"),
    "soft": ("#5d676d", "#98a3a8"),
    "line": ("#dfddd4", "#2d353a"),
    "accent": ("#0e6a6b", "#5bb8b4"),
    "accent-ink": ("#ffffff", "#0d1517"),
    "evidence": ("#f3c64a", "#d9a925"),
    "attention": ("#a3340f", "#f0a27f"),
    "attention-paper": ("#fbece3", "#3a241b"),
    "proven": ("#2f6f43", "#86c79a"),
}


def theme() -> Base:
    """What Gradio itself still draws: the body, toasts and the loading page."""
    made = Base(font=_FONT, font_mono=_MONO)
    light, dark = ({name: pair[side] for name, pair in TOKENS.items()} for side in (0, 1))
    return made.set(
        body_background_fill=light["paper"],
        body_background_fill_dark=dark["paper"],
        body_text_color=light["ink"],
        body_text_color_dark=dark["ink"],
        body_text_color_subdued=light["soft"],
        body_text_color_subdued_dark=dark["soft"],
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
        block_padding="0px",
        layout_gap="0px",
        color_accent=light["accent"],
        link_text_color=light["accent"],
        link_text_color_dark=dark["accent"],
    )


def stylesheet() -> str:
    """The tokens as custom properties; the dark ones under Gradio's class."""
    light = "".join(f"--{name}:{pair[0]};" for name, pair in TOKENS.items())
    dark = "".join(f"--{name}:{pair[1]};" for name, pair in TOKENS.items())
    return f":root{{{light}color-scheme:light}}.dark{{{dark}color-scheme:dark}}"
