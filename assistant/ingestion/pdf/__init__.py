"""PDF: words as displayed, what is hidden, fields, notes, passwords."""
