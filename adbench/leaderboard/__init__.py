"""Ranked tables: averages, intervals, tie groups, published figures."""
