"""The detector contract: a card that is readable without torch, and a class that learns and scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import torch

    from adbench.contracts.images import ImageBatch
    from adbench.contracts.protocol import Support
    from adbench.contracts.weights import Weights

Selection = Literal["last", "valid", "test-oracle"]


@dataclass(frozen=True)
class NoParameters:
    """The parameters of a detector that has none."""


@dataclass(frozen=True, kw_only=True)
class DetectorCard:
    """What is known about a method before its code is imported. Plugins build it without importing torch.

    Attributes:
        name: what the user types, lower case, e.g. `patchcore`. A name that ends in `:` takes an argument
            (`anomalib:` serves `anomalib:Padim`); the detector finds it in `card.argument`.
        title: the name to print, e.g. `PatchCore`.
        factory: `package.module:attribute`, called as `factory(card, parameters)`; imported only when a cell runs.
        tracks: the tracks that the method supports, its default first.
        parameters: a frozen dataclass; its fields are the `--set NAME.FIELD=VALUE` options, each with a default and
            `field(metadata={"help": ...})` or `parameter(...)`.
        presets: values that replace defaults under a preset: `{"demo": {"epochs": 5}}`. `paper` means the defaults.
        weight_parameters: parameters whose value is the name of weights (`""` = none). The weights are resolved before the
            run, and their hash is part of a cell's identity.
        own_weights: returns the names of any further weights, given the card, the parameters and the resolver; called only
            when a cell runs, so it may import what it needs.
        requires: import name of an optional package to the command that installs it. Without the package the method is
            skipped and the reason shown.
        packages: distributions (pip names) whose version affects the scores, besides torch, numpy and pillow, e.g.
            `("timm",)`. The installed versions are part of a cell's identity: after an upgrade, cells run again.
        needs_masks: the method cannot learn on a set without masks; such pairs are skipped and the reason shown.
        uses_auxiliary: under `zero-shot` the method learns from the other sets of the target's group, so at least one must
            be available; False = it learns from no image at all.
        gives_maps: predictions include anomaly maps.
        map_score: how a map becomes the image score when `Prediction.scores` is None.
        transductive: scores depend on the rest of the test set.
        selection: how the checkpoint is chosen; a callable gets the parameters. `test-oracle` and `transductive`
            rows are marked on every leaderboard.
        random_weights: the network's weights are random, as in some demo presets; a callable gets the parameters. Zero-shot
            figures then mean nothing, and every leaderboard says so.
        citation: authors, title, venue and year of the paper.
        url: where to read it.
        licence: of the code and models that the method builds on.
        published_as: the method's name in tables of published figures, if different, e.g. `mvfa` for another release of
            it; `{argument}` stands for what the user typed after the `:`.
        version: raise it when the scores of the same input change; part of a cell's identity.
        notes: what differs from the original; shown by `adbench methods NAME`.
        expected_failed_checks: name of a conformance check to the reason why it cannot pass; the check still runs, a
            failure with this reason is expected, and passing is a failure.
        argument: what follows the `:` in a name that takes an argument; filled in by the harness.
    """

    name: str
    title: str
    factory: str
    tracks: tuple[str, ...]
    parameters: type = NoParameters
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    weight_parameters: tuple[str, ...] = ()
    own_weights: Callable[[DetectorCard, Any, Weights], Iterable[str]] | None = None
    requires: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    needs_masks: bool = False
    uses_auxiliary: bool = True
    gives_maps: bool = True
    map_score: Literal["max", "mean"] | None = None
    transductive: bool | Callable[[Any], bool] = False
    selection: Selection | Callable[[Any], Selection] = "last"
    random_weights: bool | Callable[[Any], bool] = False
    citation: str = ""
    url: str = ""
    licence: str = ""
    published_as: str = ""
    version: str = "1"
    notes: str = ""
    expected_failed_checks: Mapping[str, str] = field(default_factory=dict)
    argument: str = ""

    def is_transductive(self, parameters: Any) -> bool:
        """Whether scores depend on the rest of the test set under these parameters."""
        return self.transductive(parameters) if callable(self.transductive) else self.transductive

    def has_random_weights(self, parameters: Any) -> bool:
        """Whether the network's weights are random under these parameters."""
        return self.random_weights(parameters) if callable(self.random_weights) else self.random_weights

    @property
    def published_name(self) -> str:
        """The method's name in tables of published figures."""
        return self.published_as.replace("{argument}", self.argument) or self.name

    def checkpoint(self, parameters: Any) -> Selection:
        """How the checkpoint is chosen under these parameters."""
        return self.selection(parameters) if callable(self.selection) else self.selection


def parameter(default: Any, help: str) -> Any:
    """Declare a field of a parameters dataclass.

    Args:
        default: its value under the preset `paper`; must not be mutable.
        help: one line for `adbench methods NAME`.
    """
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class Prediction:
    """Scores of one batch of B images.

    Attributes:
        scores: (B,) float, any range, higher = more anomalous, finite; or None if the card's `map_score` says how
            a map becomes a score. A numpy array or a tensor.
        maps: (B, h, w) float, any range, higher = more anomalous, finite; or None. Any h and w: the runner resizes.
    """

    scores: np.ndarray | torch.Tensor | None
    maps: np.ndarray | torch.Tensor | None = None


@dataclass(frozen=True)
class Context:
    """What a detector may use besides images.

    Attributes:
        device: a torch device string, `cpu`, `cuda` or `cuda:N`.
        precision: `fp32`, or `bf16`/`fp16` for autocast on a GPU.
        seed: the cell's seed. `random`, numpy and torch are seeded with it before `fit`; use `numpy_rng()` and
            `torch_rng()` where a separate generator is better.
        weights: resolver of named weights.
        scratch: an empty folder for this cell, removed afterwards.
        progress: wraps an iterable in a progress bar: `for epoch in ctx.progress(range(50), "epochs")`.
    """

    device: str
    seed: int
    weights: Weights
    scratch: Path
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    progress: Callable[[Iterable[Any], str], Iterator[Any]] = lambda iterable, description: iter(iterable)

    def numpy_rng(self) -> np.random.Generator:
        """A new numpy generator seeded with this cell's seed."""
        import numpy as np

        return np.random.default_rng(self.seed)

    def torch_rng(self, device: str = "cpu") -> torch.Generator:
        """A new torch generator seeded with this cell's seed."""
        import torch

        return torch.Generator(device).manual_seed(self.seed)

    def autocast(self) -> Any:
        """A context manager: autocast in this precision, or nothing for `fp32`."""
        import torch

        dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[self.precision]
        return torch.autocast(self.device.split(":")[0], dtype=dtype, enabled=self.precision != "fp32")


class Detector:
    """A method under test. Subclass it, or provide the same methods; the runner calls nothing else.

    One instance serves one cell: `fit` once, then `predict` on batches in an order that reveals nothing.

    Attributes:
        card: as the plugin gave it, with `argument` filled in.
        parameters: an instance of `card.parameters`: its defaults with the preset and `--set` applied.
    """

    def __init__(self, card: DetectorCard, parameters: Any) -> None:
        self.card = card
        self.parameters = parameters

    def fit(self, support: Support, ctx: Context) -> None:
        """Learn from what the track grants. Raise `UserError` if that is too little.

        Args:
            support: images with labels, and masks where the set has them; a field that the track does not grant is empty.
            ctx: device, seed, weights, scratch folder, progress.
        """
        raise NotImplementedError

    def predict(self, batch: ImageBatch) -> Prediction:
        """Score one batch of B >= 1 images, without gradients.

        The result for an image must not depend on the other images or on earlier batches.

        Returns:
            Scores (B,) and, where the card says `gives_maps`, maps (B, h, w); higher = more anomalous, finite.
        """
        raise NotImplementedError

    def predict_all(self, batches: Iterable[ImageBatch]) -> Iterator[Prediction]:
        """Score a whole test set, one prediction per batch, in order. Override only when transductive."""
        for batch in batches:
            yield self.predict(batch)

    def predict_checkpoints(self, batches: Callable[[], Iterable[ImageBatch]]) -> Iterator[Iterable[Prediction]]:
        """Only for `selection == "test-oracle"`: after each training epoch, score the whole test set again.

        Each call of `batches()` starts the test set over. The runner keeps the predictions with the best sum of image and
        pixel AUROC, the first in a tie, as released code does; the detector never learns which.
        """
        raise NotImplementedError

    def state_dict(self) -> dict[str, torch.Tensor]:
        """What `fit` learned, tensors only (saved as safetensors)."""
        return {}

    def load_state_dict(self, state: Mapping[str, torch.Tensor], ctx: Context) -> None:
        """Restore the detector that returned `state`, without `fit`."""
        raise NotImplementedError
