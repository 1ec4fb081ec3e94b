"""From a question to a checked answer: budget, prompts, turns, statements."""
