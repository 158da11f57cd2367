"""The parts of anomalib that are used. Importing any of them imports all of its models, which takes seconds."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # Among those models are some that use deprecated parts of timm and of anomalib itself.
    warnings.simplefilter("ignore", FutureWarning)
    from anomalib.models.components import SparseRandomProjection
    from anomalib.models.image.patchcore.torch_model import PatchcoreModel

__all__ = ["PatchcoreModel", "SparseRandomProjection"]
