"""A network of one's own in the app: a torch network becomes an .onnx file with its own metadata.

    python examples/own_model.py song.flac

The network here is an untrained one of this project, so its answers mean nothing; put your own weights in.
"""

import sys

if len(sys.argv) != 2:
    sys.exit("usage: python examples/own_model.py song.flac")

import irec_live
from irec_export.to_onnx import export
from irec_live.models.spec import Threshold
from irec_models.checkpoint import Checkpoint, save_checkpoint, spec_for
from irec_models.nets import build

labels = ("whistle", "kazoo")
network = build("tutti", labels=len(labels))
spec = spec_for(
    network,
    name="mine",
    title="Whistles and kazoos",
    labels=labels,
    hop_length=network.window_length // 10,
    thresholds={label: Threshold(on=0.5, off=0.4) for label in labels},
)
save_checkpoint("mine.pt", Checkpoint.of(network, spec))
export("mine.pt", "mine.onnx")

analysis = irec_live.analyze(sys.argv[1], models=["./mine.onnx"])
print(analysis.labels, analysis.activation.shape)
