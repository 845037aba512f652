"""Which clips are chosen, and that manifests are read once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import tiny_bank

from irec_live.errors import DataError
from irec_models.data import ClipSelection, DataFolders
from irec_models.data.manifests import manifest


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bank.write_bank(tmp_path_factory.mktemp("bank"))


def test_a_selection_is_of_split_sources_and_kinds(bank: Path) -> None:
    every = ClipSelection(DataFolders(bank), None)
    assert every.clips == list(manifest.read_manifest(bank))
    assert {clip.split for clip in replace(every, split="dev").clips} == {"dev"}
    assert {clip.source for clip in replace(every, sources=("north", "south"), hold_out=("north",)).clips} == {"south"}
    kind = every.clips[0].kind
    assert {clip.kind for clip in replace(every, kinds=(kind,)).clips} == {kind}
    assert replace(every, sources=("nowhere",)).clips == []


def test_manifests_are_read_once_whatever_is_selected(bank: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    original = manifest.read_manifest
    monkeypatch.setattr(manifest, "read_manifest", lambda folder: (read.append(folder), original(folder))[1])
    folders = DataFolders(str(bank))
    assert read == []
    selection = ClipSelection(folders)
    for chosen in (selection, selection.of(("flute",)), replace(selection, split="dev")):
        assert chosen.clips
    assert manifest.read_manifests(folders) == folders.clips
    assert DataFolders(folders) is folders
    assert read == [bank]


def test_no_folder_and_no_label_are_refused(bank: Path) -> None:
    with pytest.raises(DataError, match="no data folder was given"):
        ClipSelection(DataFolders(())).clips  # noqa: B018
    with pytest.raises(DataError, match=r"no clip of split 'dev' .* has one of the labels of 'mine': shawm"):
        ClipSelection(DataFolders(bank), "dev", labels=("shawm",)).check_labels("mine")
