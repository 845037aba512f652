"""Training: the loop, its runs on disk, and the weights that it begins with."""
