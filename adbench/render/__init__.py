"""Leaderboards for people and programs: one module per format."""
