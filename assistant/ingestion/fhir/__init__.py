"""FHIR R4 bundles, resources and NDJSON."""
