"""Public data sets, each read from its own layout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile
import tiny_datasets
from click.testing import CliRunner

from irec_live.errors import DataError
from irec_models.cli import main
from irec_models.data import (
    LABELS,
    Clip,
    ClipSelection,
    DataFolders,
    MixStream,
    StreamConfig,
    eval_clips,
    read_manifest,
)
from irec_models.data.mixing.config import AugmentConfig
from irec_papers.datasets import DATA_SETS, find_data_set, recognise
from irec_papers.datasets.prepare import check
from irec_papers.datasets.splits import held_back


@pytest.fixture(params=sorted(tiny_datasets.WRITERS))
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    name = str(request.param)
    return name, tiny_datasets.WRITERS[name](tmp_path / "set")


def clips_of(name: str, root: Path, **options: object) -> dict[str, Clip]:
    check(DATA_SETS[name], root, archives=False, **options)  # type: ignore[arg-type]
    return {Path(clip.file).stem: clip for clip in read_manifest(root)}


def test_every_data_set_becomes_a_folder_that_evaluation_reads(written: tuple[str, Path]) -> None:
    name, root = written
    found = check(DATA_SETS[name], root, archives=False)
    assert found.clips == len(read_manifest(root)) == sum(here for here, _ in found.parts.values())
    clips = list(eval_clips(ClipSelection(DataFolders(root), None), 8000))
    assert len(clips) == found.clips
    assert all(not set(clip.labels) & set(clip.unclear) for clip in clips)


def test_every_data_set_is_recognised_by_its_layout(written: tuple[str, Path]) -> None:
    name, root = written
    found = recognise(root)
    assert found is not None
    assert found.name == name


def test_clips_of_one_source_are_on_one_side_of_the_split(written: tuple[str, Path]) -> None:
    name, root = written
    sides: dict[str, set[str]] = {}
    for clip in clips_of(name, root).values():
        sides.setdefault(clip.source, set()).add("test" if clip.split == "test" else clip.split)
    assert all("train" not in side or "dev" not in side for side in sides.values())


def test_a_data_set_keeps_its_own_names_where_asked(written: tuple[str, Path]) -> None:
    name, root = written
    named = {label for clip in clips_of(name, root, naming="own").values() for label in clip.labels}
    assert named - {"other"} == set(DATA_SETS[name].labels)


def test_the_sound_stays_where_it_was_and_the_manifest_tells_its_length(written: tuple[str, Path]) -> None:
    name, root = written
    before = {path for path in root.rglob("*") if path.is_file()}
    found = check(DATA_SETS[name], root, archives=False)
    assert {path for path in root.rglob("*") if path.is_file()} - before == {root / "manifest.csv"}
    seconds = sum(soundfile.info(clip.audio_path).duration for clip in read_manifest(root))
    assert found.seconds == pytest.approx(seconds, abs=0.01)


def test_irmas_tells_training_from_testing_and_reads_what_names_tell(tmp_path: Path) -> None:
    clips = clips_of("irmas", tiny_datasets.write_irmas(tmp_path))
    assert clips["01 - Honky Cat-19"].labels == ("piano", "voice")
    assert clips["01 - Honky Cat-19"].split == "test"
    assert clips["01 - Honky Cat-19"].source == "irmas-test:01 - Honky Cat"
    drummed, without, silent = (
        clips[name] for name in ("[flu][dru][pop_roc]0300__1", "[pia][nod][cla]1300__1", "[cel][cla]0001__1")
    )
    assert (drummed.labels, drummed.unknown) == (("flute", "drums"), ("bass",))
    assert (without.labels, without.unknown) == (("piano",), ("bass",))
    assert (silent.labels, silent.unknown) == (("cello",), ("bass", "drums"))
    assert clips["[cel][cla]0001__2"].source == silent.source == "irmas:0001"
    assert clips["017__[cla][nod][cla]0150__1"].labels == ("clarinet",)


def test_excerpts_with_accompaniment_are_never_stems_of_a_mixture(tmp_path: Path) -> None:
    root = tiny_datasets.write_irmas(tmp_path / "irmas")
    check(DATA_SETS["irmas"], root, archives=False)
    with pytest.raises(DataError, match="no solo clips"):
        MixStream(StreamConfig(sample_rate=8000, window_length=800), ClipSelection(DataFolders(root)), seed=0)


@pytest.mark.parametrize(
    ("note", "labels", "unknown"),
    [
        ("bass_synthetic_068-049-025", ("bass",), ()),
        ("guitar_acoustic_010-060-075", ("acoustic guitar",), ()),
        ("guitar_electronic_028-060-127", ("electric guitar",), ()),
        ("keyboard_acoustic_004-060-025", ("piano",), ()),
        ("keyboard_electronic_002-060-050", ("fam:keyboard",), ("piano",)),
        ("flute_synthetic_000-077-100", ("fam:flute",), ("flute", "synth")),
        ("reed_acoustic_011-070-050", ("fam:reed",), ("clarinet", "saxophone", "oboe", "bassoon")),
        ("synth_lead_synthetic_011-050-100", ("synth",), ()),
    ],
)
def test_a_family_of_nsynth_is_a_label_only_where_it_is_sure(
    tmp_path: Path, note: str, labels: tuple[str, ...], unknown: tuple[str, ...]
) -> None:
    clip = clips_of("nsynth", tiny_datasets.write_nsynth(tmp_path))[note]
    assert (clip.labels, clip.unknown) == (labels, unknown)
    assert clip.source == f"nsynth:{note.rsplit('-', 2)[0]}"


def test_parts_of_nsynth_can_be_used_alone(tmp_path: Path) -> None:
    root = tiny_datasets.write_nsynth(tmp_path)
    found = check(DATA_SETS["nsynth"], root, ["valid"], archives=False)
    assert (found.clips, found.absent) == (1, ("train", "test"))
    assert {clip.split for clip in read_manifest(root)} == {"dev"}


def test_most_thins_out_each_source_alike(tmp_path: Path) -> None:
    clips = clips_of("nsynth", tiny_datasets.write_nsynth(tmp_path), most=1)
    assert sum(clip.source == "nsynth:keyboard_acoustic_004" for clip in clips.values()) == 1
    assert clips.keys() == clips_of("nsynth", tmp_path, most=1).keys()


def test_notes_of_nsynth_make_mixtures_in_which_families_are_neither_right_nor_wrong(tmp_path: Path) -> None:
    root = tiny_datasets.write_nsynth(tmp_path / "nsynth")
    check(DATA_SETS["nsynth"], root, archives=False)
    config = StreamConfig(
        sample_rate=8000,
        window_length=8000,
        frame_length=512,
        frame_hop=256,
        mix_s=1.5,
        batch_size=64,
        windows_per_mix=1,
        sizes=(0.0, 1.0),
        other=1.0,
        augment=AugmentConfig.none(),
    )
    selection = ClipSelection(DataFolders(root, tmp_path), labels=("piano", "clarinet"))
    stream = MixStream(config, selection, seed=0, allow_missing_labels=True)
    batch = stream.batch(0)
    assert float(batch.presence[:, 0].sum()) == 0
    assert 0 < float(batch.mask[:, 0].sum()) < len(batch.mask)  # keyboards may be pianos, the rest are none


def test_medley_solos_are_split_as_published_with_songs_as_sources(tmp_path: Path) -> None:
    clips = clips_of("medley-solos-db", tiny_datasets.write_medley_solos(tmp_path))
    flute = clips["Medley-solos-DB_validation-3_d07b1fc0-567d-52c2-fef4-239f31c9d40e"]
    assert (flute.split, flute.labels, flute.source) == ("dev", ("flute",), "medley-solos-db:210")
    assert {clip.labels for clip in clips.values()} >= {("electric guitar",), ("voice",), ("saxophone",)}


def test_what_the_crowd_did_not_annotate_is_unknown(tmp_path: Path) -> None:
    root = tiny_datasets.write_openmic(tmp_path)
    first = clips_of("openmic-2018", root)["000040_3840"]
    assert first.labels == ("accordion",)
    assert "cello" in first.unknown
    assert not {"accordion", "drums", "flute"} & set(first.unknown)
    (clip,) = [clip for clip in eval_clips(ClipSelection(DataFolders(root), None), 8000) if clip.file == first.file]
    assert set(clip.unclear) == set(LABELS) - {"drums", "flute"}


def test_a_guitar_of_openmic_is_either_kind_and_no_guitar_is_neither(tmp_path: Path) -> None:
    clips = clips_of("openmic-2018", tiny_datasets.write_openmic(tmp_path))
    guitars = {"acoustic guitar", "electric guitar"}
    guitar, nothing = clips["000048_3840"], clips["000060_3840"]
    assert guitar.labels == ("fam:guitar",)
    assert guitars <= set(guitar.unknown)
    assert nothing.labels == ("other",)
    assert not guitars & set(nothing.unknown)


def test_whole_sources_are_held_back_about_as_often_in_each_label() -> None:
    clips = [(f"{label} {n // 3}", [label]) for label in ("flute", "piano") for n in range(300)]
    kept = held_back(clips, 0.15)
    assert kept == held_back(reversed(clips), 0.15)
    for label in ("flute", "piano"):
        assert sum(source in kept for source, labels in clips if labels == [label]) == pytest.approx(45, abs=3)


def test_the_commands_list_and_check(tmp_path: Path) -> None:
    listed = json.loads(CliRunner().invoke(main, ["data", "list", "--json"]).stdout)
    assert [entry["name"] for entry in listed["data_sets"]] == list(DATA_SETS)
    assert all(name in CliRunner().invoke(main, ["data", "list"]).stdout for name in DATA_SETS)
    root = tiny_datasets.write_irmas(tmp_path / "irmas")
    result = CliRunner().invoke(main, ["data", "check", "irmas", "--dir", str(root), "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["parts"]["training"] == {"clips": 14, "published": 6705}
    assert "14 clips, 6,705 were published" in result.stderr
    plain = CliRunner().invoke(main, ["data", "check", "IRMAS", "--dir", str(root)])
    assert f"use it with --data {root}" in plain.stdout.replace("\n", "")


def test_the_names_people_use_are_understood() -> None:
    assert find_data_set("OpenMIC").name == "openmic-2018"
    assert find_data_set("medley_solos_db").name == "medley-solos-db"
    with pytest.raises(DataError, match=r"no data set 'gtzan'; there are irmas, nsynth"):
        find_data_set("gtzan")
