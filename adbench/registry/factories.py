"""From a factory's name on a card to the class or function."""

from __future__ import annotations

import importlib
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from adbench.contracts.dataset import DatasetCard
from adbench.errors import UserError


def load_factory(factory: str, what: str) -> Any:
    """Import `package.module:attribute`; what the module prints meanwhile goes to stderr, as stdout is for results."""
    module, _, attribute = factory.partition(":")
    try:
        with redirect_stdout(sys.stderr):
            return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UserError(f"{what} cannot be loaded from {factory}: {error}") from error


def expand_card(card: DatasetCard, root: Path | None) -> list[DatasetCard]:
    """The sets that a card with an argument stands for, each under the name that it has in records: one, or several categories.

    Raises:
        UserError: the plugin says so, or fails.
    """
    if not (card.expand and card.argument):
        return [card]
    try:
        return list(load_factory(card.expand, f"The dataset {card.name}")(card, root))
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{card.name}: its plugin failed: {type(error).__name__}: {error}") from error
