"""What plugins and the harness promise each other: detectors, datasets, images, tracks, weights, hooks."""
