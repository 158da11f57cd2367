"""The detector's side of the border: what runs in a process of its own, without a test label."""
