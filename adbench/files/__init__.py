"""Bytes in and out: cache folder, hashes, downloads, archives, tensors, pictures. Knows nothing of benchmarks."""
