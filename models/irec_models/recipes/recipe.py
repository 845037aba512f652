"""Training recipes: one TOML file says all that makes a model.

Every key is checked before anything is loaded; an unknown one is an error that names the nearest valid key, because
a misspelt learning rate that is silently ignored costs hours.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from irec_live.errors import RecipeError
from irec_live.models.onnx_file import printable
from irec_models.data import LABELS, ClipSelection, DataFolders, StreamConfig
from irec_models.losses import LossName
from irec_models.nets import (
    ARCHITECTURES,
    HeadedNetwork,
    HyperparameterError,
    Network,
    StatefulNetwork,
    TrunkNetwork,
    TuttiStreamEnvelopeNet,
    check_hyperparameters,
)
from irec_models.nets.bounded import build_bounded
from irec_models.recipes.lookup import find_recipe
from irec_models.recipes.mistakes import Mistake, blame, of_hyperparameter, of_validation
from irec_models.recipes.settings import MOST_PARTS, with_settings

MOST_BYTES = 256_000
"""Of a recipe; those that come with the project have up to 4 kB."""
_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
# It begins where a part does: tried from within one as well, a long text would take the square of its length.
_DEEP_KEY = re.compile(rf"(?<![A-Za-z0-9_\\-]){_PART}(?:[ \t]*\.[ \t]*{_PART}){{{MOST_PARTS},}}")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSection(_Section):
    """``[model]``: which network, under which name."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    title: str = ""
    architecture: str
    hyperparameters: dict[str, Any] = Field(default_factory=dict)
    hop_length: int = Field(ge=1, description="samples between windows in the app")
    start_from: str = Field(default="", description="model whose trained layers this one begins with")
    licence: str = ""
    training_data: str = ""
    notes: str = Field(default="", description="what else the card should tell")
    reference: str = Field(default="", max_length=300, description="citation in one line, of a published system")

    @model_validator(mode="after")
    def _architecture_exists(self) -> ModelSection:
        if self.architecture not in ARCHITECTURES:
            raise ValueError(
                f"unknown architecture '{self.architecture}'; there are {', '.join(ARCHITECTURES.names())}"
            )
        return self


class StartSection(_Section):
    """``[start]``: the file that ``model.start_from`` means, where others publish it."""

    file: str = Field(description="its name there")
    address: str = Field(description="to fetch it from")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class DataSection(_Section):
    """``[data]``: labels, and what validation listens to: sources held out, or the split ``dev`` of a public set."""

    labels: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] = Field(default=LABELS, max_length=1024)
    hold_out: tuple[str, ...] = Field(default=(), description="sources held out for validation")
    hold_out_share: float = Field(
        default=0.1, ge=0, lt=1, description="share of the sources held out instead, where the data have none of these"
    )
    validation_split: Literal["train", "dev"] = Field(
        default="train", description="split that these are drawn from; of dev all, if none is named"
    )

    def training(self, folders: Sequence[Path]) -> ClipSelection:
        """What is trained on."""
        return ClipSelection(DataFolders(folders), "train", hold_out=self.hold_out, labels=self.labels)

    def validation(self, folders: Sequence[Path]) -> ClipSelection:
        """What is held out for validation."""
        return ClipSelection(DataFolders(folders), self.validation_split, self.hold_out, labels=self.labels)


class TrainSection(_Section):
    """``[train]``: optimiser, schedule, how long."""

    seed: int = Field(default=0, ge=0)
    steps: int = Field(ge=1)
    budget_hours: float | None = Field(default=None, gt=0, description="anneal to the end by this time, if sooner")
    optimizer: Literal["adam", "adamw"] = "adamw"
    learning_rate: float = Field(default=1e-3, gt=0)
    loss: LossName = "binary"
    learn: Literal["all", "head"] = Field(
        default="all", description="head: only the layers behind a trunk that was trained before"
    )
    head_rate: float = Field(default=1.0, gt=0, description="learning rate of those layers, relative to the others'")
    weight_decay: float = Field(default=0.0, ge=0)
    schedule: Literal["one-cycle", "plateau", "constant"] = "one-cycle"
    warmup: float = Field(default=0.05, ge=0, lt=1, description="share of the run, one-cycle only")
    plateau_factor: float = Field(default=0.2, gt=0, lt=1)
    plateau_patience: int = Field(default=8, ge=1, description="validations without gain before the rate drops")
    minimum_rate: float = Field(default=1e-5, ge=0)
    clip_norm: float | None = Field(default=None, gt=0)
    ema: float | None = Field(default=None, gt=0, lt=1, description="decay of averaged weights")
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    monitor: Literal["map", "loss", "last"] = Field(
        default="map", description="what makes weights the best so far; last: being the newest, for runs that anneal"
    )
    validate_every: int = Field(default=500, ge=1)
    validation_steps: int = Field(default=20, ge=1)
    checkpoint_every: int = Field(default=500, ge=1)
    patience: int | None = Field(default=None, ge=1, description="validations without gain before training stops")
    normalization_steps: int = Field(default=8, ge=1, description="batches the input's constants are taken from")


class DistillSection(_Section):
    """``[distill]``: learn from a teacher as well (`irec_models.training.teacher`)."""

    teacher: Literal["yamnet"]
    weight: float = Field(default=1.0, gt=0, description="of the teacher's loss beside that of the labels")
    contrast: float = Field(
        default=0.0, ge=0, description="weight of how the teacher tells instruments apart, beside its single values"
    )
    trust: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="weight of the opinion of a classifier on the teacher's embedding; for activations alone",
    )
    strange: float = Field(default=0.25, ge=0, le=1, description="share of windows distorted beyond their labels")
    noisy: float = Field(default=0.0, ge=0, le=1, description="share of windows with noise for the network alone")


class KeepSection(_Section):
    """``[keep]``: what the network began with goes on saying what it said.

    See `irec_models.training.learning_without_forgetting`.
    """

    weight: float = Field(gt=0, description="of the loss against the start's own answers, beside that of the labels")
    every: int = Field(default=1, ge=1, description="of so many windows one is asked for them")


class DecisionsSection(_Section):
    """``[decisions]``: what the thresholds must hold that `irec_models.publishing.publish` chooses."""

    precision_floor: float = Field(
        default=0.5, ge=0, lt=1, description="lowest precision; networks that seldom reach it would light nothing"
    )
    pooled_examples: int = Field(
        default=0, ge=0, description="examples that the threshold of all labels counts for, beside a label's own"
    )
    noise_share: float = Field(
        default=0.002, gt=0, le=1, description="highest share of noise windows that light a label"
    )
    precision: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="of what is named on real solos and ensembles of the dev split; chooses the thresholds instead",
    )


Span = Annotated[float, Field(gt=0, le=60)]


class ContextSection(_Section):
    """``[context]``: the head that hears the last seconds (`irec_models.context`), trained on what is exported."""

    seed: int = Field(default=0, ge=0)
    sequences: int = Field(default=2400, ge=1, description="of ten seconds each, that the network is run over once")
    steps: int = Field(default=600, ge=1)
    batch_size: int = Field(default=48, ge=1, description="sequences of a step")
    learning_rate: float = Field(default=2e-3, gt=0)
    weight_decay: float = Field(default=1e-2, ge=0)
    dropout: float = Field(default=0.3, ge=0, lt=1)
    projection: int = Field(default=96, ge=1, le=2048, description="values that a window's features are brought to")
    hidden: int = Field(default=192, ge=1, le=2048)
    means_s: tuple[Span, ...] = Field(default=(1.0, 3.0, 7.0), max_length=8, description="spans of means, seconds")
    maxima_s: tuple[Span, ...] = Field(default=(3.0,), max_length=8, description="spans of maxima, seconds")
    own: float = Field(default=0.6, ge=0, le=1, description="share of the network's own newest answer")
    ensembles: float = Field(default=5.0, ge=0, description="weight of ensembles of which only is known who plays")


class SequencesSection(_Section):
    """``[sequences]``: what a network behind a trunk that keeps a state learns from, in place of windows."""

    batch_size: int = Field(default=16, ge=1, description="sequences of a step: ten seconds each, of envelopes two")
    ensembles: float = Field(default=2.0, ge=0, description="weight of ensembles of which only is known who plays")
    teach: float = Field(default=0.0, ge=0, description="of the loss against what the --teacher says")
    teacher: str = Field(default="", description="name of that network; of a run, the one that was given")
    keep: float = Field(default=0.0, ge=0, description="of the loss against what the published trunk says")


class Recipe(_Section):
    """A whole recipe file."""

    model: ModelSection
    start: StartSection | None = None
    data: DataSection
    stream: StreamConfig = StreamConfig()
    train: TrainSection
    distill: DistillSection | None = None
    keep: KeepSection | None = None
    context: ContextSection | None = None
    sequences: SequencesSection | None = None
    decisions: DecisionsSection = DecisionsSection()
    _origin: str = PrivateAttr("")

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Recipe:
        if not (self.data.hold_out or self.data.hold_out_share) and self.data.validation_split == "train":
            raise ValueError(
                "has an impossible value for 'data.hold_out': name a source to validate on, allow a hold_out_share, or "
                "set validation_split to 'dev' if that split is there for it"
            )
        if self.distill and self.stream.mode in ("clips", "excerpts"):
            raise ValueError("has an impossible value for 'stream.mode': [distill] needs mixtures, not clips")
        if self.train.loss == "bags" and self.stream.mode != "excerpts":
            raise ValueError("has an impossible value for 'train.loss': bags come from stream.mode 'excerpts' alone")
        if self.sequences and (self.keep or self.distill or self.stream.mode != "excerpts"):
            raise ValueError(
                "has an impossible value for 'sequences': they come from stream.mode 'excerpts', without [keep] or "
                "[distill]"
            )
        if self.keep and self.train.learn == "head":
            raise ValueError("has an impossible value for 'keep': what only trains its head keeps the rest as it is")
        return self

    @property
    def teacher(self) -> str:
        """Network whose outputs are learnt beside the labels; empty if there is none."""
        if self.distill:
            return self.distill.teacher
        return self.sequences.teacher if self.sequences and self.sequences.teach else ""

    def network(self) -> Network:
        """A freshly initialised network for these labels.

        Raises
        ------
        RecipeError
            If the hyperparameters do not fit the architecture, the stream's windows do not fit the network, or the loss
            or the teacher's opinion is none for envelopes.
        """
        try:
            network = build_bounded(
                self.model.architecture, {**self.model.hyperparameters, "labels": len(self.data.labels)}
            )
        except ValueError as error:
            origin = self._origin or f"the recipe '{self.model.name}'"
            raise RecipeError(f"{origin} makes no network: {error}") from error
        # Known only once there is a network; a wrong pair would else fail in the first step, after all the decoding.
        wanted = (network.sample_rate, network.window_length)
        given = (self.stream.sample_rate, self.stream.window_length)
        if wanted != given:
            raise RecipeError(
                f"recipe '{self.model.name}': [stream] gives windows of {given[1]} samples at {given[0]} Hz, but "
                f"architecture '{self.model.architecture}' takes {wanted[1]} at {wanted[0]} Hz"
            )
        if isinstance(network, StatefulNetwork | TuttiStreamEnvelopeNet) != (self.sequences is not None):
            raise RecipeError(
                f"recipe '{self.model.name}': [sequences] is what networks that keep a state learn from, and those on "
                "the trunk of one, and no others"
            )
        if network.kind == "envelope" and self.sequences and (self.sequences.teach or self.sequences.keep):
            raise RecipeError(
                f"recipe '{self.model.name}': '{self.model.architecture}' gives envelopes, of which neither a teacher "
                "nor the published trunk says anything; set sequences.teach and sequences.keep to 0"
            )
        if network.kind == "envelope" and (self.stream.mode == "clips" or self.train.loss != "binary"):
            raise RecipeError(
                f"recipe '{self.model.name}': '{self.model.architecture}' gives envelopes, which neither mode 'clips' "
                f"nor loss 'categorical', 'bags' or 'focused' can teach"
            )
        if (self.keep and not isinstance(network, TrunkNetwork)) or (
            (self.train.learn == "head" or self.train.head_rate != 1.0) and not isinstance(network, HeadedNetwork)
        ):
            raise RecipeError(
                f"recipe '{self.model.name}': '{self.model.architecture}' has no trunk that was trained before, which "
                "[keep], train.learn = 'head' and train.head_rate need"
            )
        if network.kind == "envelope" and self.distill and self.distill.trust is not None:
            raise RecipeError(
                f"recipe '{self.model.name}': '{self.model.architecture}' gives envelopes, of which the teacher's "
                "opinion on labels tells nothing; take 'trust' out of [distill]"
            )
        if network.kind == "envelope" and (self.stream.frames, self.stream.frame_hop) != (
            network.frames,
            network.frame_hop,
        ):
            raise RecipeError(
                f"recipe '{self.model.name}': [stream] gives {self.stream.frames} frames, {self.stream.frame_hop} "
                f"samples apart, but the network has {network.frames}, {network.frame_hop} apart"
            )
        return network


def load_recipe(path: str | Path, settings: Sequence[str] = ()) -> Recipe:
    """Read and check a recipe.

    Parameters
    ----------
    path : path-like
        Of the file, or the bare name of an installed recipe.
    settings : sequence of str
        ``key=value`` each, in the place of what the file says; see `irec_models.recipes.settings.with_settings`.

    Raises
    ------
    RecipeError
        If the file is missing, not TOML, has an unknown key or an impossible value; names file and key.
    """
    path = find_recipe(Path(path))  # a plain file: anything else could be without end, or never begin
    try:
        text = _read(path)
        content = _parsed(text)
        if settings:
            content = _parsed(with_settings(text, settings))
        found = _check(content)
        if isinstance(found, Mistake):
            raise RecipeError(blame(path, found, settings, lambda some: _mistake_in(with_settings(text, some))))
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"the recipe {path} cannot be read: {error}") from error
    except RecursionError as error:
        raise RecipeError(f"the recipe {path} nests values in values too deep") from error
    except ValueError as error:  # not TOML, or a number of more digits than Python reads
        raise RecipeError(f"the recipe {path} is not TOML: {error}") from error
    found._origin = " with ".join((f"the recipe {path}", *(s for s in settings if s.startswith("model."))))
    return found


def _read(path: Path) -> str:
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise RecipeError(f"the recipe {path} has {size / 1000:.0f} kB; up to {MOST_BYTES // 1000} kB are read")
    return path.read_text(encoding="utf-8")


def _parsed(text: str) -> dict[str, Any]:
    deep = _DEEP_KEY.search(text)
    if deep is not None:  # what a parser notes of a key grows with the square of its parts
        raise ValueError(f"the key '{printable(deep[0][:40])}' has more than {MOST_PARTS} parts")
    return tomllib.loads(text)


def _check(content: dict[str, Any]) -> Recipe | Mistake:
    try:
        recipe = Recipe.model_validate(content)
    except ValidationError as error:
        return of_validation(error, Recipe)
    try:
        check_hyperparameters(recipe.model.architecture, recipe.model.hyperparameters)
    except HyperparameterError as error:
        return of_hyperparameter(error)
    return recipe


def _mistake_in(text: str) -> Mistake | None:
    found = _check(_parsed(text))
    return found if isinstance(found, Mistake) else None
