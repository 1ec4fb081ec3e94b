"""One thread for these tests: over tiny tensors a second one only waits, for seconds on a busy machine."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
