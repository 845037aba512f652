"""Front ends, networks, training."""

import irec_live  # noqa: F401 - before any other library: it switches telemetry off
