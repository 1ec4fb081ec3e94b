"""Find the words that answer a question, prove that a quote stands in the record, and show where."""
