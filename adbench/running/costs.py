"""What a cell costs: time, memory, trained parameters, arithmetic. Measured from outside, so methods need no code for it.

No measurement fails a cell: what cannot be measured is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Self

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from adbench.contracts.images import ImageBatch
from adbench.running import environment


class Meter:
    """Watches one cell from entering to leaving the `with` block.

    Attributes:
        seconds: of `fit` and `predict`, once timed.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._stepped: dict[int, int] = {}
        self.seconds: dict[str, float] = {}

    def __enter__(self) -> Self:
        environment.reset_peak_memory()
        if self._on_gpu:
            torch.cuda.reset_peak_memory_stats(self._device)
        self._hook = register_optimizer_step_post_hook(self._see)
        return self

    def __exit__(self, *exc: object) -> None:
        self._hook.remove()

    def timed(self, what: str, call: Callable[..., Any], *arguments: Any) -> Any:
        """Call, and record how long it took, including work queued on a GPU."""
        start = time.perf_counter()
        result = call(*arguments)
        if self._on_gpu:
            torch.cuda.synchronize(self._device)
        self.seconds[what] = round(time.perf_counter() - start, 3)
        return result

    def cost(self, images: int | None) -> dict[str, float]:
        """The costs so far, for a test set of this many images; None if `predict` did more than score each image once.

        - `images_per_second` of `predict`: reading and resizing, inference, and resizing of the maps;
        - `trainable_parameters`: values that a torch optimizer changed;
        - `gpu_memory_mb`: peak memory of torch's tensors on the GPU, in MB.
        """
        cost: dict[str, float] = {"trainable_parameters": sum(self._stepped.values())}
        if images and self.seconds.get("predict"):
            cost["images_per_second"] = round(images / self.seconds["predict"], 3)
        if self._on_gpu:
            cost["gpu_memory_mb"] = torch.cuda.max_memory_allocated(self._device) / 2**20
        return cost

    @property
    def _on_gpu(self) -> bool:
        return self._device.startswith("cuda")

    def _see(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        for group in optimizer.param_groups:
            self._stepped.update({id(one): one.numel() for one in group["params"] if one.grad is not None})


def gflop_per_image(predict: Callable[[ImageBatch], object], images: ImageBatch) -> float | None:
    """Billions of floating-point operations for one more image: the count for two minus that for one drops fixed work.

    Counts matrix products, convolutions and attention in torch, a multiplication and an addition as two; work elsewhere
    (numpy, nearest neighbours in a library) is not seen.

    Args:
        predict: scores a batch and returns the whole prediction.
        images: at least two, else there is no figure.

    Returns:
        None if nothing was counted, or the method cannot run under the counter.
    """
    if len(images) < 2:
        return None
    counts = []
    for size in (1, 2):
        try:
            with FlopCounter() as counter:
                predict(images[:size])
        except Exception:  # whatever a method raises, its scores are measured already
            return None
        counts.append(counter.total)
    return (counts[1] - counts[0]) / 1e9 or None


class FlopCounter(TorchDispatchMode):
    """Adds up torch's own formulas for every operator that runs.

    torch's `FlopCounterMode` also follows modules, with hooks under which `torch.autograd.grad` fails.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        """Called by torch in place of the operator."""
        kwargs = kwargs or {}
        formula = flop_registry.get(func.overloadpacket)
        if formula is None:
            with self:  # an operator composed of others, as in inference mode
                result = func.decompose(*args, **kwargs)
            return func(*args, **kwargs) if result is NotImplemented else result
        result = func(*args, **kwargs)
        self.total += formula(*args, **kwargs, out_val=result)
        return result
