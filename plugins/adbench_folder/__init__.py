"""Any folder of images as a dataset: `folder:PATH`."""

from __future__ import annotations

from adbench import DatasetCard, hookimpl

CARD = DatasetCard(
    name="folder:",
    title="Folder of images",
    factory="adbench_folder.dataset:FolderDataset",
    how_to_get=(
        "folder:PATH wants MVTec's layout (train/good, test/good, test/DEFECT, ground_truth/DEFECT/NAME_mask.png) or "
        "BMAD's ({train,valid,test}/{good,Ungood}/img, Ungood/label)."
    ),
)


@hookimpl
def adbench_datasets() -> tuple[DatasetCard, ...]:
    """The one card."""
    return (CARD,)
