"""Functions for the CPU, written with llvmlite and compiled in memory, each held to a plain version by a test.

`native_code` compiles, `program` runs a list of functions on all threads, `functions` holds all that were compiled.
"""
