"""Hostile archives, zip and tar, write nothing outside the target and do not fill the disk."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest

from adbench import UserError
from adbench.files.archive import Limits, unpack

FILES = {"Brain/test/good/img/1.png": b"one", "Brain/test/good/img/2.png": b"", "README.md": b"read me" * 100}
SMALL = Limits(entries=10, bytes=10_000, ratio=50, harmless=1000)


def make_zip(file: Path, files: dict[str, bytes], modes: dict[str, int] | None = None) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            info = zipfile.ZipInfo("x")
            info.filename = name  # which the constructor would cut at NUL
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (modes or {}).get(name, 0o100644) << 16
            archive.writestr(info, body)
    return file


def make_tar(file: Path, files: dict[str, bytes], kinds: dict[str, bytes] | None = None, mode: str = "w:gz") -> Path:
    with tarfile.open(file, mode) as archive:
        for name, body in files.items():
            info = tarfile.TarInfo(name)
            info.type = (kinds or {}).get(name, tarfile.REGTYPE)
            info.mode = 0o4777
            if info.type in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                info.linkname = body.decode()
            else:
                info.size = len(body)
            archive.addfile(info, io.BytesIO(body) if info.size else None)
    return file


def made(tmp_path: Path, kind: str, files: dict[str, bytes]) -> Path:
    return make_zip(tmp_path / "a.zip", files) if kind == "zip" else make_tar(tmp_path / f"a.{kind}", files, mode=f"w:{kind}")


def below(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "inner" / "target"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("kind", ["zip", "", "gz", "bz2", "xz"])
def test_an_honest_archive(tmp_path: Path, target: Path, kind: str) -> None:
    archive = make_tar(tmp_path / "a.tar", FILES, mode="w") if not kind else made(tmp_path, kind, FILES)
    assert unpack(archive, target, SMALL) == 3
    assert below(target) == FILES
    assert all(not stat.S_IMODE(file.stat().st_mode) & 0o7111 for file in target.rglob("*.*"))


def test_folders_of_their_own_and_dots(tmp_path: Path, target: Path) -> None:
    zipped = make_zip(tmp_path / "a.zip", {"./Brain/": b"", "./Brain/1.png": b"one"}, {"./Brain/": 0o040755})
    assert unpack(zipped, target) == 1
    tarred = make_tar(tmp_path / "a.tar", {"./Liver": b"", "./Liver/1.png": b"two"}, {"./Liver": tarfile.DIRTYPE})
    assert unpack(tarred, target) == 1
    assert below(target) == {"Brain/1.png": b"one", "Liver/1.png": b"two"}


PATHS = [
    "../evil.png",
    "a/../../evil.png",
    "/evil.png",
    "C:evil.png",
    "C:\\evil.png",
    "..\\evil.png",
    "\\\\host\\share\\evil.png",
    "a/..",
]


@pytest.mark.parametrize("kind", ["zip", "gz"])
@pytest.mark.parametrize("name", PATHS)
def test_paths_that_lead_out_are_refused(tmp_path: Path, target: Path, kind: str, name: str) -> None:
    archive = made(tmp_path, kind, {"fine.png": b"x", name: b"evil"})
    with pytest.raises(UserError, match="is absolute, leads out of the folder or is none"):
        unpack(archive, target)
    assert not list(tmp_path.rglob("*evil*"))


def test_a_name_with_nul(tmp_path: Path, target: Path) -> None:
    with pytest.raises(UserError, match="leads out of the folder or is none"):
        unpack(make_zip(tmp_path / "a.zip", {"a.png\0.exe": b"x"}), target)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_in_a_tar_are_refused(tmp_path: Path, target: Path, kind: bytes) -> None:
    files = {"out": str(tmp_path).encode(), "out/evil.png": b"evil"}
    with pytest.raises(UserError, match="'out' is a link"):
        unpack(make_tar(tmp_path / "a.tar", files, {"out": kind}), target)
    assert not list(tmp_path.rglob("*evil*"))


def test_links_in_a_zip_are_refused(tmp_path: Path, target: Path) -> None:
    files = {"out": str(tmp_path).encode(), "out/evil.png": b"evil"}
    with pytest.raises(UserError, match="'out' is a link"):
        unpack(make_zip(tmp_path / "a.zip", files, {"out": stat.S_IFLNK | 0o777}), target)
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_and_pipes_are_refused(tmp_path: Path, target: Path, kind: bytes) -> None:
    with pytest.raises(UserError, match="neither a file nor a folder"):
        unpack(make_tar(tmp_path / "a.tar", {"dev": b""}, {"dev": kind}), target)
    with pytest.raises(UserError, match="neither a file nor a folder"):
        unpack(make_zip(tmp_path / "a.zip", {"dev": b""}, {"dev": stat.S_IFIFO | 0o666}), target)
    assert list(target.iterdir()) == []


@pytest.mark.parametrize("kind", ["zip", "gz"])
@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"a.png": bytes(8_000)}, "as archives that are traps do"),  # a ratio of more than 50
        ({f"{i}.png": b"" for i in range(11)}, "more than 10 entries"),
        ({"a": b"file", "a/b.png": b"x"}, "an entry lies below a file|two of its entries are called"),
    ],
)
def test_bombs_and_nonsense(tmp_path: Path, target: Path, kind: str, files: dict[str, bytes], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        unpack(made(tmp_path, kind, files), target, SMALL)
    assert sum(map(len, below(target).values())) <= 1000


@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_too_many_bytes(tmp_path: Path, target: Path, kind: str) -> None:
    import random

    files = {f"{i}.png": random.Random(i).randbytes(4000) for i in range(3)}
    with pytest.raises(UserError, match="more than 10000 bytes|take 12000 bytes"):
        unpack(made(tmp_path, kind, files), target, SMALL)
    assert sum(map(len, below(target).values())) <= 10_000


def test_a_zip_that_lies_about_its_sizes(tmp_path: Path, target: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"a.png": bytes(900_000)})
    lie = archive.read_bytes().replace((900_000).to_bytes(4, "little"), (9).to_bytes(4, "little"))
    archive.write_bytes(lie)
    with pytest.raises(UserError, match="damaged or cut off"):
        unpack(archive, target, SMALL)
    assert sum(map(len, below(target).values())) <= 1000


@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_two_entries_of_one_name(tmp_path: Path, target: Path, kind: str) -> None:
    archive = made(tmp_path, kind, {"a.png": b"one", "./a.png": b"two"})
    with pytest.raises(UserError, match=r"two of its entries are called 'a\.png'"):
        unpack(archive, target)


@pytest.mark.parametrize("kind", ["zip", "gz", "bz2", "xz"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.95])
def test_cut_off(tmp_path: Path, target: Path, kind: str, share: float) -> None:
    import random

    archive = made(tmp_path, kind, {f"{i}.png": random.Random(i).randbytes(3000) for i in range(3)})
    body = archive.read_bytes()
    archive.write_bytes(body[: int(share * len(body))])
    with pytest.raises(UserError, match="damaged"):
        unpack(archive, target)


def test_an_encrypted_zip(tmp_path: Path, target: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"a.png": b"secret"})
    body = bytearray(archive.read_bytes())
    body[body.index(b"PK\x01\x02") + 8] |= 1
    body[6] |= 1
    archive.write_bytes(bytes(body))
    with pytest.raises(UserError, match="'a.png' is encrypted"):
        unpack(archive, target)


def test_a_page_instead_of_an_archive(tmp_path: Path, target: Path) -> None:
    page = tmp_path / "a.zip"
    page.write_text("<html>log in first</html>")
    with pytest.raises(UserError, match="damaged or cut off"):
        unpack(page, target)


def test_too_little_space(tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage(9, 9, 0))
    with pytest.raises(UserError, match="are needed in .* and 0 bytes are free"):
        unpack(make_zip(tmp_path / "a.zip", FILES), target)
    assert list(target.iterdir()) == []
