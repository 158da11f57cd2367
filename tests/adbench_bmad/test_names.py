from __future__ import annotations

import pytest

from adbench_bmad.names import FOLDERS, names_set, subject


@pytest.mark.parametrize(
    ("folder", "dataset"),
    [
        ("Brain_AD", "bmad-brain"),
        ("Brain", "bmad-brain"),
        ("BraTS2021_slice", "bmad-brain"),
        ("Liver", "bmad-liver"),
        ("hist_DIY", "bmad-liver"),
        ("RESC", "bmad-resc"),
        ("Retina_RESC_AD", "bmad-resc"),
        ("OCT2017", "bmad-oct17"),
        ("Retina_OCT2017", "bmad-oct17"),
        ("Chest-AD", "bmad-chest"),
        ("chest-rsna", "bmad-chest"),
        ("Chest-RSNA", "bmad-chest"),
        ("camelyon16_256", "bmad-his"),
        ("Histopathology_AD", "bmad-his"),
    ],
)
def test_folder_names_mean_one_set(folder: str, dataset: str) -> None:
    assert [name for name in FOLDERS if names_set(folder, name)] == [dataset]


@pytest.mark.parametrize("folder", ["Brains", "data", "Retina", "AD", "", "liver_old"])
def test_other_folders_mean_none(folder: str) -> None:
    assert not any(names_set(folder, name) for name in FOLDERS)


@pytest.mark.parametrize(
    ("dataset", "stem", "expected"),
    [
        ("bmad-brain", "00003_60", "00003"),
        ("bmad-brain", "TCGA_CS_4943_20000902_13", "TCGA_CS_4943"),
        ("bmad-brain", "slice", None),
        ("bmad-liver", "4_487", "4"),
        ("bmad-resc", "9_28", "9"),
        ("bmad-oct17", "CNV-1016042-1", "1016042"),
        ("bmad-oct17", "NORMAL-5246808-12", "5246808"),
        ("bmad-oct17", "scan7", None),
        ("bmad-chest", "Normal-ff5b2932-f065-4b79-b2f8-ec2143ffc977", "ff5b2932-f065-4b79-b2f8-ec2143ffc977"),
        ("bmad-chest", "Lung_Opacity_3dcd38ce-8adc-4c9b-92f7-768a33611f57", "3dcd38ce-8adc-4c9b-92f7-768a33611f57"),
        ("bmad-chest", "00001741_002", "00001741"),
        ("bmad-chest", "film_12", None),
        ("bmad-his", "1015", None),
        ("bmad-his", "lungn1904", None),
    ],
)
def test_subjects(dataset: str, stem: str, expected: str | None) -> None:
    assert subject(dataset, stem) == expected
