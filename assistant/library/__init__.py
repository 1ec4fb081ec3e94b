"""Records on disk: a record is a folder, and what is in the folder is all there is of it."""
