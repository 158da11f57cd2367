"""The cards of `clip` and `april-gan`."""

from __future__ import annotations

from adbench import DetectorCard
from adbench_clip.parameters import AprilGanParameters, ClipParameters
from adbench_nets import TINY_CLIP


def is_transductive(parameters: AprilGanParameters) -> bool:
    """Whether the min-max is taken over the test set."""
    return parameters.fusion == "test-set" and parameters.image_score == "mean"


# tiny-clip was trained on pixels in [0, 1].
TINY = {"weights": TINY_CLIP.name, "mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}

CLIP = DetectorCard(
    name="clip",
    title="CLIP",
    factory="adbench_clip.clip:ClipDetector",
    tracks=("zero-shot", "few-normal"),
    parameters=ClipParameters,
    presets={"demo": {**TINY, "image_size": 112}},
    packages=("open_clip_torch",),
    uses_auxiliary=False,
    weight_parameters=("weights",),
    citation="Radford et al. Learning Transferable Visual Models From Natural Language Supervision. ICML 2021. arXiv 2103.00020.",
    url="https://arxiv.org/abs/2103.00020",
    licence="re-implemented from the paper; MIT",
    notes="Untrained: nothing is adapted to anomalies, so expect figures near chance. MVFA's paper has a CLIP row "
    "and does not say how it was made; all of this is our choice. Zero-shot, the score is the softmax probability of the "
    "abnormal prompts (APRIL-GAN's ensemble) for the image embedding, the map the same for the patch tokens of the last stage "
    "after the visual projection. Few-normal, the map is the mean of that and of 1 - the highest cosine to the patches of the "
    "normal images, averaged over four stages; the score is the mean of the zero-shot score and of the greatest such distance.",
)
APRIL_GAN = DetectorCard(
    name="april-gan",
    title="APRIL-GAN",
    factory="adbench_clip.april:AprilGanDetector",
    tracks=("few-shot", "zero-shot"),
    parameters=AprilGanParameters,
    presets={"demo": {**TINY, "image_size": 168}},
    packages=("open_clip_torch",),
    weight_parameters=("weights", "projections"),
    transductive=is_transductive,
    citation="Chen, Han, Zhang. APRIL-GAN: A Zero-/Few-Shot Anomaly Classification and Segmentation Method for CVPR 2023 VAND "
    "Workshop Challenge Tracks 1&2. arXiv 2305.17382.",
    url="https://arxiv.org/abs/2305.17382",
    licence="re-implemented from the paper; MIT",
    notes="The original trains on a whole labelled set of other objects; here, as MVFA's comparison must have done, few-shot "
    "trains on the k normal and k abnormal images, without augmentation and for 15 epochs, and zero-shot on the other sets for 3 (the release takes 3 to 15). Its image score "
    "min-maxes map maxima over the whole test set; here the range is learnt on the support (fusion = test-set restores "
    "that). It scores zero-shot by the class token alone (image_score = token restores that). The original has no sets without masks: "
    "there, a normal image counts as an all-normal mask, and an abnormal one is trained with the cross entropy "
    "of the mean probability of its patches, as in MVFA; that is our choice.",
)
