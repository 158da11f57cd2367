"""What a file's name says of its format. No heavy imports: `import adbench` reads this."""

from __future__ import annotations

# What is taken for a picture.
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".pgm", ".ppm"})
