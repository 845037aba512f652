"""Packs: a data folder made small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tiny_bank
from click.testing import CliRunner

from irec_live.errors import DataError, OutputError
from irec_models.data import Bank, DataFolders, read_manifest
from irec_models.data.manifests.pack import choose_clips, main, write_pack
from irec_models.data.manifests.store import decode


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bank.write_bank(tmp_path_factory.mktemp("bank"))


def test_a_pack_is_a_data_folder_that_sounds_the_same(folder: Path, tmp_path: Path) -> None:
    count = write_pack(DataFolders(folder), tmp_path / "pack", megabytes=10, bit_rate=24_000)
    clips = read_manifest(tmp_path / "pack")
    assert len(clips) == count == len(read_manifest(folder))
    before, after = (
        Bank(DataFolders(f, cache=tmp_path / "cache"), tiny_bank.RATE) for f in (folder, tmp_path / "pack")
    )
    for number, (old, new) in enumerate(zip(before.clips, after.clips, strict=True)):
        assert (old.labels, old.source, old.split, old.origin) == (new.labels, new.source, new.split, new.origin)
        if old.labels == ("flute",) and old.kind == "notes":
            assert after.entries[number].pitch == before.entries[number].pitch
            spans = [bank.entries[number].length for bank in (before, after)]
            assert spans[1] == pytest.approx(spans[0], abs=0.1 * tiny_bank.RATE)
    index = next(i for i, clip in enumerate(before.clips) if clip.kind == "phrases")
    sounds = [decode(bank.clips[index].audio_path, tiny_bank.RATE)[:8000] for bank in (before, after)]
    assert np.corrcoef(*sounds)[0, 1] > 0.95


def test_a_small_pack_fits_and_keeps_every_label_source_and_split(folder: Path, tmp_path: Path) -> None:
    write_pack(DataFolders(folder), tmp_path / "pack", megabytes=0.08, bit_rate=12_000)
    whole, kept = (read_manifest(f) for f in (folder, tmp_path / "pack"))
    assert len(kept) < len(whole)
    assert {(c.labels, c.source, c.split) for c in kept} == {(c.labels, c.source, c.split) for c in whole}
    size = sum(path.stat().st_size for path in (tmp_path / "pack").rglob("*.opus"))
    assert 0.04e6 < size <= 0.08e6


def test_more_room_holds_more_clips_and_the_fullest_sources_give_way(folder: Path) -> None:
    clips = read_manifest(folder)
    sizes = dict.fromkeys(clips, 1000.0)
    held = [choose_clips(clips, sizes, budget) for budget in (30e3, 50e3, 80e3)]
    for chosen, most in zip(held, (30, 50, len(clips)), strict=True):
        assert most - 4 <= len(chosen) <= most
    assert sum(clip.labels == ("noise",) for clip in held[0]) == 2


def test_a_pack_without_room_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="do not hold one clip of each"):
        write_pack(DataFolders(folder), tmp_path, megabytes=0.001)
    with pytest.raises(ValueError, match="bit_rate"):
        write_pack(DataFolders(folder), tmp_path, bit_rate=100)


def test_an_output_that_cannot_be_written_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write to the folder"):
        write_pack(DataFolders(folder), tmp_path / "file", megabytes=1)
    result = CliRunner().invoke(main, [str(tmp_path / "none"), str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "does not exist" in result.output
