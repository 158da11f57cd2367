"""`adbench data manifest NAME -o FILE`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adbench.cli.console import print_grid, registry_with_warnings, say_warning
from adbench.cli.options import with_reading
from adbench.contracts.dataset import Reading
from adbench.errors import UserError

if TYPE_CHECKING:
    from adbench.data.accounting import Scan
    from adbench.registry.cards import Registry

NAME = "manifest"
OF_FOLDERS = "folder:"


@with_reading("value_range", "window")
def command(
    name: Annotated[str, typer.Argument(help="A folder, or a set that lies on disk.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The file to write: .csv, .jsonl or .parquet.")],
    data_root: Annotated[Path | None, typer.Option(envvar="ADBENCH_DATA", help="Folder with the datasets.")] = None,
    reading: Reading = Reading(),
) -> None:
    """List which file of a set is what, to correct it by hand. `--datasets manifest:FILE` then reads the list.

    What could not be told has an empty split and label, and a reason. An existing file is not replaced.
    """
    from adbench.data.manifest import write_manifest
    from adbench.words import counted

    scan = _scan(registry_with_warnings(), name, data_root, reading)
    write_manifest(scan, out)
    print_grid(("folder", "used as", "split", "label", "files", "why"), [tuple(map(str, row)) for row in scan.table()])
    listed = sum(map(len, scan.items.values()))
    print(f"{out}: {counted(listed, 'image')} with split and label, {counted(len(scan.left_out), 'file')} left out.")


def _scan(registry: Registry, name: str, root: Path | None, reading: Reading) -> Scan:
    """What is in a set. A tree that cannot be interpreted has only files that are left out."""
    from adbench.data.disk import DiskDataset
    from adbench.data.scanning import unread
    from adbench.registry.factories import expand_card, load_factory

    is_folder = Path(name).expanduser().is_dir() and name not in registry.datasets
    cards = expand_card(registry.dataset(f"{OF_FOLDERS}{name}" if is_folder else name), root)
    if len(cards) > 1:
        raise UserError(f"{name} holds several sets ({', '.join(card.name for card in cards)}): name one, {cards[0].argument}.")
    card = replace(cards[0], reading=reading)
    dataset = load_factory(card.factory, f"The dataset {card.name}")(card, root)
    if not isinstance(dataset, DiskDataset):
        raise UserError(f"{name} does not lie on disk as files of images: there is nothing to list.")
    try:
        scan = dataset.found
    except UserError as error:
        if not is_folder:
            raise
        say_warning(str(error))
        return unread(Path(card.argument))
    for problem in (*scan.problems, *scan.mask_problems):
        say_warning(problem)
    return scan
