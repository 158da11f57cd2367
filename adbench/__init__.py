"""adbench: a plugin-based benchmark harness for visual anomaly detection.

Plugins and scripts import from here, from `adbench.metrics` and from `adbench.testing`; detectors also from
`adbench_nets`. Anything else may move. Importing this module loads neither torch nor pandas.
"""

from adbench.api import Run, open_run, run
from adbench.contracts.dataset import SPLITS, Dataset, DatasetArchive, DatasetCard, Item, Reading, Split
from adbench.contracts.detector import Context, Detector, DetectorCard, Prediction, parameter
from adbench.contracts.executor import ExecutorCard, Job
from adbench.contracts.hookspecs import hookimpl
from adbench.contracts.images import ImageBatch, LabelledImages
from adbench.contracts.metric import MetricCard
from adbench.contracts.protocol import TRACKS, Support
from adbench.contracts.suites import PublishedCard, SuiteCard
from adbench.contracts.weights import Weights, WeightsCard
from adbench.data.accounting import LeftOut, Scan
from adbench.data.disk import DiskDataset
from adbench.data.layouts import SPLIT_NAMES, Layout
from adbench.data.listing import read_json, read_table, scan_listed
from adbench.data.manifest import read_manifest
from adbench.data.scanning import scan
from adbench.errors import UserError, did_you_mean
from adbench.files.hashes import fingerprint_files
from adbench.planning.options import RunOptions
from adbench.weights.resolver import WeightsResolver

__all__ = [
    "SPLITS",
    "SPLIT_NAMES",
    "TRACKS",
    "Context",
    "Dataset",
    "DatasetArchive",
    "DatasetCard",
    "Detector",
    "DetectorCard",
    "DiskDataset",
    "ExecutorCard",
    "ImageBatch",
    "Item",
    "Job",
    "LabelledImages",
    "Layout",
    "LeftOut",
    "MetricCard",
    "Prediction",
    "PublishedCard",
    "Reading",
    "Run",
    "RunOptions",
    "Scan",
    "Split",
    "SuiteCard",
    "Support",
    "UserError",
    "Weights",
    "WeightsCard",
    "WeightsResolver",
    "did_you_mean",
    "fingerprint_files",
    "hookimpl",
    "open_run",
    "parameter",
    "read_json",
    "read_manifest",
    "read_table",
    "run",
    "scan",
    "scan_listed",
]
