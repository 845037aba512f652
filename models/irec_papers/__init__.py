"""Reimplementations of the published systems that irec-live is compared with, a folder a paper.

Nothing of the app or of its own networks needs them.

==============  ==========================================================================================
`han`           Han, Kim and Lee, 2017: a ConvNet for predominant instruments
`neuroment`     Häusler and Maier, 2022: envelopes of every instrument
`lumen`         the Lumen project, 2023: three front ends and their fusion
`chen`          Chen, Ghobakhlou and Narayanan: one classifier for every instrument
`vaznonis`      Vaznonis et al., 2022: dense layers on a spectrum, an LSTM on raw samples
`bosch`         Bosch, Janer, Fuhrmann and Herrera, 2012: support vector machines on timbre
`datasets`      the public data sets that they were published on
`frontends`     the spectral front ends that only they need
`report`        their figures, drawn for any model
==============  ==========================================================================================

Each paper's folder has its network (``net.py``), its recipes (``*.toml``) and, where it has one, its command. `PLUGIN`
is how ``irec-train`` finds them all.
"""

from pathlib import Path

import irec_live  # noqa: F401 - its telemetry switch comes before whatever is imported below
from irec_models.plugins import Plugin

_PAPERS = ("han", "neuroment", "lumen", "chen", "vaznonis", "bosch")

PLUGIN = Plugin(
    architectures={
        "han": "irec_papers.han.net:HanConvNet",
        "neuroment": "irec_papers.neuroment.net:NeuromentNet",
        "lumen": "irec_papers.lumen.net:LumenNet",
        "lumen-chroma": "irec_papers.lumen.chroma_net:LumenChromaNet",
        "lumen-fusion": "irec_papers.lumen.fusion_net:LumenFusion",
        "chen": "irec_papers.chen.net:ChenNet",
        "vaznonis-lstm": "irec_papers.vaznonis.lstm_net:VaznonisLstmNet",
        "vaznonis-fft": "irec_papers.vaznonis.fft_net:VaznonisFftNet",
        "bosch": "irec_papers.bosch.net:BoschMachines",
    },
    commands={
        "bosch": "irec_papers.bosch.command:bosch",
        "fuse": "irec_papers.lumen.command:fuse",
        "join": "irec_papers.chen.command:join",
        "reproduce": "irec_papers.commands.reproduce:reproduce",
        "standardization": "irec_papers.commands.standardization:standardization",
        "data list": "irec_papers.datasets.command:list_",
        "data get": "irec_papers.datasets.command:get",
        "data check": "irec_papers.datasets.command:check",
    },
    trainers={"bosch": "irec_papers.bosch.training:train_bosch"},
    recipes=tuple(Path(__file__).parent / paper for paper in _PAPERS),
    report="irec_papers.report.command:report",
)
"""Commands, architectures and recipes that the published systems add to ``irec-train``."""
