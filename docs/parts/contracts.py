"""What files, hooks and checks hold, from the classes and docstrings that define them."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterable, Iterator

from adbench.contracts import hookspecs
from adbench.contracts.metric import MetricCard
from adbench.registry.cards import Registry
from adbench.regression.baseline import BaselineCell
from adbench.results.record import CellRecord
from adbench.testing.checks import Check
from adbench.testing.suite import DATASET_CHECKS, DETECTOR_CHECKS
from parts.markdown import code, table

ATTRIBUTE = re.compile(r"(\w+(?:, \w+)*): (.*)")


def cell_fields(registry: Registry) -> str:
    """The fields of `cell.json`."""
    return _fields(CellRecord)


def baseline_fields(registry: Registry) -> str:
    """The fields of a cell in a baseline file."""
    return _fields(BaselineCell)


def figures(registry: Registry) -> str:
    """The figures of the catalogue, and of first-party plugins."""
    rows = ((f"{code(m.name)}<br>{m.title}{_remarks(m)}", m.computed, m.interval or "none") for m in registry.metrics.values())
    return table(("figure", "how it is computed", "its 95 % interval"), rows)


def _remarks(metric: MetricCard) -> str:
    remarks = [
        *([] if metric.higher_is_better else ["lower is better"]),
        *(["uses test labels"] if metric.uses_test_labels else []),
        *([f"of {module}"] if (module := metric.factory.partition(".")[0].partition(":")[0]) else []),
    ]
    return f" ({', '.join(remarks)})" if remarks else ""


def detector_checks(registry: Registry) -> str:
    """The checks of a detector."""
    return _checks(DETECTOR_CHECKS)


def dataset_checks(registry: Registry) -> str:
    """The checks of a dataset."""
    return _checks(DATASET_CHECKS)


def hooks(registry: Registry) -> str:
    """Every hook with its arguments and what it returns."""
    specs = [value for name, value in vars(hookspecs).items() if name.startswith("adbench_")]
    return "\n".join(
        _hook(spec.__name__, str(inspect.signature(spec)).replace("'", ""), inspect.getdoc(spec) or "") for spec in specs
    )


def _hook(name: str, signature: str, text: str) -> str:
    return f"## {name}\n\n```python\ndef {name}{signature}: ...\n```\n\n{text}\n"


def _checks(checks: Iterable[Check]) -> str:
    return table(("check", "what it demands", "to mend a failure"), ((code(c.name), c.what, c.mend) for c in checks))


def _fields(record: type) -> str:
    documented = {name: text for names, text in _attributes(record) for name in names}
    types = {field.name: field.type for field in dataclasses.fields(record)}
    lacking = types.keys() ^ documented.keys()
    if lacking:
        raise SystemExit(f"The docstring of {record.__name__} and its fields differ in {', '.join(sorted(lacking))}.")
    rows = ((", ".join(map(code, names)), _types(types[name] for name in names), text) for names, text in _attributes(record))
    return table(("field", "type", "meaning"), rows)


def _types(found: Iterable[object]) -> str:
    return ", ".join(dict.fromkeys(code(str(kind).replace(" | ", " or ")) for kind in found))


def _attributes(record: type) -> Iterator[tuple[list[str], str]]:
    """(names, meaning) of the section `Attributes:` of a docstring."""
    _, _, section = (inspect.getdoc(record) or "").partition("Attributes:\n")
    names: list[str] = []
    text: list[str] = []
    for line in [*section.splitlines(), "    end: "]:
        begins = ATTRIBUTE.match(line.removeprefix("    "))
        if begins and line.startswith("    ") and not line.startswith("     "):
            if names:
                yield names, " ".join(text)
            names, text = begins[1].split(", "), [begins[2]]
        else:
            text.append(line.strip())
