"""C-CDA documents: narrative and coded entries."""
