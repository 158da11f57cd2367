"""Datasets on disk: get them, and verify what a copy holds."""
