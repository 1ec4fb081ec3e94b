"""What leaves the assistant on the user's order: JSON for programs, documents for people."""
