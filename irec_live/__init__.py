"""Hears which instruments play, live."""
