"""Fit, predict, check and measure: how a cell becomes a record."""
