"""Balancing a data set by over- and undersampling."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tiny_bank
from pydantic import ValidationError

from irec_models.data import ClipSelection, DataFolders, MixStream, StreamConfig
from irec_models.data.mixing.balance import balance


def test_every_class_comes_as_often_and_no_clip_more_than_the_factor() -> None:
    classes = ["clarinet"] * 251 + ["piano"] * 2401 + ["flute"] * 355
    places = balance(classes, 2.0, np.random.default_rng(0))
    assert Counter(classes[place] for place in places) == {"clarinet": 502, "piano": 502, "flute": 502}
    uses = Counter(places)
    assert {uses[place] for place in range(251)} == {2}
    assert {uses[place] for place in range(251, 251 + 2401)} == {0, 1}
    assert {uses[place] for place in range(251 + 2401, len(classes))} == {1, 2}


def test_the_choice_depends_on_the_seed_alone() -> None:
    classes = ["a"] * 5 + ["b"] * 40
    first, again, other = (balance(classes, 1.5, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_what_belongs_to_no_class_stays() -> None:
    assert balance([None, "a", None], 1.0, np.random.default_rng(0)) == [0, 1, 2]
    assert balance([None, None], 1.0, np.random.default_rng(0)) == [0, 1]


def test_a_factor_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        balance(["a"], 0.5, np.random.default_rng(0))
    with pytest.raises(ValidationError, match="balance"):
        StreamConfig(balance=0.5)


def test_a_balanced_stream_draws_from_fewer_clips_of_what_is_plentiful(tmp_path: Path, private_home: Path) -> None:
    bank = tiny_bank.write_bank(tmp_path / "bank")
    options = {
        "sample_rate": 8000,
        "window_length": 4096,
        "batch_size": 2,
        "windows_per_mix": 1,
        "mix_s": 1.0,
        "mode": "neuroment",
        "other": 0.0,
    }
    labels = ("flute", "drums")  # ten notes of each source, and three strokes
    drawn = {}
    for factor in (None, 1.0):
        config = StreamConfig(**options, balance=factor)  # type: ignore[arg-type]
        stream = MixStream(config, ClipSelection(DataFolders(bank), sources=("north",), labels=labels), seed=1)
        drawn[factor] = {
            label: {int(clip) for voice in stream.pools._voices[label] for clip in voice.clips} for label in labels
        }
        assert stream.batch(0).audio.isfinite().all()
    assert {label: len(clips) for label, clips in drawn[None].items()} == {"flute": 10, "drums": 3}
    assert {label: len(clips) for label, clips in drawn[1.0].items()} == {"flute": 3, "drums": 3}
    assert drawn[1.0]["flute"] < drawn[None]["flute"]
