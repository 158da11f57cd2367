"""adbench: a plugin-based benchmark harness for visual anomaly detection.

All that a plugin or a script imports is here. Importing this module loads neither torch nor pandas.
"""

from adbench.api import Run, open_run, run
from adbench.dataset import Dataset, DatasetArchive, DatasetCard, Item
from adbench.detector import Context, Detector, DetectorCard, Prediction, parameter
from adbench.errors import UserError
from adbench.hookspecs import hookimpl
from adbench.images import ImageBatch, LabelledImages
from adbench.protocol import Support
from adbench.weights import Weights, WeightsCard

__all__ = [
    "Context",
    "Dataset",
    "DatasetArchive",
    "DatasetCard",
    "Detector",
    "DetectorCard",
    "ImageBatch",
    "Item",
    "LabelledImages",
    "Prediction",
    "Run",
    "Support",
    "UserError",
    "Weights",
    "WeightsCard",
    "hookimpl",
    "open_run",
    "parameter",
    "run",
]
