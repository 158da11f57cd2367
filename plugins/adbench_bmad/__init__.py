"""The six sets of BMAD, benchmarks for medical anomaly detection (Bao et al., CVPR workshops 2024, arXiv 2306.11876)."""

from __future__ import annotations

from collections.abc import Mapping

from adbench import DatasetArchive, DatasetCard, hookimpl

URL = "https://github.com/DorisBao/BMAD"
LICENCE = "CC BY-NC-SA 4.0, on top of the terms of each source"

# All six sets, as anomalib downloads them. The hash pins the content: the branch may move, and then nothing is unpacked.
ARCHIVE = DatasetArchive(
    hub="datasets/code-dev05/BMAD:bmad.zip",
    sha256="df655def31f3f638a91c567550de54d6e45a74b2368f666c13a6a3052c063165",
    folder="BMAD",
)


def _card(
    name: str,
    title: str,
    modality: str,
    class_name: str,
    list_name: str,
    source: str,
    counts: Mapping[str, int],
    has_masks: bool = False,
) -> DatasetCard:
    return DatasetCard(
        name=name,
        title=title,
        factory="adbench_bmad.dataset:BmadDataset",
        groups=("bmad",),
        modality=modality,
        class_name=class_name,
        list_name=list_name,
        has_masks=has_masks,
        counts=counts,
        how_to_get=f"`adbench data fetch bmad` gets all six sets ({LICENCE}; source: {source}); or get it from the BMAD page, {URL}, and "
        "unpack it into the data root.",
        citation=f"Bao et al., BMAD: Benchmarks for Medical Anomaly Detection, CVPR workshops 2024; {source}",
        url=URL,
        licence=LICENCE,
        archives=(ARCHIVE,),
    )


CARDS = (
    _card(
        "bmad-brain",
        "BMAD Brain MRI",
        modality="MRI",
        class_name="Brain",
        list_name="Brain",
        source="BraTS2021",
        has_masks=True,
        counts={
            "train/normal": 7500,
            "valid/normal": 39,
            "valid/abnormal": 44,
            "test/normal": 640,
            "test/abnormal": 3075,
        },
    ),
    _card(
        "bmad-liver",
        "BMAD Liver CT",
        modality="CT",
        class_name="Liver",
        list_name="Liver",
        source="BTCV and LiTS",
        has_masks=True,
        counts={
            "train/normal": 1542,
            "valid/normal": 93,
            "valid/abnormal": 73,
            "test/normal": 833,
            "test/abnormal": 660,
        },
    ),
    _card(
        "bmad-resc",
        "BMAD Retinal OCT, RESC",
        modality="OCT",
        class_name="retinal OCT",
        list_name="Retina_RESC",
        source="RESC",
        has_masks=True,
        counts={
            "train/normal": 4297,
            "valid/normal": 45,
            "valid/abnormal": 70,
            "test/normal": 1041,
            "test/abnormal": 764,
        },
    ),
    _card(
        "bmad-oct17",
        "BMAD Retinal OCT, OCT2017",
        modality="OCT",
        class_name="retinal OCT",
        list_name="Retina_OCT2017",
        source="OCT2017",
        counts={
            "train/normal": 26315,
            "valid/normal": 8,
            "valid/abnormal": 24,
            "test/normal": 242,
            "test/abnormal": 726,
        },
    ),
    _card(
        "bmad-chest",
        "BMAD Chest X-ray",
        modality="X-ray",
        class_name="Chest X-ray film",
        list_name="Chest",
        source="RSNA",
        counts={
            "train/normal": 8000,
            "valid/normal": 70,
            "valid/abnormal": 1420,
            "test/normal": 781,
            "test/abnormal": 16413,
        },
    ),
    _card(
        "bmad-his",
        "BMAD Histopathology",
        modality="histopathology",
        class_name="histopathological image",
        list_name="Histopathology",
        source="Camelyon16",
        counts={"train/normal": 5088, "valid": 236, "test": 1997},
    ),
)


@hookimpl
def adbench_datasets() -> tuple[DatasetCard, ...]:
    """The six cards."""
    return CARDS
