"""Training of instrument models: data, networks, training, evaluation and publishing."""

import irec_live  # noqa: F401 - before any other library: it switches telemetry off
