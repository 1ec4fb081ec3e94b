"""Words that stand somewhere on a page, and the text that they make: lines, columns, tables."""
