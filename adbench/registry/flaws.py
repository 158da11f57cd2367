"""Check what a hook returned: one bad card must not break every list it would appear in."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from adbench.contracts import hookspecs
from adbench.contracts.metric import MetricCard
from adbench.contracts.weights import WeightsCard


def checked(hook: str, returned: Any) -> list[Any]:
    """The cards of all implementations of a hook in one list, equal weights cards once.

    Args:
        hook: its name.
        returned: one iterable of cards per implementation.

    Raises:
        TypeError, ValueError: something is not a card of this hook, a field has the wrong type, or two cards share a name.
    """
    kind = hookspecs.KINDS[hook]
    cards: dict[str, Any] = {}
    for part in returned if isinstance(returned, list) else [returned]:
        if not isinstance(part, Iterable) or isinstance(part, str | bytes | Mapping):
            raise TypeError(f"{part!r} is not a list of {kind.__name__}")
        for card in part:
            if not isinstance(card, kind):
                raise TypeError(f"{card!r} is not a {kind.__name__}")
            if flaw := _flaw(card):
                raise TypeError(f"a {kind.__name__} has {flaw}")
            _add(card, cards)
    return list(cards.values())


def _add(card: Any, cards: dict[str, Any]) -> None:
    if card.name in cards and not same_weights(card, cards[card.name]):
        raise ValueError(f"two cards are called {card.name!r}")
    cards.setdefault(card.name, card)


def same_weights(card: Any, other: Any) -> bool:
    """Whether two cards are of the same weights: plugins that share weights each ship the card, so none needs another."""
    return isinstance(card, WeightsCard) and card == other


def _flaw(card: Any) -> str:
    """The first field of the wrong type, in words, or "". Only types that every listing relies on are checked."""
    if not (isinstance(card.name, str) and card.name.strip()):
        return f"the name {card.name!r}"
    if isinstance(card, MetricCard) and not re.fullmatch("[a-z0-9_]+", card.name):
        return f"the name {card.name!r}: use only lower-case letters, digits and underscores"
    for field in dataclasses.fields(card):
        value, wanted = getattr(card, field.name), str(field.type)
        right = {
            "str": isinstance(value, str),
            "bool": isinstance(value, bool),
            "Path": isinstance(value, Path),
            "tuple[str, ...]": isinstance(value, tuple | list) and all(isinstance(part, str) for part in value),
        }.get(wanted, isinstance(value, Mapping) or not wanted.startswith("Mapping"))
        if not right:
            return f"{field.name} = {value!r}, which is not {wanted}"
    return ""
