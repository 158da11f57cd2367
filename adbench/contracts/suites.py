"""What a plugin ships as files: suites in TOML, published figures in CSV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class SuiteCard:
    """A named grid of methods, datasets and tracks.

    Attributes:
        name: what the user types after `--suite`, e.g. `mvfa-table1`.
        file: the TOML with `title`, optional `datasets`, `seeds` and `preset`, and `[[grid]]` tables; read only when asked for.
    """

    name: str
    file: Path


@dataclass(frozen=True, kw_only=True)
class PublishedCard:
    """A source of published figures, which `adbench leaderboard --published` puts beside yours.

    Attributes:
        name: of the source, unique, e.g. `mvfa-paper`.
        file: a CSV, UTF-8, with the columns `source, table, method, track, k, dataset, metric, value, evidence`; `value` in
            percent if the metric lies in [0, 1], else as it is; k = 0 in tracks without k. Read only when asked for.
    """

    name: str
    file: Path
