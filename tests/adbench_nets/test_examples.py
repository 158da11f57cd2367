from __future__ import annotations

import torch
from randomclip import mixed_images

from adbench_nets import stored_examples, zero_shot_examples

SIDE = 8


def brightness(images: torch.Tensor) -> torch.Tensor:
    """A frozen network of one number an image."""
    return images.mean(dim=(1, 2, 3))[:, None]


def test_stored_images_come_in_the_order_asked_for() -> None:
    frozen, labels = torch.arange(3.0)[:, None], torch.tensor([0.0, 1.0, 0.0])
    masks, text = torch.zeros(3, 2, 2, dtype=torch.bool), torch.eye(4)[:, :2]
    masks[1, 0, 0] = True
    batch = stored_examples(frozen, labels, masks, True, text).fetch([1, 0])
    assert batch.frozen.tolist() == [[1.0], [0.0]]
    assert batch.labels.tolist() == [1.0, 0.0]
    assert batch.masks[:, 0, 0].tolist() == [1.0, 0.0]
    assert batch.masked.tolist() == [True, True]
    assert batch.text.shape == (2, 4, 2)


def test_other_sets_keep_their_own_texts_masks_and_places() -> None:
    masked, bare = mixed_images(4, True, seed=7), mixed_images(2, False, seed=8)
    texts = [torch.zeros(4, 2), torch.ones(4, 2)]
    # Room for two images: the others are computed each time, to the same values.
    examples = zero_shot_examples([masked, bare], texts, brightness, SIDE, frozen_bytes=1 << 30)
    assert examples.count == 6
    batch, again = examples.fetch([5, 1, 2]), examples.fetch([5, 1, 2])
    assert batch.labels.tolist() == [1.0, 1.0, 0.0]
    assert batch.masked.tolist() == [False, True, True]
    assert [bool(mask.any()) for mask in batch.masks] == [False, True, False]
    assert batch.text[:, 0, 0].tolist() == [1.0, 0.0, 0.0]
    expected = torch.tensor([bare[[1]].pixels(SIDE).mean() / 255, masked[[1]].pixels(SIDE).mean() / 255])
    torch.testing.assert_close(batch.frozen[:2, 0].double(), expected.double(), atol=1e-5, rtol=0)
    assert torch.equal(batch.frozen, again.frozen)
