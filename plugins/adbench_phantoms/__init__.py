"""Six procedural look-alikes of BMAD's sets: nothing is downloaded, and figures on them say nothing about medicine."""

from __future__ import annotations

from adbench import DatasetCard, hookimpl

COUNTS = {"train/normal": 40, "valid/normal": 16, "valid/abnormal": 16, "test/normal": 30, "test/abnormal": 30}


def _card(name: str, title: str, modality: str, class_name: str, has_masks: bool = False) -> DatasetCard:
    return DatasetCard(
        name=name,
        title=title,
        factory="adbench_phantoms.dataset:PhantomDataset",
        groups=("phantoms",),
        modality=modality,
        class_name=class_name,
        has_masks=has_masks,
        synthetic=True,
        counts=COUNTS,
        how_to_get="It is generated: nothing to get.",
        citation="adbench; procedural, after the sets of BMAD (arXiv 2306.11876)",
        licence="as adbench",
    )


CARDS = (
    _card("phantom-brain", "Phantom brain MRI", "MRI", "Brain", has_masks=True),
    _card("phantom-liver", "Phantom liver CT", "CT", "Liver", has_masks=True),
    _card("phantom-resc", "Phantom retinal OCT, RESC", "OCT", "retinal OCT", has_masks=True),
    _card("phantom-oct17", "Phantom retinal OCT, OCT2017", "OCT", "retinal OCT"),
    _card("phantom-chest", "Phantom chest X-ray", "X-ray", "Chest X-ray film"),
    _card("phantom-his", "Phantom histopathology", "histopathology", "histopathological image"),
)


@hookimpl
def adbench_datasets() -> tuple[DatasetCard, ...]:
    """The six cards."""
    return CARDS
