"""From a factory's name on a card to the class or function."""

from __future__ import annotations

import importlib
import sys
from contextlib import redirect_stdout
from typing import Any

from adbench.errors import UserError


def load_factory(factory: str, what: str) -> Any:
    """Import `package.module:attribute`; what the module prints meanwhile goes to stderr, as stdout is for results."""
    module, _, attribute = factory.partition(":")
    try:
        with redirect_stdout(sys.stderr):
            return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UserError(f"{what} cannot be loaded from {factory}: {error}") from error
