"""No test reaches the network: this process may speak to itself only."""

from __future__ import annotations

import sys

from tests.network_guard import refuse_other_hosts

sys.addaudithook(refuse_other_hosts)
