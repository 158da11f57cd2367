"""Named weights: where each file comes from, and the names that others publish."""
