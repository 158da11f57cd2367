"""OCT scans of the retina: layers over a bright pigment epithelium, a foveal pit, speckle; fluid, drusen, membranes.

Two styles: RESC's scans are level and centred, with fluid that has a mask; those of OCT2017 are more tilted, with blank corners.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from adbench_phantoms.canvas import SIZE, Drawing, Field, X, Y, bump, smooth_line, smooth_noise, stamp

COLUMNS = X[0]
# Brightness of vitreous, nerve fibres, ganglion cells, inner nuclei, outer plexus, outer nuclei, receptors, gap, epithelium.
BRIGHTNESS = np.array([0.05, 0.62, 0.45, 0.30, 0.42, 0.22, 0.58, 0.40, 0.85])
# Thickness of the layers between vitreous and choroid; the first four give way in the pit.
THICKNESS = np.array([0.055, 0.13, 0.07, 0.05, 0.13, 0.045, 0.02, 0.06])
INNER = 4


def draw(subject: np.random.Generator, scan: np.random.Generator, abnormal: bool, style: str) -> Drawing:
    """One scan; `style` is `resc` or `oct17`."""
    level = style == "resc"
    tilt = scan.normal(0, 0.02 if level else 0.05)
    curve = scan.uniform(-0.02, 0.06)
    bottom = scan.uniform(0.25, 0.33) + tilt * COLUMNS + curve * COLUMNS**2 + 0.008 * smooth_line(scan, 5)
    pit = scan.uniform(0.55, 0.9) * bump((COLUMNS - scan.normal(0, 0.25)) / scan.uniform(0.14, 0.22))
    thick = THICKNESS[:, None] * subject.uniform(0.85, 1.15) * (1 + 0.05 * smooth_line(scan, 4))
    thick[:INNER] *= 1 - pit
    thick[INNER] *= 1 + 0.25 * pit
    lifted = _Lifted(scan, style) if abnormal else None
    if lifted:
        bottom = bottom - lifted.below_epithelium
        thick[-1] += lifted.above_epithelium
        thick[INNER] += lifted.swelling

    edges = bottom - np.cumsum(thick[::-1], axis=0)[::-1]
    brightness = BRIGHTNESS * (1 + 0.12 * scan.standard_normal(len(BRIGHTNESS)))
    image = np.full((SIZE, SIZE), brightness[0])
    for edge, step in zip(edges, np.diff(brightness), strict=True):
        image += step * np.clip((Y - edge) / 0.03 + 0.5, 0, 1)
    beyond = np.clip((Y - bottom) / 0.03 + 0.5, 0, 1)
    choroid = scan.uniform(0.35, 0.5) * np.exp(-np.maximum(Y - bottom, 0) / scan.uniform(0.18, 0.35))
    image += (choroid * (1 + 0.3 * smooth_noise(scan, 16)) - image) * beyond
    lesion = lifted.paint(scan, image, edges, bottom) if lifted else np.zeros((SIZE, SIZE), bool)

    for _ in range(scan.integers(0, 5)):  # vessels of the inner retina cast shadows
        shadow = bump((COLUMNS - scan.uniform(-1, 1)) / scan.uniform(0.012, 0.03))
        image *= 1 - scan.uniform(0.2, 0.45) * shadow * np.clip((Y - edges[1]) / 0.05, 0, 1)
    grain = 0.6 * scan.standard_normal((SIZE, SIZE)) + 0.6 * smooth_noise(scan, 60)
    speckle = np.exp((0.30 if level else 0.22) * grain)
    image = (image * speckle + 0.02 * np.abs(grain)) * subject.uniform(0.85, 1.15)
    if not level and scan.random() < 0.5:
        image[np.sign(tilt) * X - Y > scan.uniform(1.25, 1.7)] = 1.0
    return Drawing(image, lesion)


draw_resc = partial(draw, style="resc")
draw_oct17 = partial(draw, style="oct17")


class _Lifted:
    """What a lesion does to the surfaces, chosen before the layers are drawn; `paint` fills the room that it made."""

    def __init__(self, rng: np.random.Generator, style: str) -> None:
        kinds = ("fluid", "cysts", "detachment", "exudates") if style == "resc" else ("drusen", "cysts", "membrane")
        self.kind = str(rng.choice(kinds))
        self.centre, self.width = rng.uniform(-0.55, 0.55), rng.uniform(0.25, 0.55)
        self.below_epithelium = self.above_epithelium = self.swelling = np.zeros(SIZE)
        dome = np.sqrt(np.clip(1 - ((COLUMNS - self.centre) / self.width) ** 2, 0, 1))
        if self.kind == "fluid":
            self.above_epithelium = rng.uniform(0.12, 0.26) * dome
        elif self.kind == "detachment":
            self.below_epithelium = rng.uniform(0.14, 0.26) * dome
        elif self.kind == "cysts":
            self.swelling = rng.uniform(0.12, 0.24) * dome
        elif self.kind == "membrane":
            self.above_epithelium = rng.uniform(0.12, 0.26) * dome
        elif self.kind == "drusen":
            for centre in rng.uniform(-0.8, 0.8, rng.integers(5, 10)):
                bead = bump((COLUMNS - centre) / rng.uniform(0.04, 0.10))
                self.below_epithelium = np.maximum(self.below_epithelium, rng.uniform(0.08, 0.18) * bead)

    def paint(self, rng: np.random.Generator, image: Field, edges: Field, bottom: Field) -> Field:
        """Fill the lesion into `image`; returns it as (SIZE, SIZE) bool."""
        if self.kind == "cysts":
            return self._spots(rng, image, edges, radius=(2.5, 6.5), brightness=(0.02, 0.10))
        if self.kind == "exudates":
            return self._spots(rng, image, edges, radius=(1.8, 3.6), brightness=(0.85, 1.1))
        if self.kind in ("fluid", "membrane"):
            # The epithelium keeps its own thickness, below the room.
            top, floor = edges[-1], edges[-1] + self.above_epithelium
        else:
            top, floor = bottom + 0.015, bottom + self.below_epithelium
        room = (top < Y) & (floor > Y) & (floor - top > 0.02)
        fill = {"fluid": (0.04, 0.16), "detachment": (0.15, 0.45), "membrane": (0.7, 0.95), "drusen": (0.35, 0.55)}
        image[room] = rng.uniform(*fill[self.kind]) * (1 + 0.15 * smooth_noise(rng, 20)[room])
        return room

    def _spots(
        self,
        rng: np.random.Generator,
        image: Field,
        edges: Field,
        radius: tuple[float, float],
        brightness: tuple[float, float],
    ) -> Field:
        """A group of round spots between the ganglion cells and the receptors."""
        number = rng.integers(5, 12)
        columns = (self.centre + rng.uniform(-0.8, 0.8, number) * self.width + 1) / 2 * SIZE
        index = np.clip(columns.astype(int), 0, SIZE - 1)
        between = edges[2, index] + rng.uniform(0.2, 0.9, number) * (edges[INNER + 1, index] - edges[2, index])
        rx, ry = rng.uniform(*radius, number), rng.uniform(radius[0], 0.8 * radius[1], number)
        shape = np.zeros((SIZE, SIZE))
        stamp(shape, np.stack([columns, (between + 1) / 2 * SIZE, rx, ry, np.zeros(number)], axis=1), 7)
        image += (rng.uniform(*brightness) - image) * shape
        return shape > 0.5
