"""Clinical views of a record: one file a view."""
