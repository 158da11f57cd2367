"""From what a user asks for to cells, and to the images that each may learn from."""
