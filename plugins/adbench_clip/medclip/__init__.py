"""MedCLIP: the cards of the method and of its weights. The towers come from `transformers`, an extra of the distribution."""

from __future__ import annotations

from adbench import DetectorCard, WeightsCard
from adbench_clip.medclip.parameters import (
    INSTALL,
    RESNET,
    SWIN,
    TINY,
    TINY_VOCABULARY,
    VOCABULARY,
    MedclipParameters,
    has_random_weights,
)

MEDCLIP = DetectorCard(
    name="medclip",
    title="MedCLIP",
    factory="adbench_clip.medclip.detector:MedclipDetector",
    tracks=("zero-shot", "few-normal"),
    parameters=MedclipParameters,
    presets={"demo": {"weights": TINY, "vocabulary": TINY_VOCABULARY}},
    uses_auxiliary=False,
    weight_parameters=("weights", "vocabulary"),
    requires={"transformers": INSTALL},
    packages=("torchvision", "transformers"),
    random_weights=has_random_weights,
    citation="Wang, Wu, Agarwal, Sun. MedCLIP: Contrastive Learning from Unpaired Medical Images and Text. EMNLP 2022. arXiv "
    "2210.10163.",
    url="https://arxiv.org/abs/2210.10163",
    licence="none stated by the authors, except a classifier `BSD License` in their setup script; their code is not used here",
    notes="Nothing is trained. The release has no localisation: maps of the projected tokens of the last stage are our choice, as "
    "is the few-normal track, scored as in clip. The prompts are those of clip; medclip.ensemble=mean or max turns them into "
    "logits as the release does, which has no softmax. The release pads images to a grey square; here the harness has already "
    "resized them to one, so images that are not square are squeezed, and small ones enlarged. Under the demo preset both towers "
    "are random and were never trained: zero-shot figures then mean nothing, and few-normal ones measure the memory of normals.",
)
WEIGHTS = (
    WeightsCard(
        name=SWIN,
        file="medclip-vit-pretrained.zip",
        url="https://storage.googleapis.com/pytrial/medclip-vit-pretrained.zip",
        licence="none stated by the authors",
        notes="MedCLIP with a Swin-tiny image tower; a zip file around a state dict.",
    ),
    WeightsCard(
        name=RESNET,
        file="medclip-pretrained.zip",
        url="https://storage.googleapis.com/pytrial/medclip-pretrained.zip",
        licence="none stated by the authors",
        notes="MedCLIP with a ResNet50 image tower; a zip file around a state dict.",
    ),
    WeightsCard(
        name=VOCABULARY,
        file="bio-clinical-bert-vocab.txt",
        hub="emilyalsentzer/Bio_ClinicalBERT:vocab.txt",
        licence="MIT",
        notes="The WordPiece vocabulary of MedCLIP's text tower, one token per line.",
    ),
    WeightsCard(
        name=TINY,
        file="tiny_medclip.safetensors",
        embedded="adbench_clip:medclip/tiny_medclip.safetensors",
        licence="MIT",
        notes="Random towers of a few layers, for demonstrations and tests; they were never trained.",
    ),
    WeightsCard(
        name=TINY_VOCABULARY,
        file="tiny_vocabulary.txt",
        embedded="adbench_clip:medclip/tiny_vocabulary.txt",
        licence="MIT",
        notes="The words of the prompts and all letters, one token per line.",
    ),
)
