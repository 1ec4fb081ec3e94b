"""No test reaches the network: this process may speak to itself only. Triton's kernels run in its interpreter."""

from __future__ import annotations

import os
import sys

from tests.network_guard import refuse_other_hosts

sys.addaudithook(refuse_other_hosts)

# Before anything imports Triton, which bitsandbytes does where it is installed. On a GPU run with TRITON_INTERPRET=0.
os.environ.setdefault("TRITON_INTERPRET", "1")
