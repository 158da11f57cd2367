"""Get datasets that their authors offer as archives: what to get, and getting it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from adbench.contracts.dataset import DatasetArchive, DatasetCard
from adbench.errors import UserError
from adbench.files.archive import unpack
from adbench.files.http import fetch_url
from adbench.files.hub import DownloadError, fetch_hub_into
from adbench.registry.cards import ALL, Registry
from adbench.registry.factories import load_factory

ORIGIN = ".adbench-archive"  # in a folder that was unpacked
STORE = ".adbench-fetch"  # below the data root: one file system, so that a set is put into place at once


@dataclass
class Wanted:
    """What is to be got.

    Attributes:
        archives: each with the cards of the sets that lack, in order.
        there: names of the sets that are there already.
        elsewhere: (name, how to get it) of sets of a group that cannot be downloaded.
    """

    archives: dict[DatasetArchive, list[DatasetCard]] = field(default_factory=dict)
    there: list[str] = field(default_factory=list)
    elsewhere: list[tuple[str, str]] = field(default_factory=list)


def wanted(registry: Registry, names: Iterable[str], root: Path) -> Wanted:
    """Names, groups and `all` (sets that are not made by a program) to archives.

    Raises:
        UserError: unknown name, or a set named by itself that cannot be downloaded.
    """
    found = Wanted()
    groups = registry.groups() | {
        ALL: [card for card in registry.datasets.values() if not card.synthetic and card.name[-1] != ":"]
    }
    cards: dict[str, DatasetCard] = {}
    for name in names:
        if name not in groups and not registry.dataset(name).archives:
            raise UserError(f"{name} cannot be downloaded. {registry.dataset(name).how_to_get}".rstrip())
        cards |= {card.name: card for card in groups.get(name, [])} or {name: registry.dataset(name)}
    for card in cards.values():
        if _absence(card, root) is None:
            found.there.append(card.name)
        elif not card.archives:
            found.elsewhere.append((card.name, card.how_to_get))
        for archive in card.archives if card.name not in found.there else ():
            found.archives.setdefault(archive, []).append(card)
    return found


def fetch(archive: DatasetArchive, root: Path) -> Path:
    """Download, verify and unpack an archive; its folder below the data root appears whole, or not at all.

    An archive that came whole is kept in a hidden folder below the data root until it is unpacked, and not downloaded again.
    Nothing is done where the folder is there and was unpacked from this archive.

    Raises:
        UserError: the download failed; the archive is not the published one, or not safe to unpack; its folder is there and
            of another origin.
    """
    target, store = root / archive.folder, root / STORE / archive.sha256[:12]
    if target.exists():
        if _origin(target) == archive.sha256:
            return target
        raise UserError(f"{target} is there, and not from {archive.source}: move it away, then fetch again.")
    try:
        store.mkdir(parents=True, exist_ok=True)
        file = _downloaded(archive, store)
        staging = store / "unpacking"
        shutil.rmtree(staging, ignore_errors=True)  # of a try that was killed
        staging.mkdir()
        try:
            unpack(file, staging)
            (staging / ORIGIN).write_text(archive.sha256)
            target.parent.mkdir(parents=True, exist_ok=True)
            staging.rename(target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        shutil.rmtree(store, ignore_errors=True)
        with suppress(OSError):  # holds what came of another archive
            store.parent.rmdir()
    except DownloadError as error:
        raise UserError(
            f"{archive.source} could not be downloaded: {error}. Run the same command again where the network allows it, or "
            "unpack a copy of your own into the data root: `adbench datasets --json` says how to get one."
        ) from error
    except OSError as error:
        raise UserError(f"{root} cannot be written: {error.strerror}.") from error
    return target


def demand_found(cards: Iterable[DatasetCard], root: Path) -> None:
    """Raise `UserError` for a set that is not there after its archives were unpacked."""
    for card in cards:
        if reason := _absence(card, root):
            raise UserError(f"{card.name} is not in what was unpacked. {reason}")


def _downloaded(archive: DatasetArchive, folder: Path) -> Path:
    """The archive's file, below the folder."""
    if archive.hub:
        return fetch_hub_into(folder, archive.hub, archive.revision, archive.sha256)
    return fetch_url(archive.url, folder / (Path(urlsplit(archive.url).path).name or "archive"), archive.sha256)


def _origin(folder: Path) -> str:
    """SHA-256 of the archive that a folder was unpacked from, or ""."""
    file = folder / ORIGIN
    return file.read_text() if file.is_file() else ""


def _absence(card: DatasetCard, root: Path) -> str | None:
    reason: str | None = load_factory(card.factory, f"The dataset {card.name}")(card, root).absence()
    return reason
