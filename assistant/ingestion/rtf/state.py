"""How the text of an RTF group or paragraph looks and where it goes."""

from __future__ import annotations

from dataclasses import dataclass, field

from assistant.domain import HidingPlace

# Half-points: nobody reads type of one point.
_TINIEST_HALF_POINTS = 2


@dataclass(slots=True)
class RtfField:
    """A field: what it is told to show, and the state of a form's check box."""

    instruction: str = ""
    kind: int | None = None
    result: int | None = None
    default: int | None = None

    @property
    def name(self) -> str:
        """Its first word: PAGE, HYPERLINK, FORMCHECKBOX."""
        return next(iter(self.instruction.split()), "").upper()

    @property
    def is_checked(self) -> bool:
        """The state of a check box; 25 stands for its default."""
        return bool(self.default if self.result in (None, 25) else self.result)


@dataclass(slots=True)
class Look:
    """The character properties that change what a text means."""

    font: int | None = None
    is_white: bool = False
    size: int = 24
    is_hidden: bool = False
    is_deleted: bool = False
    is_raised: bool = False
    is_struck: bool = False
    has_ground: bool = False

    def hiding_place(self) -> HidingPlace | None:
        """How the text is hidden on white paper."""
        if self.is_hidden:
            return HidingPlace.INVISIBLE
        if self.size <= _TINIEST_HALF_POINTS:
            return HidingPlace.TINY
        return HidingPlace.WHITE if self.is_white and not self.has_ground else None


@dataclass(slots=True)
class Group:
    """The state of a group. `destination`: where its text goes; "" is the story, "skip" nowhere."""

    destination: str = ""
    look: Look = field(default_factory=Look)
    skip_after_unicode: int = 1
    field: RtfField | None = None
    # The group began with \\*: a destination that is not known is to be left out.
    is_optional: bool = False


@dataclass(slots=True)
class ParagraphLook:
    """The properties of a paragraph and, in a table, of its row."""

    depth: int = 0
    heading: int | None = None
    indent: int = 0
    has_ground: bool = False
