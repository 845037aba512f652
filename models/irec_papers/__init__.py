"""The published systems, a folder a paper; nothing of the app or of the product's own networks needs them."""
