"""Data folders: what is in them, under which labels, decoded once."""
