"""Tell a statement that there is none ("no known allergies") from one that there is no information."""

from __future__ import annotations

import re

# SNOMED CT codes that themselves say that there is none (FHIR "allergyintolerance-code", IPS "absent or unknown").
_CODES = frozenset(
    "716186003 716184000 716185004 716220001 716187007 160244002 409137002 428607008 429625007 "
    "160245001 787481004 182904002 1003774007 787482006 787480003".split()
)
# IPS "absent-unknown-uv-ips"; its "no-...-info" codes mean that nothing is known either way.
_IPS_CODES = re.compile(r"no-known-[a-z-]+")
_NONE = re.compile(
    r"(?:no known|none known|no (?:active|current|significant|chronic) |no (?:drug |food )?allerg|no medications?\b"
    r"|no problems?\b|none$|nka\b|nkda\b|nil known)",
    re.IGNORECASE,
)
_NO_INFORMATION = re.compile(
    r"no (?:information|data)\b.*"
    r"|no\b.*\b(?:information|data|records?|recorded|available|on file|entries|documented|indicated|reported)"
    r"|(?:information |data )?(?:is )?(?:not (?:available|recorded|on file|known|documented|applicable)|unavailable)"
    r"|unknown|n/?a|none recorded|no",
    re.IGNORECASE,
)


def says_none(code: str | None, name: str | None) -> bool:
    """Whether a code, or where there is none its name, is the statement that nothing of the kind is known to exist."""
    if code in _CODES or (code and _IPS_CODES.fullmatch(code)):
        return True
    return _NONE.match((name or "").strip()) is not None and not says_nothing(name)


def says_nothing(name: str | None) -> bool:
    """Whether words only say that nothing was recorded: no statement about the patient."""
    return _NO_INFORMATION.fullmatch((name or "").strip(" .\t-")) is not None
