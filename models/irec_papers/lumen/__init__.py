"""The Lumen project, 2023: three front ends and their fusion."""
