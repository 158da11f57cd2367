"""Methods of anomalib, wrapped at the torch model: raw scores and maps, no engine, no post-processor."""

from __future__ import annotations

from collections.abc import Iterable

from adbench import DetectorCard, Weights, WeightsCard, hookimpl
from adbench_anomalib.parameters import (
    AnomalibParameters,
    CflowParameters,
    PatchcoreParameters,
    Rd4adParameters,
    WinclipParameters,
    cflow_is_transductive,
)
from adbench_nets import TINY_CLIP, TINY_CNN

WIDE_RESNET = WeightsCard(
    name="wide_resnet50_2.tv_in1k",
    file="timm-wide_resnet50_2.tv_in1k.safetensors",
    hub="timm/wide_resnet50_2.tv_in1k:model.safetensors",
    url="https://download.pytorch.org/models/wide_resnet50_2-95faca4d.pth",
    licence="BSD-3-Clause",
    notes="torchvision's first ImageNet weights, as in the papers; timm's default tag is another network.",
)
CLIP_PLUS_240 = WeightsCard(
    name="ViT-B-16-plus-240/laion400m_e31",
    quick_gelu=False,
    file="clip-vit-b-16-plus-240-laion400m_e31.pt",
    hub="timm/vit_base_patch16_plus_clip_240.laion400m_e31:open_clip_model.safetensors",
    url="https://github.com/mlfoundations/open_clip/releases/download/v0.2-weights/vit_b_16_plus_240-laion400m_e31-8fb26589.pt",
    licence="MIT",
    notes="open_clip's ViT-B/16+ at 240 px, as in WinCLIP's paper.",
)
PATCHCORE = DetectorCard(
    name="patchcore",
    title="PatchCore",
    factory="adbench_anomalib.patchcore:PatchcoreDetector",
    tracks=("full-normal", "few-normal"),
    parameters=PatchcoreParameters,
    presets={"demo": {"backbone": TINY_CNN.name, "image_size": 128, "coreset_ratio": 0.05}},
    packages=("anomalib", "kornia", "scikit-learn", "timm"),
    weight_parameters=("backbone",),
    citation="Roth, Pemula, Zepeda, Schoelkopf, Brox, Gehler. Towards Total Recall in Industrial Anomaly Detection. CVPR "
    "2022. arXiv 2106.08265.",
    url="https://arxiv.org/abs/2106.08265",
    licence="anomalib's torch model, Apache-2.0",
    notes="The image score is the plain maximum, as in the paper's sample script; neighbours=9 is anomalib's reweighting. "
    "The whole image is used; the paper crops 256 px to 224. As in anomalib, and unlike in the authors' code, features of "
    "the levels are concatenated, not pooled to 1024 numbers. Above max_patches, which no set in the paper reaches, "
    "the coreset is chosen from a random part of every image's patches.",
)
CFLOW = DetectorCard(
    name="cflow",
    title="CFlow-AD",
    factory="adbench_anomalib.cflow:CflowDetector",
    tracks=("full-normal",),
    parameters=CflowParameters,
    presets={
        "demo": {
            "backbone": TINY_CNN.name,
            "layers": ("layer2", "layer3"),
            "image_size": 96,
            "meta_epochs": 8,
            "sub_epochs": 2,
            "lr": 5e-3,
            "fibre": 128,
            "blocks": 4,
            "position_channels": 32,
        }
    },
    packages=("anomalib", "freia", "scipy", "timm"),
    weight_parameters=("backbone",),
    transductive=cflow_is_transductive,
    citation="Gudovskiy, Ishizaka, Kozuka. CFLOW-AD: Real-Time Unsupervised Anomaly Detection with Localization via Conditional "
    "Normalizing Flows. WACV 2022. arXiv 2107.12571.",
    url="https://arxiv.org/abs/2107.12571",
    licence="anomalib's flow, Apache-2.0; FrEIA, MIT",
    notes="Each level's likelihoods are taken relative to the greatest of the training normals, so a score depends only on its "
    "image; the release takes the greatest of the whole test set (cflow.maxima=test-set), anomalib of the batch (maxima=batch), "
    "which cost 0.1 of image AUROC in a test. Soft permutation, 256 vectors per step, 2e-4 with warm-up and cosine are the "
    "paper's; anomalib's are cflow.permutation=hard, fibre=64, lr=1e-4, schedule=constant. Leftover vectors that fill no step are "
    "trained on, as in anomalib; the release drops them. The whole image is used.",
)
RD4AD = DetectorCard(
    name="rd4ad",
    title="RD4AD",
    factory="adbench_anomalib.rd4ad:Rd4adDetector",
    tracks=("full-normal",),
    parameters=Rd4adParameters,
    presets={"demo": {"backbone": TINY_CNN.name, "image_size": 128, "epochs": 25, "batch_size": 8}},
    packages=("anomalib", "kornia", "timm", "torchvision"),
    weight_parameters=("backbone",),
    citation="Deng, Li. Anomaly Detection via Reverse Distillation from One-Class Embedding. CVPR 2022. arXiv 2201.10703.",
    url="https://arxiv.org/abs/2201.10703",
    licence="anomalib's torch model and loss, Apache-2.0 and MIT",
    notes="Adam's betas and the inner width of the bottleneck of wide ResNets are the authors'; rd4ad.betas=0.5,0.99 and "
    "rd4ad.bottleneck=anomalib are anomalib's. As in anomalib, maps are blurred with the image mirrored at its border without "
    "the edge pixel, which changes the authors' maps within 16 pixels of the border. The whole image is used. Backbones other "
    "than ResNets, tiny-cnn among them, get our own bottleneck and decoder, of the same plan with one residual block per level.",
)
WINCLIP = DetectorCard(
    name="winclip",
    title="WinCLIP",
    factory="adbench_anomalib.winclip:WinclipDetector",
    tracks=("zero-shot", "few-normal"),
    parameters=WinclipParameters,
    # tiny-clip was trained on pixels in [0, 1]; with CLIP's mean and deviation its windows find nothing.
    presets={"demo": {"weights": TINY_CLIP.name, "image_size": 112, "mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}},
    packages=("anomalib", "open_clip_torch"),
    uses_auxiliary=False,
    weight_parameters=("weights",),
    citation="Jeong, Zou, Kim, Zhang, Ravichandran, Dabeer. WinCLIP: Zero-/Few-Shot Anomaly Classification and Segmentation. "
    "CVPR 2023. arXiv 2303.14814.",
    url="https://arxiv.org/abs/2303.14814",
    licence="anomalib's torch model, Apache-2.0",
    notes="Nothing is trained: zero-shot uses no image, few-normal keeps the features of k normals. The prompts are "
    "anomalib's, with the set's name where anomalib says object. The CLIP is the tower that other methods use, with weights "
    "from the resolver. anomalib is written for open_clip before 2.26.1; with later versions its windows attend to each other "
    "and a score depends on the batch, which is fixed here.",
)


def own_weights(card: DetectorCard, parameters: AnomalibParameters, weights: Weights) -> Iterable[str]:
    """Weights that `anomalib:NAME` uses if no backbone is named."""
    if parameters.backbone:
        return ()
    from adbench_anomalib import generic_models

    return generic_models.own_weights(card.argument, parameters, weights)


ANOMALIB = DetectorCard(
    name="anomalib:",
    published_as="{argument}",
    title="anomalib model",
    factory="adbench_anomalib.generic:AnomalibDetector",
    tracks=("full-normal",),
    parameters=AnomalibParameters,
    presets={"demo": {"backbone": TINY_CNN.name, "image_size": 128, "epochs": 4, "batch_size": 8}},
    # One list for all models of anomalib: which ones NAME uses is known only once it is built.
    packages=(
        "anomalib",
        "einops",
        "freia",
        "kornia",
        "lightning",
        "open_clip_torch",
        "scikit-learn",
        "scipy",
        "timm",
        "torchvision",
    ),
    weight_parameters=("backbone",),
    own_weights=own_weights,
    citation="Akcay, Ameln, Vaidya, Lakshmanan, Ahuja, Genc. Anomalib: A Deep Learning Library for Anomaly Detection. ICIP 2022. "
    "arXiv 2202.08341.",
    url="https://arxiv.org/abs/2202.08341",
    licence="anomalib, Apache-2.0; some of its models have their own terms",
    notes="anomalib:NAME runs the image model class NAME of the installed anomalib with its own defaults, optimiser and training "
    "step; scores and maps are those of its torch model, without post-processing or clipping. There is no validation, "
    "and the last weights are scored. Images are resized by Pillow. A backbone that the model names is looked up among "
    "timm's weights. The demo preset is for models with a convolutional backbone, or none.",
)


@hookimpl
def adbench_detectors() -> list[DetectorCard]:
    """The cards of the methods."""
    return [PATCHCORE, CFLOW, RD4AD, WINCLIP, ANOMALIB]


@hookimpl
def adbench_weights() -> list[WeightsCard]:
    """The named weights of these methods."""
    return [WIDE_RESNET, CLIP_PLUS_240, TINY_CNN, TINY_CLIP]
