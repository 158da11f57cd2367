"""Named weights: given by the user, embedded, cached or downloaded; always verified, never unpickled unsafely."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from adbench.contracts.weights import WeightsCard
from adbench.errors import UserError, did_you_mean
from adbench.files.cache import cache_root

if TYPE_CHECKING:
    import torch


class WeightsResolver:
    """Finds the file behind a name: what a detector gets as `ctx.weights`.

    A name is looked up among the files that the user gave, those that ship in a package, the local caches, and last on
    the network. Names without a card are looked up among those that open_clip, timm and torchvision publish.

    Args:
        cards: name to card.
        given: name to file, from `--weights NAME=PATH`; any name will do, and the file may differ from the
            published one (its own hash becomes part of a cell's identity).
        offline: never touch the network.
        cache: folder of downloads; None = `weights` in the cache folder of adbench. Files of the model hub are kept
            in the hub's own cache, which timm and open_clip share.
    """

    def __init__(
        self,
        cards: Mapping[str, WeightsCard],
        given: Mapping[str, Path] | None = None,
        offline: bool = False,
        cache: Path | None = None,
    ) -> None:
        self._cards = dict(cards)
        self._given = {name: Path(path).expanduser() for name, path in (given or {}).items()}
        self._offline = offline
        self._cache = cache
        self._failures: dict[str, str] = {}

    @property
    def given(self) -> Mapping[str, Path]:
        """Name to file, as the user gave them."""
        return self._given

    def path(self, name: str) -> Path:
        """The verified local file of these weights. Raises `UserError` that names the file, the URL and the option."""
        if name in self._given:
            return _given_file(name, self._given[name])
        card = self.card(name)
        if card.embedded:
            return _embedded_file(card)
        found = self._cached(card)
        return _verified(card, found) if found else self._download(card)

    def sha256(self, name: str) -> str:
        """Hex digest of the file; part of a cell's identity."""
        return _digest(self.path(name))

    def state_dict(self, name: str, *, as_stored: bool = False) -> dict[str, torch.Tensor]:
        """Tensors on the CPU, in the file's own precision, from safetensors or `torch.load(weights_only=True)`.

        What training code put around them is removed: wrappers such as `{"state_dict": {...}}`, and prefixes such as
        `module.` that all names share. Nested dictionaries are flattened with dots.

        Args:
            name: of the weights.
            as_stored: keep the prefixes, for a network whose own names all begin with one.
        """
        from adbench.files.tensors import read_state_dict

        path = self.path(name)
        try:
            return read_state_dict(path, as_stored=as_stored)
        except UserError as error:
            raise UserError(f"Weights {name!r}: {error}") from error

    def status(self, name: str) -> str:
        """Where these weights would come from, for listings; downloads nothing, checks no hash.

        The path of a file of the model hub holds its commit: `.../snapshots/COMMIT/FILE`.
        """
        if name in self._given:
            return f"given: {self._given[name]}"
        card = self.card(name)
        if card.embedded:
            return "embedded"
        found = self._cached(card)
        if found:
            return f"cached: {found}"
        if not card.source:
            return f"must be given: --weights {name}=PATH"
        return f"{'not cached, and offline' if self._offline else 'to download'}: {card.source}"

    def card(self, name: str) -> WeightsCard:
        """The card of a name, from a plugin or from what other libraries publish. Raises `UserError` if unknown."""
        if name in self._cards:
            return self._cards[name]
        from adbench.weights.catalogues import close_published_name, published_card

        card = published_card(name)
        if card is None:
            close = close_published_name(name)
            hint = did_you_mean(name, [close] if close else self._cards)
            raise UserError(f"No weights are called {name!r}.{hint} Or give a file with --weights {name}=PATH.")
        return card

    def _cached(self, card: WeightsCard) -> Path | None:
        file = self._folder() / card.file
        if file.is_file():
            return file
        if not card.hub:
            return None
        from adbench.files.hub import cached_hub_file

        return cached_hub_file(card.hub, card.revision)

    def _download(self, card: WeightsCard) -> Path:
        if card.name not in self._failures:
            from adbench.files.hub import DownloadError

            try:
                return _verified(card, self._fetch(card))
            except DownloadError as error:
                # Remembered: every cell of a run asks again, and a network that is down is slow to fail.
                self._failures[card.name] = str(error)
        raise UserError(
            f"Weights {card.name!r} are not on this machine{self._failures[card.name]}: get {card.file} from "
            f"{card.source or 'its authors'} and give it with --weights {card.name}=PATH."
        )

    def _fetch(self, card: WeightsCard) -> Path:
        from adbench.files.http import fetch_url
        from adbench.files.hub import DownloadError, fetch_hub

        if self._offline:
            raise DownloadError(", and --offline forbids a download")
        reasons = []
        if card.hub:
            try:
                return fetch_hub(card.hub, card.revision)
            except DownloadError as error:
                reasons.append(str(error))
        if card.url:
            try:
                return fetch_url(card.url, self._folder() / card.file, card.sha256)
            except DownloadError as error:
                reasons.append(str(error))
        if not reasons:
            raise DownloadError(" and have no known source")
        raise DownloadError(f" and could not be downloaded ({'; '.join(reasons)})")

    def _folder(self) -> Path:
        return self._cache or cache_root() / "weights"


def _given_file(name: str, path: Path) -> Path:
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise UserError(f"--weights {name}={path}: the file {what}.")
    return path


def _embedded_file(card: WeightsCard) -> Path:
    from importlib.resources import files

    package, _, file = card.embedded.partition(":")
    path = Path(str(files(package).joinpath(file)))
    if not path.is_file():
        raise UserError(f"The embedded weights {card.name!r} ({path}) are missing: reinstall adbench.")
    return _verified(card, path)


def _verified(card: WeightsCard, path: Path) -> Path:
    if card.sha256 and _digest(path) != card.sha256:
        raise UserError(
            f"{path} does not have the published SHA-256 of weights {card.name!r} ({card.sha256}): delete it to download "
            f"it again, or give the right file with --weights {card.name}=PATH."
        )
    return path


def _digest(path: Path) -> str:
    from adbench.files.hashes import content_hashes

    return content_hashes([path])[path]
