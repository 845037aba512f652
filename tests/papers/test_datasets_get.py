"""Fetching public data sets: resumed, verified, unpacked; from a server on this machine alone."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_datasets
from click.testing import CliRunner
from recorded_progress import RecordedProgress
from tiny_server import Server, serve

from irec_live.errors import DataError, OutputError
from irec_models.cli import main
from irec_models.data import read_manifest
from irec_papers.datasets import DATA_SETS, DataSet, Part
from irec_papers.datasets.dataset import Archive
from irec_papers.datasets.download import fetch
from irec_papers.datasets.prepare import get
from irec_papers.datasets.unpack import unpack


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "www").mkdir()
    with serve(tmp_path / "www") as running:
        yield running


def zipped(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as stream:
        for path in sorted(folder.rglob("*")):
            stream.write(path, path.relative_to(folder.parent))
    return archive


def tarred(folder: Path, archive: Path, inside: Path) -> Path:
    with tarfile.open(archive, "w:gz") as stream:
        stream.add(folder, folder.relative_to(inside) if folder != inside else ".")
    return archive


def published(server: Server, path: Path, folder: str = "") -> Archive:
    return Archive(path.name, f"{server.url}/{path.name}", hashlib.md5(path.read_bytes()).hexdigest(), folder)


@pytest.fixture
def irmas(server: Server, tmp_path: Path) -> DataSet:
    """IRMAS as small as the fixtures, with archives on the server."""
    origin = tiny_datasets.write_irmas(tmp_path / "origin")
    parts = []
    for part in DATA_SETS["irmas"].parts:
        folder = origin / part.archives[0].file.removesuffix(".zip")
        archive = published(server, zipped(folder, server.root / part.archives[0].file))
        parts.append(Part(part.name, (archive,), len(list(folder.rglob("*.wav")))))
    return replace(DATA_SETS["irmas"], parts=tuple(parts))


def test_get_ends_with_a_manifest(irmas: DataSet, tmp_path: Path) -> None:
    recorded = RecordedProgress()
    found = get(irmas, tmp_path / "here", progress=recorded)
    assert (found.clips, found.incomplete, found.absent) == (18, (), ())
    assert len(read_manifest(tmp_path / "here")) == 18
    assert list(recorded.done)[:3] == [
        f"{verb} IRMAS-TrainingData.zip" for verb in ("downloading", "verifying", "unpacking")
    ]


def test_what_is_there_is_not_fetched_again(irmas: DataSet, server: Server, tmp_path: Path) -> None:
    get(irmas, tmp_path / "here")
    server.asked.clear()
    get(irmas, tmp_path / "here")
    assert server.asked == []
    next((tmp_path / "here").rglob("*Cat-19.txt")).unlink()
    get(irmas, tmp_path / "here")
    assert server.asked == []  # the archive is still here, so it is only unpacked again


def test_a_part_alone_can_be_fetched(irmas: DataSet, server: Server, tmp_path: Path) -> None:
    found = get(irmas, tmp_path / "here", ["testing-2"])
    assert (found.clips, [path for path, _ in server.asked]) == (1, ["/IRMAS-TestingData-Part2.zip"])


@pytest.mark.parametrize("resumes", [True, False])
def test_an_interrupted_download_is_continued(server: Server, tmp_path: Path, resumes: bool) -> None:
    content = bytes(range(256)) * 4096
    (server.root / "a.zip").write_bytes(content)
    archive = published(server, server.root / "a.zip")
    server.break_after, server.resumes = 300_000, resumes
    with pytest.raises(DataError, match=r"a\.zip cannot be downloaded .* try again to continue where it stopped"):
        fetch(archive, tmp_path / "here")
    kept = (tmp_path / "here" / "a.zip.part").stat().st_size
    assert 0 < kept < len(content)
    path = fetch(archive, tmp_path / "here")
    assert path.read_bytes() == content
    assert server.asked[-1] == ("/a.zip", f"bytes={kept}-")
    assert not (tmp_path / "here" / "a.zip.part").exists()


def test_a_download_that_only_lacked_its_name_is_not_repeated(server: Server, tmp_path: Path) -> None:
    (server.root / "a.zip").write_bytes(b"whole")
    archive = published(server, server.root / "a.zip")
    (tmp_path / "a.zip.part").write_bytes(b"whole")
    assert fetch(archive, tmp_path).read_bytes() == b"whole"


def test_progress_reaches_the_whole(server: Server, tmp_path: Path) -> None:
    (server.root / "a.zip").write_bytes(b"x" * 3_000_000)
    recorded = RecordedProgress()
    fetch(replace(published(server, server.root / "a.zip"), md5=None), tmp_path, progress=recorded)
    assert {task: sum(amounts) for task, amounts in recorded.done.items()} == {"downloading a.zip": 3_000_000}
    assert recorded.totals == {"downloading a.zip": 3_000_000}


def test_a_wrong_checksum_is_one_sentence_and_nothing_is_unpacked(server: Server, tmp_path: Path) -> None:
    (server.root / "a.zip").write_bytes(b"other content")
    archive = replace(published(server, server.root / "a.zip"), md5="0" * 32)
    with pytest.raises(DataError, match=r"has the checksum [0-9a-f]{32}, expected 0{32}; delete it"):
        fetch(archive, tmp_path)
    assert not (tmp_path / "a.zip").exists()


def test_no_network_is_one_sentence(tmp_path: Path) -> None:
    archive = Archive("a.zip", "http://127.0.0.1:9/a.zip", "0" * 32)
    with pytest.raises(DataError, match=r"cannot be downloaded from http://127\.0\.0\.1:9/a\.zip: .*put the file into"):
        fetch(archive, tmp_path)


def test_an_archive_that_is_gone_is_one_sentence(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Not Found"):
        fetch(Archive("a.zip", f"{server.url}/a.zip", None), tmp_path)


def test_a_folder_that_cannot_be_written_is_one_sentence(server: Server, tmp_path: Path) -> None:
    (server.root / "a.zip").write_bytes(b"x")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        fetch(published(server, server.root / "a.zip"), tmp_path / "file" / "here")


def test_an_archive_with_too_few_clips_is_told(irmas: DataSet, tmp_path: Path) -> None:
    parts = (replace(irmas.parts[0], clips=99), *irmas.parts[1:])
    with pytest.raises(DataError, match="has 14 clips, expected 99; delete what was unpacked"):
        get(replace(irmas, parts=parts), tmp_path / "here")


def test_tables_and_tarballs_find_their_folders(server: Server, tmp_path: Path) -> None:
    origin = tiny_datasets.write_medley_solos(tmp_path / "origin")
    table = server.root / "Medley-solos-DB_metadata.csv"
    table.write_bytes((origin / "annotation" / table.name).read_bytes())
    sound = tarred(origin / "audio", server.root / "Medley-solos-DB.tar.gz", origin / "audio")
    archives = (published(server, table, "annotation"), published(server, sound, "audio"))
    part = Part("all", archives, len(tiny_datasets.MEDLEY_SOLOS_DB))
    found = get(replace(DATA_SETS["medley-solos-db"], parts=(part,)), tmp_path / "here")
    assert found.clips == len(tiny_datasets.MEDLEY_SOLOS_DB)
    assert (tmp_path / "here" / "annotation" / table.name).is_file()


def test_archives_without_published_checksum_are_still_checked(server: Server, tmp_path: Path) -> None:
    origin = tiny_datasets.write_nsynth(tmp_path / "origin")
    path = tarred(origin / "nsynth-test", server.root / "nsynth-test.jsonwav.tar.gz", origin)
    content = bytearray(path.read_bytes())
    content[-6] ^= 0xFF  # gzip's own checksum of all that is inside
    path.write_bytes(content)
    archive = replace(published(server, path), md5=None)
    data_set = replace(DATA_SETS["nsynth"], parts=(Part("test", (archive,), 1),))
    with pytest.raises(DataError, match="cannot be unpacked: CRC check failed"):
        get(data_set, tmp_path / "here")


@pytest.mark.parametrize("cut", [10, 200])
def test_a_cut_tarball_is_one_sentence(tmp_path: Path, cut: int) -> None:
    root = tiny_datasets.write_nsynth(tmp_path / "origin")
    path = tarred(root / "nsynth-test", tmp_path / "a.tar.gz", root)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack(path, tmp_path / "here")


def test_a_zip_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK nothing")
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack(tmp_path / "a.zip", tmp_path / "here")


def test_no_archive_writes_outside_its_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as stream:
        stream.writestr("../outside.txt", "x")
    with gzip.open(tmp_path / "a.tgz", "wb") as plain, tarfile.open(fileobj=plain, mode="w|") as archive:
        entry = tarfile.TarInfo("../outside.txt")
        entry.size = 1
        archive.addfile(entry, io.BytesIO(b"x"))
    for name in ("a.zip", "a.tgz"):
        with pytest.raises(DataError, match="outside"):
            unpack(tmp_path / name, tmp_path / "here")
    assert not (tmp_path / "outside.txt").exists()


def test_names_with_accents_survive_zips_that_do_not_tell_their_encoding(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as stream:
        stream.writestr("Fur Elise.txt", "x")
    raw = (tmp_path / "a.zip").read_bytes().replace(b"Fur Elise", "Für Elis".encode())
    (tmp_path / "a.zip").write_bytes(raw)
    unpack(tmp_path / "a.zip", tmp_path / "here")
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["Für Elis.txt"]


def test_the_command_says_what_is_wrong_with_a_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive("a.zip", "http://127.0.0.1:9/a.zip", "0" * 32)
    monkeypatch.setitem(DATA_SETS, "irmas", replace(DATA_SETS["irmas"], parts=(Part("training", (archive,), 1),)))
    result = CliRunner().invoke(main, ["data", "get", "irmas", "--dir", str(tmp_path / "irmas")])
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert "a.zip cannot be downloaded" in result.stderr
