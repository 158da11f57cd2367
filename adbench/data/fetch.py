"""Get datasets that their authors offer as archives: what to get, and getting it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from adbench.data.archive import unpack
from adbench.dataset import DatasetArchive, DatasetCard
from adbench.downloads import DownloadError
from adbench.errors import UserError
from adbench.plan import load_factory
from adbench.registry import ALL, Registry
from adbench.transfer import fetch_url, file_sha256

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


def fetch(archive: DatasetArchive, cards: list[DatasetCard], root: Path) -> Path:
    """Download, verify and unpack an archive; its folder below the data root appears whole, or not at all.

    What an earlier try downloaded is kept in a hidden folder below the data root and used.

    Args:
        cards: the sets that it should bring.

    Raises:
        UserError: the download failed; the archive is not the published one, or not safe to unpack; its folder is there; a
            set is not found afterwards.
    """
    target, store = root / archive.folder, root / STORE
    if target.exists():
        raise UserError(
            f"{target} is there, but {cards[0].name} is not: {_absence(cards[0], root)} Move the folder away, then fetch again."
        )
    file = store / f"{archive.sha256[:12]}-{Path(urlsplit(archive.url).path).name}"
    try:
        store.mkdir(parents=True, exist_ok=True)
        if not (file.is_file() and file_sha256(file) == archive.sha256):
            fetch_url(archive.url, file, archive.sha256)
        staging = store / "unpacking"
        shutil.rmtree(staging, ignore_errors=True)  # of a try that was killed
        staging.mkdir()
        try:
            unpack(file, staging)
            target.parent.mkdir(parents=True, exist_ok=True)
            staging.rename(target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        file.unlink()
        with suppress(OSError):  # holds what came of another archive
            store.rmdir()
    except DownloadError as error:
        raise UserError(f"{archive.url} could not be downloaded: {error}.") from error
    except OSError as error:
        raise UserError(f"{root} cannot be written: {error.strerror}.") from error
    if lacking := [f"{card.name}: {reason}" for card in cards if (reason := _absence(card, root))]:
        raise UserError(f"{archive.url} is unpacked in {target}, but holds something else. {lacking[0]}")
    return target


def _absence(card: DatasetCard, root: Path) -> str | None:
    reason: str | None = load_factory(card.factory, f"The dataset {card.name}")(card, root).absence()
    return reason
