"""Front ends that only the published systems need: constant-Q, chroma, group delay, long spectra."""
