"""What a code system is usually called: OIDs of C-CDA, URIs of FHIR and short names of HL7 v2 to one name."""

from __future__ import annotations

import re

# HL7 OID registry; FHIR R4 "Using Codes", 4.3.0.1; HL7 v2 table 0396. The first is the name used everywhere here.
_NAMES = (
    ("SNOMED CT", "2.16.840.1.113883.6.96", "http://snomed.info/sct", "SNOMED", "SCT", "SNM", "SNOMEDCT"),
    ("LOINC", "2.16.840.1.113883.6.1", "http://loinc.org", "LN"),
    ("RxNorm", "2.16.840.1.113883.6.88", "http://www.nlm.nih.gov/research/umls/rxnorm", "RXN"),
    ("ICD-10-CM", "2.16.840.1.113883.6.90", "http://hl7.org/fhir/sid/icd-10-cm", "I10C", "ICD10CM"),
    ("ICD-10", "2.16.840.1.113883.6.3", "http://hl7.org/fhir/sid/icd-10", "I10", "ICD10"),
    ("ICD-10-PCS", "2.16.840.1.113883.6.4", "http://www.cms.gov/Medicare/Coding/ICD10", "I10P"),
    ("ICD-9-CM", "2.16.840.1.113883.6.103", "http://hl7.org/fhir/sid/icd-9-cm", "I9C", "I9CDX", "ICD9CM", "ICD9"),
    ("ICD-9-CM", "2.16.840.1.113883.6.104", "2.16.840.1.113883.6.42", "I9", "I9CP", "ICD-9"),
    ("CPT", "2.16.840.1.113883.6.12", "http://www.ama-assn.org/go/cpt", "C4", "C5", "CPT4", "CPT-4"),
    ("HCPCS", "2.16.840.1.113883.6.285", "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "HCPCS"),
    ("CVX", "2.16.840.1.113883.12.292", "http://hl7.org/fhir/sid/cvx", "CVX"),
    ("NDC", "2.16.840.1.113883.6.69", "http://hl7.org/fhir/sid/ndc", "NDC"),
    ("UNII", "2.16.840.1.113883.4.9", "http://fdasis.nlm.nih.gov", "UNII"),
    ("NDF-RT", "2.16.840.1.113883.3.26.1.5", "http://hl7.org/fhir/ndfrt", "2.16.840.1.113883.6.209", "NDFRT"),
    ("NCI Thesaurus", "2.16.840.1.113883.3.26.1.1", "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl", "NCIT"),
    ("ATC", "2.16.840.1.113883.6.73", "http://www.whocc.no/atc"),
    ("UCUM", "2.16.840.1.113883.6.8", "http://unitsofmeasure.org"),
    ("dm+d", "2.16.840.1.113883.2.1.6.15", "https://dmd.nhs.uk"),
)
_PUNCTUATION = re.compile(r"[\s_-]+")


def _key(name: str) -> str:
    return _PUNCTUATION.sub("", name.strip().removeprefix("urn:oid:")).casefold()


_BY_KEY = {_key(other): name for name, *others in _NAMES for other in (name, *others)}


def system_name(identifier: str | None, stated: str | None = None) -> str | None:
    """The usual name of a code system; one that is not known is called what the file calls it, else by identifier."""
    for known in (identifier, stated):
        if known and (name := _BY_KEY.get(_key(known))):
            return name
    return (stated or "").strip() or (identifier or "").strip() or None


def is_known_system(identifier: str) -> bool:
    """Whether a code system is one with a usual name, and not one of a single hospital."""
    return _key(identifier) in _BY_KEY
