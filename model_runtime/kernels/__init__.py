"""Triton kernels for the decode step and the dequantizer, each beside the plain version that it must equal.

Only `gpu_kernels.py` imports this package, and only where there is a CUDA device; the tests import it under Triton's
interpreter. Letters: T tokens of a step (1 to 8), H hidden size, I width of an expert, k experts of a token, S slots of
a stack of experts, Q query heads, K key-value heads, D head_dim.
"""
