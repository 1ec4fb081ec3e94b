"""Records, evidence, clinical reading, conversation, page: the assistant over a patient's record."""
