"""The recordings that the bundled networks were trained on: where each one is published, and how to fetch them."""
