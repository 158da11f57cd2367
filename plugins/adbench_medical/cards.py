"""What is known of the sets: their source, terms, published counts, and how to get them."""

from __future__ import annotations

from collections.abc import Mapping

from adbench import DatasetCard

MEDIANOMALY_URL = "https://github.com/caiyu6666/MedIAnomaly"
MEDIANOMALY_DATA = "https://zenodo.org/records/12677223"
ISIC_DATA = "https://challenge.isic-archive.com/data/#2018"
OWN_SPLIT = "The split is adbench's own, since none was published"


def _medianomaly(
    name: str,
    title: str,
    modality: str,
    class_name: str,
    source: str,
    licence: str,
    folder: str,
    counts: Mapping[str, int] | None = None,
    has_masks: bool = False,
    data: str = MEDIANOMALY_DATA,
) -> DatasetCard:
    return DatasetCard(
        name=f"medianomaly-{name}",
        title=f"MedIAnomaly {title}",
        factory="adbench_medical.medianomaly:MedianomalyDataset",
        groups=("medianomaly",),
        modality=modality,
        class_name=class_name,
        has_masks=has_masks,
        counts=counts or {},
        how_to_get=f"Get {folder} from {data} ({licence}), as {MEDIANOMALY_URL} says, and unpack it as MedIAnomaly-Data/{folder} "
        "into the data root.",
        citation="Cai et al., MedIAnomaly: A comparative study of anomaly detection in medical images, Medical Image Analysis 2025; "
        f"{source}",
        url=MEDIANOMALY_URL,
        licence=licence,
    )


MEDIANOMALY = (
    _medianomaly(
        "rsna",
        "RSNA",
        modality="X-ray",
        class_name="Chest X-ray film",
        source="RSNA Pneumonia Detection Challenge 2018",
        licence="the terms of the RSNA challenge",
        folder="RSNA",
        counts={"train/normal": 3851, "test/normal": 1000, "test/abnormal": 1000},
    ),
    _medianomaly(
        "vincxr",
        "VinCXR",
        modality="X-ray",
        class_name="Chest X-ray film",
        source="Nguyen et al., VinDr-CXR, Scientific Data 2022",
        licence="the terms of VinDr-CXR, which want credentials of its users",
        folder="VinCXR",
        counts={"train/normal": 4000, "test/normal": 1000, "test/abnormal": 1000},
    ),
    _medianomaly(
        "braintumor",
        "Brain Tumor",
        modality="MRI",
        class_name="Brain",
        source="Nickparvar, Brain Tumor MRI Dataset, Kaggle 2021",
        licence="the terms of the set on Kaggle",
        folder="BrainTumor",
    ),
    _medianomaly(
        "lag",
        "LAG",
        modality="fundus photograph",
        class_name="retinal fundus",
        source="Li et al., Attention based glaucoma detection, CVPR 2019",
        licence="the terms of LAG, for research",
        folder="LAG",
    ),
    _medianomaly(
        "isic2018",
        "ISIC 2018",
        modality="dermatoscopy",
        class_name="skin",
        source="Tschandl et al., The HAM10000 dataset, Scientific Data 2018; Codella et al., ISIC 2018, arXiv 1902.03368",
        licence="CC BY-NC 4.0",
        folder="ISIC2018_Task3",
        counts={"train/normal": 6705, "test/normal": 909, "test/abnormal": 603},
        data=ISIC_DATA,
    ),
    _medianomaly(
        "camelyon16",
        "Camelyon16",
        modality="histopathology",
        class_name="histopathological image",
        source="Ehteshami Bejnordi et al., Camelyon16, JAMA 2017; as cut by BMAD",
        licence="the terms of Camelyon16 and BMAD",
        folder="Camelyon16",
    ),
    _medianomaly(
        "brats2021",
        "BraTS 2021",
        modality="MRI",
        class_name="Brain",
        source="Baid et al., BraTS 2021, arXiv 2107.02314",
        licence="the terms of BraTS 2021",
        folder="BraTS2021",
        has_masks=True,
    ),
)

KAGGLE_BRAIN = DatasetCard(
    name="kaggle-brain",
    title="Brain MRI of Kaggle",
    factory="adbench_medical.kaggle_brain:KaggleBrainDataset",
    modality="MRI",
    class_name="Brain",
    # Of 98 images of `no` and 155 of `yes`.
    counts={"train/normal": 49, "valid/normal": 14, "valid/abnormal": 31, "test/normal": 35, "test/abnormal": 124},
    how_to_get="Get `Brain MRI Images for Brain Tumor Detection` from its page on Kaggle, and put its folders `yes` and `no` into a "
    "folder kaggle-brain of the data root.",
    citation=f"Chakrabarty, Brain MRI Images for Brain Tumor Detection, Kaggle 2019. {OWN_SPLIT}",
    url="https://www.kaggle.com/datasets/navoneel/brain-mri-images-for-brain-tumor-detection",
    licence="the terms of the set on Kaggle; its page does not say where the images are from",
)

BUSI = DatasetCard(
    name="busi",
    title="BUSI breast ultrasound",
    factory="adbench_medical.busi:BusiDataset",
    modality="ultrasound",
    class_name="breast ultrasound",
    has_masks=True,
    # Of 133 normal, 437 benign and 210 malignant images.
    counts={"train/normal": 66, "valid/normal": 20, "valid/abnormal": 129, "test/normal": 47, "test/abnormal": 518},
    how_to_get="Get Dataset_BUSI_with_GT from the page of Cairo University, and unpack it into the data root; some of its images are "
    "there twice, also as benign and malignant, and `adbench data verify busi` lists them.",
    citation="Al-Dhabyani et al., Dataset of breast ultrasound images, Data in Brief 28, 2020; on its doubled images Pawłowska et "
    f"al., Data in Brief 48, 2023. {OWN_SPLIT}",
    url="https://scholar.cu.edu.eg/?q=afahmy/pages/dataset",
    licence="free for research that cites the paper",
)
