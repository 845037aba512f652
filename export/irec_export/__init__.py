"""ONNX export: a training checkpoint to one self-contained ``.onnx`` file, compared with torch before it is written.

::

    checkpoint.pt --load (weights only)--> network --torch.export--> graph --metadata, checker-->  .onnx in memory
                                              |                               [fp16 | int8]            |
                                              +------------- verify: same windows through both --------+
                                                                                                       |
                                                  difference within the gate? temporary file, then renamed
"""

import irec_live  # noqa: F401 - before any other library: it switches telemetry off
from irec_models.plugins import Plugin

PLUGIN = Plugin(
    commands={"follow": "irec_export.follow_command:follow", "rebuild": "irec_export.rebuild_command:rebuild"}
)
"""Commands that the export adds to ``irec-train``."""
