"""Find plugins, and look up what they bring by name."""
