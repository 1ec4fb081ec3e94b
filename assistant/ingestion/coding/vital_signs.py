"""Which LOINC codes are vital signs, for files that do not say so themselves."""

from __future__ import annotations

# The FHIR R4 vital signs profile, and the older codes of blood pressure, weight and height that systems still send.
VITAL_CODES = frozenset(
    "85353-1 9279-1 8867-4 2708-6 59408-5 8310-5 8302-2 9843-4 29463-7 39156-5 85354-9 55284-4 8480-6 8462-4 8287-5 "
    "3141-9 8306-3 8289-1 59576-9".split()
)
