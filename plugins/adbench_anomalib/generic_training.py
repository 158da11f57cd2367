"""A Lightning module of anomalib trained with its own optimisers, schedulers, steps and hooks."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from anomalib.data import ImageBatch as AnomalibBatch
from lightning.pytorch import Callback, LightningDataModule, Trainer
from torch.utils.data import DataLoader, Dataset

from adbench import Context, ImageBatch
from adbench_anomalib.models import AnomalibModule, MemoryBankMixin

# For models that do not set a number of epochs.
DEFAULT_EPOCHS = 100
# The trainer arguments that decide how a model learns; the others decide where and how it reports.
LEARNING_ARGUMENTS = ("gradient_clip_val", "gradient_clip_algorithm", "accumulate_grad_batches", "max_steps")
PRECISIONS: dict[str, Any] = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


class Normals(LightningDataModule):
    """Normal images as anomalib's data modules give them: float32 in [0, 1], in a new order every epoch."""

    def __init__(self, images: ImageBatch, size: tuple[int, int], batch_size: int, generator: torch.Generator) -> None:
        super().__init__()
        self.rows = Rows(images, size)
        self.train_batch_size = self.eval_batch_size = batch_size
        self.generator = generator

    def train_dataloader(self) -> DataLoader:
        """The loader for the trainer and some models' hooks."""
        return DataLoader(self.rows, self.train_batch_size, shuffle=True, generator=self.generator, collate_fn=collate)


class Rows(Dataset):
    """Image by image, (3, H, W) uint8."""

    def __init__(self, images: ImageBatch, size: tuple[int, int]) -> None:
        self.images = images
        self.size = size

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, position: int) -> np.ndarray:
        return self.images[[position]].pixels(self.size, "bilinear")[0]


def collate(rows: Sequence[np.ndarray]) -> AnomalibBatch:
    """An anomalib batch, all labelled normal."""
    return AnomalibBatch(image=to_unit(np.stack(rows)), gt_label=torch.zeros(len(rows), dtype=torch.bool))


def to_unit(pixels: np.ndarray) -> torch.Tensor:
    """(B, 3, H, W) uint8 to float32 in [0, 1]."""
    return torch.from_numpy(pixels).float() / 255


def train(module: AnomalibModule, normals: Normals, epochs: int, ctx: Context) -> None:
    """Run Lightning's loop and nothing else: no validation, logs, checkpoints or post-processing.

    Args:
        epochs: 0 = the model's default. A model that only collects features always uses its default.
    """
    own = module.trainer_arguments
    wanted = own.get("max_epochs") if isinstance(module, MemoryBankMixin) or not epochs else epochs
    if wanted is None:
        wanted = -1 if own.get("max_steps") else DEFAULT_EPOCHS
    progress = ctx.progress(range(wanted), "epochs") if wanted > 0 else iter(())
    accelerator, _, index = ctx.device.partition(":")
    with quiet():
        trainer = Trainer(
            accelerator="gpu" if accelerator == "cuda" else accelerator,
            devices=[int(index or 0)] if accelerator == "cuda" else 1,
            precision=PRECISIONS[ctx.precision],
            max_epochs=wanted,
            limit_val_batches=0,
            num_sanity_val_steps=0,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[Ticker(progress)],
            default_root_dir=ctx.scratch,
            **{key: own[key] for key in LEARNING_ARGUMENTS if key in own},
        )
        trainer.fit(module, datamodule=normals)
    for _ in progress:  # a model may stop early
        pass


class Ticker(Callback):
    """Advances a progress bar at the start of every epoch."""

    def __init__(self, progress: Iterator[Any]) -> None:
        self.progress = progress

    def on_train_epoch_start(self, trainer: Trainer, pl_module: Any) -> None:
        """One more."""
        next(self.progress, None)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Lightning's messages on hardware and faster loaders."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="lightning")
            yield
    finally:
        logger.setLevel(level)
