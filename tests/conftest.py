"""No test reaches the network: this process may speak to itself only. Kernels run in Triton's interpreter."""

from __future__ import annotations

import os
import sys

from tests.network_guard import refuse_other_hosts

sys.addaudithook(refuse_other_hosts)
# Read when Triton is imported, which torch does by itself where it is installed; hence before any test is collected.
os.environ.setdefault("TRITON_INTERPRET", "1")
