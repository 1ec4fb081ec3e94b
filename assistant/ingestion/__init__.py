"""Any file to pages of text with boxes: one reader per format, each run in a separate, limited process."""
