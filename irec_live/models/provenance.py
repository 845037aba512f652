"""Provenance of a network as a model file tells it: what it was trained on, by which recipe, and what it began with."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Source(BaseModel):
    """Recordings of one origin that a training drew from.

    Attributes
    ----------
    name : str
        As in the manifests' column ``source``.
    licence : str
        One, or several parted by `` / ``.
    clips : int
        Of the train split.
    held_out : bool
        Held out for validation: the network was not trained on them.
    """

    # What a later version adds to provenance must not keep the app from running a model.
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = Field(min_length=1, max_length=200)
    licence: str = ""
    clips: int = Field(default=0, ge=0)
    held_out: bool = False


class Ancestor(BaseModel):
    """A network whose trained weights another one, directly or not, began with.

    Attributes
    ----------
    name : str
    sources : tuple of Source
        What it was itself trained on, and what was held out.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    sources: tuple[Source, ...] = ()


class Lineage(BaseModel):
    """How a network came about; whatever is unknown is empty or 0. The seed is `ModelSpec.seed`.

    Attributes
    ----------
    recipe : str
        Name of the training recipe.
    recipe_text : str
        The recipe as it was trained by, TOML.
    start : str
        Model whose weights it began with.
    teacher : str
        Network whose outputs it was trained towards, besides the labels.
    mean_of : int
        Trainings whose weights it is the mean of.
    step, steps : int
        Of the training: where these weights are from, and in all.
    hours : float
        Of training, up to `step`.
    windows_hours : float
        Duration of all training windows up to `step`, which overlap, in hours.
    data_sha256 : str
        Of the data folders' clips; see `irec_models.publishing.provenance.data_sha256`.
    ancestors : tuple of Ancestor
        The start, and what that had begun with itself.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    recipe: str = ""
    recipe_text: str = Field(default="", max_length=262_144)
    start: str = ""
    teacher: str = ""
    mean_of: int = Field(default=0, ge=0)
    step: int = Field(default=0, ge=0)
    steps: int = Field(default=0, ge=0)
    hours: float = Field(default=0.0, ge=0.0)
    windows_hours: float = Field(default=0.0, ge=0.0)
    data_sha256: str = ""
    ancestors: tuple[Ancestor, ...] = ()
