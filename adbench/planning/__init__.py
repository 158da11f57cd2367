"""Turn options into cells, and draw the images that each may learn from."""
