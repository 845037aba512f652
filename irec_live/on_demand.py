"""Models that this project can make but that need not be installed: large ones, and those to compare with."""

from __future__ import annotations

from dataclasses import dataclass

from irec_live.models.spec import Kind

_RECIPES = "models/recipes"


@dataclass(frozen=True, slots=True)
class OnDemand:
    """A model that is trained and exported when somebody wants it.

    Attributes
    ----------
    name : str
        That it has once it is installed.
    title : str
        One line for people.
    kind : {"activation", "envelope"}
    parameters : int
        Weights; four bytes each in its file, front end not counted. 0 where their number depends on the training.
    command : str
        That trains it, run in a checkout of the project; its own output names the next one.
    """

    name: str
    title: str
    kind: Kind
    parameters: int
    command: str


def _fitted(name: str, title: str, kind: Kind, parameters: int) -> OnDemand:
    return OnDemand(name, title, kind, parameters, f"irec-train fit {_RECIPES}/{name}.toml")


ON_DEMAND: tuple[OnDemand, ...] = (
    _fitted("han-1s", "ConvNet of Han, Kim and Lee, 1 s", "activation", 1_448_173),
    OnDemand(
        "han-irmas",
        "ConvNet of Han, Kim and Lee on IRMAS as published, 1 s",
        "activation",
        1_446_123,
        f"irec-train reproduce {_RECIPES}/han-irmas.toml --data datasets/irmas",
    ),
    _fitted("lumen-mel", "Lumen CNN on mel, 1 s", "activation", 2_117_989),
    _fitted("lumen-modgd", "Lumen CNN on modified group delay, 1 s", "activation", 2_117_989),
    _fitted("lumen-chroma", "Lumen CNN on chroma, 1 s", "activation", 2_113_501),
    OnDemand(
        "lumen-fusion",
        "The three Lumen CNNs: an instrument plays if all say so, 1 s",
        "activation",
        6_349_479,
        "irec-train fuse runs/lumen-mel/lumen-mel.pt runs/lumen-modgd/lumen-modgd.pt runs/lumen-chroma/lumen-chroma.pt "
        "-o lumen-fusion.pt",
    ),
    OnDemand(
        "lumen-irmas",
        "Lumen CNN on IRMAS as published, to be fused with two others, 1 s",
        "activation",
        2_115_939,
        f"irec-train fit {_RECIPES}/lumen-irmas.toml --data datasets/irmas",
    ),
    _fitted("chen-1s", "One classifier an instrument after Chen et al., 1 s", "activation", 2_065_869),
    _fitted("chen-harp", "Chen et al.: harp alone, to be joined with others, 1 s", "activation", 158_913),
    _fitted("chen-4s", "Chen et al.: flute alone as published, 4 s", "activation", 31_550_657),
    OnDemand(
        "chen-nsynth",
        "Chen et al. on acoustic notes of NSynth, 10 families, 4 s",
        "activation",
        2_899_850,
        f"irec-train fit {_RECIPES}/chen-nsynth.toml --data datasets/nsynth",
    ),
    _fitted("vaznonis-lstm", "LSTM of Vaznonis et al. on raw samples, 1 s", "activation", 161_989),
    _fitted("vaznonis-fft", "Dense layers of Vaznonis et al. on 11 025 bins, 1 s", "activation", 1_905_709),
    _fitted("vaznonis-fft-3s", "Dense layers of Vaznonis et al. on 442 000 bins, 3 s", "activation", 40_288_109),
    OnDemand(
        "vaznonis-irmas",
        "Dense layers of Vaznonis et al. on IRMAS as published, 3 s",
        "activation",
        40_188_107,
        f"irec-train fit {_RECIPES}/vaznonis-irmas.toml --data datasets/irmas",
    ),
    OnDemand(
        "bosch",
        "Support vector machines on timbre features after Bosch et al., 1 s",
        "activation",
        0,
        f"irec-train bosch {_RECIPES}/bosch.toml",
    ),
    OnDemand(
        "bosch-irmas",
        "Support vector machines after Bosch et al. on IRMAS, 1 s",
        "activation",
        0,
        f"irec-train bosch {_RECIPES}/bosch-irmas.toml --data datasets/irmas",
    ),
    OnDemand(
        "tutti-1s",
        "This project's own network, 1 s",
        "activation",
        0,
        f"irec-train fit {_RECIPES}/tutti-1s.toml --teacher yamnet.tflite",
    ),
    OnDemand(
        "tutti-348ms",
        "This project's own envelopes, 348 ms",
        "envelope",
        0,
        f"irec-train fit {_RECIPES}/tutti-348ms.toml --teacher yamnet.tflite --start-from runs/tutti-1s/best.pt",
    ),
    _fitted("neuroment-mel", "Neuroment on mel, 348 ms", "envelope", 2_046_272),
    _fitted("neuroment-cqt", "Neuroment on constant Q, 348 ms", "envelope", 2_898_240),
    _fitted("neuroment-stft", "Neuroment on the spectrum, 348 ms", "envelope", 13_973_824),
    OnDemand(
        "neuroment-medley",
        "Neuroment on Medley-solos-DB as published, 348 ms",
        "envelope",
        1_390_832,
        f"irec-train fit {_RECIPES}/neuroment-medley.toml --data datasets/medley-solos-db",
    ),
)
"""In the order of the published systems; models of these names that are installed are not offered again."""
