"""Settings of the training stream, fit to be a table of a recipe."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST_SAMPLES = 2**28
"""Of a batch: 1 GiB."""

Chance = Annotated[float, Field(ge=0.0, le=1.0)]


class AugmentConfig(BaseModel):
    """How often each imperfection of the world is added; probabilities 0..1 a stem or a mixture, as said.

    Attributes
    ----------
    room : float
        Stem: a generated room around it.
    tone : float
        Stem: an equaliser, as of another instrument body or microphone.
    detune : float
        Stem: up to half a semitone off.
    transpose : float
        Stem: up to 5 semitones off by resampling, timbre and time included.
    distortion : float
        Electric guitar stem: overdrive and a cabinet.
    equaliser : float
        Mixture: a microphone's or loudspeaker's response.
    band_limit : float
        Mixture: low-pass between 2.8 and 11 kHz as of 6 to 22 kHz sources, and sometimes a high-pass.
    compressor, clipping, codec : float
        Mixture.
    hiss, hum, bed : float
        Mixture: steady noise, mains hum, recorded noise clips.
    loud_noise : float
        Mixture: hiss from 12 dB below the sources to 4 dB above.
    dc : float
        Mixture: a constant offset.
    gain : float
        Mixture: peak anywhere between -40 and 0 dBFS; otherwise between -12 and -1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    room: Chance = 0.55
    tone: Chance = 0.5
    detune: Chance = 0.5
    transpose: Chance = 0.15
    distortion: Chance = 0.5
    equaliser: Chance = 0.4
    band_limit: Chance = 0.35
    compressor: Chance = 0.15
    clipping: Chance = 0.06
    codec: Chance = 0.12
    hiss: Chance = 0.35
    hum: Chance = 0.08
    bed: Chance = 0.1
    loud_noise: Chance = 0.0
    dc: Chance = 0.05
    gain: Chance = 0.7

    @classmethod
    def none(cls) -> AugmentConfig:
        """Nothing added: levels, alignment and choice of clips still vary.

        Examples
        --------
        >>> AugmentConfig.none().room
        0.0
        """
        return cls(**dict.fromkeys(cls.model_fields, 0.0))


class ExcerptConfig(BaseModel):
    """What batches of mode ``excerpts`` are made of, and how often each imperfection of the world is added.

    The rest of a batch are excerpts of one instrument as it was recorded.

    Attributes
    ----------
    mixtures : float
        Share of windows from mixtures of phrases made of notes, as mode ``ensemble`` makes them.
    overlays : float
        Share of two or more excerpts over each other, as many as `StreamConfig.sizes` says.
    others : float
        Share of instruments outside the labels by themselves.
    noise : float
        Share of recorded noise by itself.
    silence : float
        Share of next to nothing.
    source_s : float
        A source is drawn by the root of its seconds, but as if it had no more than these.
    bag : int
        Windows of one clip of several instruments; see `irec_models.losses.bag_cross_entropy`.
    notes : float
        Chance that a window of a source of single notes has one note, and not several in a row.
    noisy : float
        Chance of recorded noise beneath an excerpt; of noise made by formula half of it.
    room, colour, band_limit, detune, codec, clipping : float
        Chances a window.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mixtures: Chance = 0.25
    overlays: Chance = 0.15
    others: Chance = 0.1
    noise: Chance = 0.08
    silence: Chance = 0.015
    source_s: float = Field(default=300.0, ge=1.0)
    bag: int = Field(default=4, ge=0)
    notes: Chance = 0.3
    noisy: Chance = 0.3
    room: Chance = 0.3
    colour: Chance = 0.4
    band_limit: Chance = 0.3
    detune: Chance = 0.4
    codec: Chance = 0.08
    clipping: Chance = 0.05


class StreamConfig(BaseModel):
    """What a training stream yields.

    Attributes
    ----------
    sample_rate : int
        Hz.
    window_length : int
        T, samples of a window.
    frame_length, frame_hop : int
        Samples of the RMS envelope's frames and from one to the next.
    batch_size : int
        B, windows of a batch; a multiple of `windows_per_mix`.
    mix_s : float
        Seconds of mixture rendered at once.
    windows_per_mix : int
        Windows cut from each mixture, at random places.
    mode : {"ensemble", "neuroment", "clips", "excerpts"}
        ``ensemble``: phrases made of notes, musical alignment, levels from lead to barely audible. ``neuroment``:
        random segments of clips with levels as in equations 7 to 9 of the paper. ``clips``: nothing is mixed, windows
        are cut from the clips without overlap (`irec_models.data.mixing.clip_stream.ClipStream`). ``excerpts``: real
        recordings, drawn by source, some over each other, and a share of ``ensemble``
        (`irec_models.data.mixing.excerpt_stream.ExcerptStream`).
    sizes : tuple of float
        Weights of 0, 1, 2 ... sources in an ensemble.
    sources_min, sources_max : int
        n_instr,min and n_instr,max of equation 7, ``neuroment`` only.
    level_mean, level_variance : float
        mu_l and sigma_l squared of equation 8, ``neuroment`` only.
    label_weights : dict of str to float
        How often a label is drawn, relative to the others; 1 where not given.
    balance : float or None
        Thin out the clips of plentiful labels, and use those of scarce ones again, until all have this many times
        those of the rarest (`irec_models.data.mixing.balance`); None uses every clip. Labels are drawn evenly either
        way.
    other : float
        Share of stems that are instruments outside the labels, so that unknown sounds light nothing.
    phrases : float
        Share of note voices that play phrases; the rest are single notes, as in most of the bank.
    same_start : float
        Chance that a stem plays all through the mixture rather than entering or leaving.
    level_range_db : float
        How far below the loudest stem the others may be, most of the time.
    together : float
        Share of mixtures whose players play the same chords in the same rhythm, as in a chorale; the others have
        tempo and key in common at most.
    section : float
        Chance that an instrument that plays no chords is played by two to four, in parts.
    expression : float
        Chance that a voice that plays notes does so as people do: tied, with vibrato, swells and uneven timing
        (`irec_models.data.mixing.expression`).
    augment : AugmentConfig
    excerpts : ExcerptConfig
        Mode ``excerpts`` only.

    References
    ----------
    Neuroment (thesis), section 4.1.3, equations 7 to 9; section 4.2.3 for 2048/1024-sample frames at 44.1 kHz.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sample_rate: int = Field(default=22050, ge=4000, le=192_000)
    window_length: int = Field(default=22050, ge=256, le=60 * 192_000)
    frame_length: int = Field(default=1024, ge=16, le=60 * 192_000)
    frame_hop: int = Field(default=512, ge=8, le=60 * 192_000)
    batch_size: int = Field(default=64, ge=1)
    mix_s: float = Field(default=4.0, gt=0.0, le=60.0)
    windows_per_mix: int = Field(default=4, ge=1)
    mode: Literal["ensemble", "neuroment", "clips", "excerpts"] = "ensemble"
    sizes: tuple[Annotated[float, Field(ge=0.0)], ...] = Field(
        default=(0.05, 0.38, 0.24, 0.17, 0.09, 0.05, 0.02), min_length=1, max_length=13
    )
    sources_min: int = Field(default=1, ge=1, le=12)
    sources_max: int = Field(default=4, ge=1, le=12)
    level_mean: float = Field(default=0.5, gt=0.0, le=1.0)
    level_variance: float = Field(default=0.01, ge=0.0, le=1.0)
    balance: float | None = Field(default=None, ge=1.0)
    label_weights: dict[str, Annotated[float, Field(gt=0.0)]] = Field(default_factory=dict)
    other: Chance = 0.15
    phrases: Chance = 0.85
    same_start: Chance = 0.6
    level_range_db: float = Field(default=18.0, ge=0.0, le=60.0)
    together: Chance = 0.0
    section: Chance = 0.0
    expression: Chance = 0.0
    augment: AugmentConfig = AugmentConfig()
    excerpts: ExcerptConfig = ExcerptConfig()

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if self.batch_size % self.windows_per_mix:
            raise ValueError(
                f"batch_size {self.batch_size} is not a multiple of windows_per_mix {self.windows_per_mix}"
            )
        if self.batch_size * self.window_length > MOST_SAMPLES:
            raise ValueError(
                f"batch_size {self.batch_size} of windows of {self.window_length} samples are more than the "
                f"{MOST_SAMPLES} samples that a batch may have"
            )
        if self.mode == "clips":
            if "augment" in self.model_fields_set and self.augment != AugmentConfig.none():
                raise ValueError("mode 'clips' takes clips as they are, so augment has no use")
            return self
        if self.window_length > self.mix_length:
            raise ValueError(f"mix_s {self.mix_s} is shorter than a window of {self.window_length} samples")
        if not any(self.sizes):
            raise ValueError("sizes has no weight above zero")
        if self.sources_max < self.sources_min:
            raise ValueError("sources_max is below sources_min")
        return self

    @property
    def mix_length(self) -> int:
        """Samples of a mixture."""
        return round(self.mix_s * self.sample_rate)

    @property
    def frames(self) -> int:
        """N, envelope frames of a window: centres 0, hop, 2 hop ... up to its end.

        Examples
        --------
        >>> StreamConfig(sample_rate=44100, window_length=15360, frame_length=2048, frame_hop=1024).frames
        16
        """
        return self.window_length // self.frame_hop + 1
