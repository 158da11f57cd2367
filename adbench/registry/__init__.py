"""Find plugins, and look up their cards by name."""
