"""A test plugin: a set that declares its shared subjects, and one with an outdated declaration."""

from __future__ import annotations

import toyplugin

import adbench

REASON = "the published split shares subjects"


def _card(name: str, **checks: str) -> adbench.DatasetCard:
    exempt = {check.replace("_", "-"): reason for check, reason in checks.items()}
    return adbench.DatasetCard(
        name=name, title=name, factory=f"{toyplugin.__name__}:ToySet", has_masks=True, expected_failed_checks=exempt
    )


@adbench.hookimpl
def adbench_datasets() -> list[adbench.DatasetCard]:
    """Both."""
    return [_card("honest", groups_disjoint=REASON), _card("outdated", train_normal="its train split has lesions")]
