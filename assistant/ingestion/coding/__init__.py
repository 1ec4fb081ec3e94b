"""What C-CDA, FHIR and HL7 v2 share: times, code systems, how an entry reads."""
