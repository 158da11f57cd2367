"""The sets of MedIAnomaly (Cai et al., Medical Image Analysis 2025, arXiv 2404.04518). None of them has a `valid`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from adbench import DiskDataset, Reading, Scan
from adbench_medical import brats, camelyon, datajson, isic
from adbench_medical.places import located

# The folder of all seven, as `plain` gives it.
ABOVE = frozenset({"medianomaly_data"})


class Form(NamedTuple):
    """How a set is released.

    Attributes:
        folder: what its folder is called, as `plain` gives it.
        fault: why a folder of that name is not the set, or "".
        find: what lies in it, by the name of the set and its folder.
    """

    folder: str
    fault: Callable[[Path], str]
    find: Callable[[str, Path, Reading], Scan]


FORMS = {
    "medianomaly-rsna": Form("rsna", datajson.fault, datajson.find),
    "medianomaly-vincxr": Form("vincxr", datajson.fault, datajson.find),
    "medianomaly-braintumor": Form("braintumor", datajson.fault, datajson.find),
    "medianomaly-lag": Form("lag", datajson.fault, datajson.find),
    "medianomaly-isic2018": Form("isic2018_task3", isic.fault, isic.find),
    "medianomaly-camelyon16": Form("camelyon16", camelyon.fault, camelyon.find),
    "medianomaly-brats2021": Form("brats2021", brats.fault, brats.find),
}


class MedianomalyDataset(DiskDataset):
    """One of the seven sets, in the data root or its MedIAnomaly-Data; `group` is the subject where file names tell it."""

    def find(self) -> Scan:
        """Look through the set's folder. Raises `UserError` where there is none, it lacks a part, or its list is wrong."""
        form = FORMS[self.card.name]
        folder = located(self.card, self.root, (form.folder,), form.fault, ABOVE)
        return form.find(self.card.name, folder, self.card.reading)
