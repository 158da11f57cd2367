"""What the cards say: methods with their parameters, datasets, weights, and the suites that come along."""

from __future__ import annotations

import dataclasses
from typing import Any

from adbench.contracts.dataset import DatasetCard
from adbench.contracts.detector import DetectorCard
from adbench.planning.suites import read_suite
from adbench.registry.cards import Registry
from parts.markdown import anchor, code, table


def methods(registry: Registry) -> str:
    """A table of all methods, and a section for each."""
    cards = list(registry.detectors.values())
    rows = (
        (
            f"[{code(card.name)}](#{anchor(card.name)})",
            card.title,
            ", ".join(card.tracks),
            "yes" if card.gives_maps else "no",
            _marks(card),
        )
        for card in cards
    )
    overview = table(("name", "method", "tracks, the usual one first", "maps", "marks"), rows)
    return "\n".join([overview, *(_method(card) for card in cards)])


def _marks(card: DetectorCard) -> str:
    usual = card.parameters()
    marks = [card.checkpoint(usual)] if card.checkpoint(usual) != "last" else []
    return ", ".join(marks + (["transductive"] if card.is_transductive(usual) else []))


def _method(card: DetectorCard) -> str:
    facts = [
        ("Source", f"{card.citation} [{card.url}]({card.url})" if card.url else card.citation),
        ("Licence", card.licence),
        ("Needs masks", "yes" if card.needs_masks else ""),
        ("Measured anew with another version of", ", ".join(map(code, card.packages))),
        ("Differences from the original", card.notes),
        ("Checks expected to fail", _expected(card)),
    ]
    parts = [f"## {card.title} {{ #{anchor(card.name)} }}\n", *(f"**{name}**: {text}\n" for name, text in facts if text)]
    if dataclasses.fields(card.parameters):
        parts.append(
            table(
                ("parameter", "default", "demo", "what it does"),
                (_parameter(card, f) for f in dataclasses.fields(card.parameters)),
            )
        )
    return "\n".join(parts)


def _expected(card: DetectorCard | DatasetCard) -> str:
    return "; ".join(f"{code(check)}: {reason}" for check, reason in card.expected_failed_checks.items())


def _parameter(card: DetectorCard, field: dataclasses.Field[Any]) -> tuple[str, str, str, str]:
    demo = card.presets.get("demo", {})
    other = _value(demo[field.name]) if field.name in demo else ""
    return code(f"{card.name}.{field.name}"), _value(field.default), other, field.metadata.get("help", "")


def _value(value: Any) -> str:
    # As it is typed after --set.
    return code(",".join(map(str, value)) if isinstance(value, tuple | list) else value)


def datasets(registry: Registry) -> str:
    """A table of all sets, and a section for each group and each set outside one."""
    rows = (
        (
            f"[{code(card.name)}](#{anchor(card.name)})",
            card.title,
            card.modality,
            ", ".join(map(code, card.groups)),
            "yes" if card.has_masks else "no",
        )
        for card in registry.datasets.values()
    )
    overview = table(("name", "dataset", "modality", "groups", "masks"), rows)
    return "\n".join([overview, *(_dataset(card) for card in registry.datasets.values())])


def _dataset(card: DatasetCard) -> str:
    facts = [
        ("Source", f"{card.citation} [{card.url}]({card.url})" if card.url else card.citation),
        ("Licence", card.licence),
        ("How to get it", card.how_to_get),
        ("Named in prompts", card.class_name),
        ("Checks expected to fail", _expected(card)),
        ("Published counts", ", ".join(f"{code(name)} {count}" for name, count in card.counts.items())),
    ]
    return "\n".join(
        [f"## {card.title} {{ #{anchor(card.name)} }}\n", *(f"**{name}**: {text}\n" for name, text in facts if text)]
    )


def weights(registry: Registry) -> str:
    """A table of the named weights."""
    rows = (
        (code(card.name), "embedded" if card.embedded else card.source or "must be given", card.licence, card.notes)
        for card in registry.weights.values()
    )
    return table(("name", "from", "licence", "notes"), rows)


def suites(registry: Registry) -> str:
    """A table of the suites that first-party plugins bring."""
    read = {name: read_suite(name, registry) for name in registry.suites}
    return table(("suite", "what it runs"), ((code(name), suite.get("title", "")) for name, suite in read.items()))
