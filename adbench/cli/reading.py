"""How the files of sets are to be read: options that several commands share, as `adbench run` has them."""

from __future__ import annotations

import inspect
import re
from typing import Annotated

import typer

from adbench.planning.options import RunOptions

# The lines of its docstring: name to what the command line shows.
OPTION_HELP = {
    name: text[0].upper() + text[1:] for name, text in re.findall(r"^ +(\w+): (.+)$", inspect.getdoc(RunOptions) or "", re.M)
}

ValueRange = Annotated[str | None, typer.Option("--range", help=OPTION_HELP["value_range"])]
Window = Annotated[str, typer.Option("--window", help=OPTION_HELP["window"])]
Axis = Annotated[int, typer.Option("--axis", help=OPTION_HELP["axis"])]
MaskValues = Annotated[str, typer.Option("--mask-values", help=OPTION_HELP["mask_values"])]
NormalNames = Annotated[str, typer.Option("--normal-name", help=OPTION_HELP["normal_names"])]
