"""Files without pages of their own: headings, paragraphs and tables, laid out on pages of ours."""
