"""The parts of anomalib in use. Importing any of them imports all its models, which takes seconds."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # Some of those models use deprecated parts of timm and of anomalib itself.
    warnings.simplefilter("ignore", FutureWarning)
    from anomalib.models import image as image_models
    from anomalib.models.components import AnomalibModule, MemoryBankMixin, SparseRandomProjection, TimmFeatureExtractor
    from anomalib.models.components.backbone import get_decoder
    from anomalib.models.components.backbone.resnet_decoder import DecoderBasicBlock
    from anomalib.models.image.patchcore.torch_model import PatchcoreModel
    from anomalib.models.image.reverse_distillation.anomaly_map import AnomalyMapGenerationMode
    from anomalib.models.image.reverse_distillation.components import get_bottleneck_layer
    from anomalib.models.image.reverse_distillation.loss import ReverseDistillationLoss
    from anomalib.models.image.reverse_distillation.torch_model import ReverseDistillationModel
    from anomalib.models.image.winclip.torch_model import WinClipModel

__all__ = [
    "AnomalibModule",
    "AnomalyMapGenerationMode",
    "DecoderBasicBlock",
    "MemoryBankMixin",
    "PatchcoreModel",
    "ReverseDistillationLoss",
    "ReverseDistillationModel",
    "SparseRandomProjection",
    "TimmFeatureExtractor",
    "WinClipModel",
    "get_bottleneck_layer",
    "get_decoder",
    "image_models",
]
