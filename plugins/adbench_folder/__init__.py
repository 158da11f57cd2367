"""Images of one's own as a dataset: `folder:PATH`, any tree in a layout that is known, and `manifest:FILE`, a list of images."""

from __future__ import annotations

from adbench import DatasetCard, hookimpl

CARD = DatasetCard(
    name="folder:",
    title="Folder of images",
    factory="adbench_folder.dataset:FolderDataset",
    expand="adbench_folder.naming:expand_folder",
    how_to_get=(
        "folder:PATH, or folder:NAME=PATH, wants a layout such as MVTec's (train/good, test/good, test/DEFECT, "
        "ground_truth/DEFECT/NAME_mask.png) or BMAD's ({train,valid,test}/{good,Ungood}/img, Ungood/label)."
    ),
)
MANIFEST = DatasetCard(
    name="manifest:",
    title="List of images",
    factory="adbench_folder.manifest:ManifestDataset",
    expand="adbench_folder.naming:expand_manifest",
    how_to_get=(
        "manifest:FILE, or manifest:NAME=FILE, wants a CSV, JSON lines or Parquet file with the columns path, split and label: "
        "`adbench data manifest FOLDER -o FILE` writes one."
    ),
)


@hookimpl
def adbench_datasets() -> tuple[DatasetCard, ...]:
    """The two cards."""
    return CARD, MANIFEST
