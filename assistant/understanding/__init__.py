"""What the pages of a file are: its documents and page furniture, words addressed to an AI, and whom it names."""
