"""Manifests, pitches and the decoded store."""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tiny_bank
from recorded_progress import RecordedProgress

from irec_live.errors import DataError, OutputError
from irec_models.data import Bank, ClipSelection, DataFolders, read_manifest
from irec_models.data.manifests.pitch import pitch_from_name, pitch_from_sound
from irec_models.data.manifests.store import build_store, decode, open_store, store_path, trim
from irec_models.data.mixing.pools import Pools
from irec_models.progress import Advance


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bank.write_bank(tmp_path_factory.mktemp("bank"))


def _edit(folder: Path, tmp_path: Path, change: tuple[str, str]) -> Path:
    text = (folder / "manifest.csv").read_text()
    assert change[0] in text
    (tmp_path / "manifest.csv").write_text(text.replace(*change, 1))
    for part in ("train", "dev"):
        (tmp_path / part).symlink_to(folder / part)
    return tmp_path


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist; give the folder"):
        read_manifest(tmp_path / "nowhere")


def test_a_folder_without_manifest_names_the_columns_it_needs(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no manifest\.csv; expected a table with columns file, labels"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("split,file", "split,flie"), "lacks column file"),
        (("kind,source", "colour,source"), "unknown column colour"),
        (("train/flute/north_C3.wav", "train/flute/gone.wav"), r"gone\.wav, which is not there"),
        (("train/flute/north_C3.wav", "../flute/north_C3.wav"), "expected a path below"),
        (("train/flute/north_C3.wav", "train/piano/north_C3.wav"), "twice"),
        ((",flute,flute,notes,north", ",,flute,notes,north"), "line 2 has no label"),
    ],
)
def test_a_broken_manifest_says_what_is_wrong(
    folder: Path, tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_manifest(_edit(folder, tmp_path, change))


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_a_spreadsheet_that_writes_other_marks_than_commas_is_told(tmp_path: Path, mark: str, name: str) -> None:
    text = "file,labels,source,split\na.wav,flute,home,train\n"
    (tmp_path / "manifest.csv").write_text(text.replace(",", mark), "utf-8")
    with pytest.raises(DataError, match=f"has {name} between its columns; save it with commas"):
        read_manifest(tmp_path)


def test_a_manifest_of_four_columns_is_enough(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tiny_bank.tone(60, 0.3), tiny_bank.RATE)
    (tmp_path / "manifest.csv").write_text("file,labels,source,split\na.wav,flute,home,train\n")
    (clip,) = read_manifest(tmp_path)
    assert (clip.labels, clip.kind, clip.instrument, clip.origin) == (("flute",), "phrases", "flute", "a.wav")


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("MTG Solo Saxophones/Samples/alt_b_09.flac", True),
        ("MTG Solo Saxophones/Samples/alt_c4_09.flac", False),
        ("Organ/organ tutti C4.wav", False),
        ("Samples/ab1_open_rr4.wav", True),
        ("Samples/mute_strings3_rr2_1.wav", True),
        ("Samples/perc2_rr2.wav", True),
        ("breath_rr1_dyn.wav", True),
        ("breathy_flute_c4.wav", False),
        ("Release 2/piano_b_3.wav", False),
        ("open_string_g.wav", False),
    ],
)
def test_what_is_recorded_beside_notes_is_noise(tmp_path: Path, name: str, beside: bool) -> None:
    rows = (
        f"a.wav,saxophone,s,train,notes,{name}",
        f"b.wav,drums,s,train,notes,{name}",
        f"c.wav,voice,s,train,,{name}",
    )
    for row in rows:
        (tmp_path / row[:5]).touch()
    (tmp_path / "manifest.csv").write_text("\n".join(("file,labels,source,split,kind,path", *rows)))
    note, hit, phrase = read_manifest(tmp_path)
    assert (note.labels, note.kind) == ((("noise",), "handling") if beside else (("saxophone",), "notes"))
    assert (hit.labels, phrase.labels) == (("drums",), ("voice",))
    assert note.stem


def test_the_echo_of_a_released_key_is_no_stem(tmp_path: Path) -> None:
    names = ("Organ/release tutti C4.wav", "Organ/organ tutti C4.wav")
    rows = [f"{number}.wav,organ,s,train,notes,{name}" for number, name in enumerate(names)]
    for number in range(2):
        (tmp_path / f"{number}.wav").touch()
    (tmp_path / "manifest.csv").write_text("\n".join(("file,labels,source,split,kind,path", *rows)))
    assert [(clip.labels, clip.stem) for clip in read_manifest(tmp_path)] == [(("organ",), False), (("organ",), True)]


@pytest.mark.parametrize("pitch", [40.0, 52.5, 69.0, 88.3])
def test_pitch_is_heard_within_a_tenth_of_a_semitone(pitch: float) -> None:
    sound = tiny_bank.tone(pitch, 0.5, harmonics=5, decay=1)
    assert abs(pitch_from_sound(sound, tiny_bank.RATE) - pitch) < 0.1


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(0).standard_normal(8000).astype(np.float32)
    assert math.isnan(pitch_from_sound(noise, 8000))
    assert math.isnan(pitch_from_sound(np.zeros(8000, np.float32), 8000))
    assert math.isnan(pitch_from_sound(np.zeros(10, np.float32), 8000))


@pytest.mark.parametrize(
    ("path", "pitch"),
    [
        ("woodwind/flute/flute_Gs4_025_piano_normal.mp3", 68.0),
        ("Samples/flutes_e6.wav", 88.0),
        ("Melodic/MartinGM2_043__G2_1.wav", 43.0),
        ("samples/F#7vH.flac", 102.0),
        ("Staccs/spitfluteC#3-1.wav", 49.0),
        ("Mandolin/mandolin C4#.wav", 61.0),
    ],
)
def test_pitch_is_read_off_names_of_many_libraries(path: str, pitch: float) -> None:
    assert pitch_from_name(path) == pitch


@pytest.mark.parametrize(
    "path", ["HEADROOM PIANO LEVEL2 DECCA 81.flac", "Shn06.flac", "tl_vl5_rr1.wav", "alt_b_17.flac"]
)
def test_other_numbers_in_names_are_no_pitches(path: str) -> None:
    assert math.isnan(pitch_from_name(path))


def test_trimming_keeps_what_sounds_and_5_ms_before() -> None:
    sound = np.zeros(8000, np.float32)
    sound[2000:4000] = 0.5
    kept = trim(sound, 8000)
    assert 2000 - 80 <= kept.start <= 2000 - 40
    assert 4000 <= kept.stop <= 4000 + 80


def test_stored_sound_is_the_decoded_sound_scaled_to_full_scale(folder: Path, tmp_path: Path) -> None:
    bank = Bank(DataFolders(folder, cache=tmp_path), tiny_bank.RATE)
    index = next(i for i, clip in enumerate(bank.clips) if clip.kind == "phrases")
    original = decode(bank.clips[index].audio_path, tiny_bank.RATE)
    np.testing.assert_allclose(bank.audio(index) * bank.entries[index].peak, original, atol=2e-5)
    np.testing.assert_array_equal(bank.audio(index, 100, 50), bank.audio(index)[100:150])
    assert len(bank.audio(index, bank.entries[index].length - 3, 50)) == 3


def test_resampled_store_lasts_as_long(folder: Path, tmp_path: Path) -> None:
    slow, fast = (Bank(DataFolders(folder, cache=tmp_path), rate) for rate in (8000, 16000))
    index = next(i for i, clip in enumerate(slow.clips) if clip.kind == "phrases")
    assert fast.entries[index].length == 2 * slow.entries[index].length


def test_notes_are_trimmed_and_know_their_pitch(folder: Path, tmp_path: Path) -> None:
    bank = Bank(DataFolders(folder, cache=tmp_path), tiny_bank.RATE)
    index = next(i for i, clip in enumerate(bank.clips) if clip.file.endswith("flute/north_E4.wav"))
    assert bank.entries[index].pitch == 64.0
    assert abs(bank.entries[index].length - 0.6 * tiny_bank.RATE) < 0.03 * tiny_bank.RATE


def test_an_interrupted_build_goes_on_and_gives_the_same_store(folder: Path, tmp_path: Path) -> None:
    clips = read_manifest(folder)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    build_store(clips, tiny_bank.RATE, whole)

    @contextmanager
    def stop(task: str, total: float | None = None, /, *, unit: str = "") -> Iterator[Advance]:
        done = count()

        def advance(amount: float = 1, /, *, note: str = "") -> None:
            if next(done) == 20:
                raise KeyboardInterrupt

        yield advance

    with pytest.raises(KeyboardInterrupt):
        build_store(clips, tiny_bank.RATE, broken, progress=stop)
    with (broken / "index.jsonl.part").open("a") as stream:
        stream.write('{"offset": 12')  # the line that a crash cut short
    recorded = RecordedProgress()
    build_store(clips, tiny_bank.RATE, broken, progress=recorded)
    (amounts,) = recorded.done.values()
    assert amounts == [20] + [1] * (len(clips) - 20)  # those of before count at once
    assert (broken / "samples.i16").read_bytes() == (whole / "samples.i16").read_bytes()
    assert open_store(broken)[1] == open_store(whole)[1]
    assert not list(broken.glob("*.part"))


def test_a_damaged_store_says_how_to_mend_it(folder: Path, tmp_path: Path) -> None:
    clips = read_manifest(folder)
    place = store_path(clips, tiny_bank.RATE, tmp_path)
    build_store(clips, tiny_bank.RATE, place)
    (place / "samples.i16").write_bytes(b"12")
    bank = Bank(DataFolders(folder, cache=tmp_path), tiny_bank.RATE)
    with pytest.raises(DataError, match="delete that folder"):
        bank.audio(0)


def test_a_clip_that_is_no_audio_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"no audio at all")
    (tmp_path / "manifest.csv").write_text("file,labels,source,split\na.wav,flute,home,train\n")
    bank = Bank(DataFolders(tmp_path, cache=tmp_path / "cache"), 8000)
    with pytest.raises(DataError, match=r"a\.wav cannot be decoded"):
        bank.audio(0)


def test_non_finite_samples_are_silence(tmp_path: Path) -> None:
    sound = np.array([0.5, np.nan, np.inf, -0.5] * 200, np.float32)
    soundfile.write(tmp_path / "a.wav", sound, 8000, "FLOAT")
    assert np.isfinite(decode(tmp_path / "a.wav", 8000)).all()


def test_a_cache_that_cannot_be_written_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    bank = Bank(DataFolders(folder, cache=tmp_path / "file" / "below"), 8000)
    with pytest.raises(OutputError, match="choose another cache folder"):
        bank.audio(0)


def test_sources_can_be_chosen_and_held_out(folder: Path, tmp_path: Path) -> None:
    bank = Bank(DataFolders(folder, cache=tmp_path), 8000)
    assert {bank.clips[i].source for i in bank.select(ClipSelection(DataFolders(folder), hold_out=("north",)))} == {
        "south"
    }
    assert {bank.clips[i].source for i in bank.select(ClipSelection(DataFolders(folder), None, ("stage",)))} == {
        "stage"
    }
    with pytest.raises(DataError, match="no clip has source nroth; there are north, south, stage"):
        bank.select(ClipSelection(DataFolders(folder), hold_out=("nroth",)))


def _in_another_process(bank: Bank) -> Bank:
    """As it would arrive there."""
    content: Bank = pickle.loads(pickle.dumps(bank))  # noqa: S301  # made in this line
    return content


def test_nothing_is_decoded_until_some_sound_is_asked_for(folder: Path, tmp_path: Path) -> None:
    bank = Bank(DataFolders(folder, cache=tmp_path / "cache"), 8000)
    chosen = bank.select(ClipSelection(DataFolders(folder), hold_out=("north",)))
    with pytest.raises(DataError, match="no solo clips of harp, tuba in the chosen sources"):
        Pools(bank, chosen, ("flute", "harp", "tuba"))
    sent = _in_another_process(bank)
    assert not (tmp_path / "cache").exists()
    assert len(sent.audio(chosen[0])) == bank.entries[chosen[0]].length > 0
    assert (tmp_path / "cache").exists()
    np.testing.assert_array_equal(_in_another_process(bank).audio(chosen[0]), bank.audio(chosen[0]))


@pytest.mark.parametrize(("recordings", "told"), [(8, "r7$"), (9, "r7 and 1 other$"), (10, "r7 and 2 others$")])
def test_of_many_sources_a_few_are_named(tmp_path: Path, recordings: int, told: str) -> None:
    rows = ["file,labels,source,split"]
    for number in range(recordings):
        soundfile.write(tmp_path / f"{number}.wav", tiny_bank.tone(60, 0.1), tiny_bank.RATE)
        rows.append(f"{number}.wav,flute,r{number},train")
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    bank = Bank(DataFolders(tmp_path, cache=tmp_path / "cache"), 8000)
    with pytest.raises(DataError, match=f"no clip has source home, studio; there are r0, .*{told}"):
        bank.select(ClipSelection(DataFolders(tmp_path), hold_out=("studio", "home")))
