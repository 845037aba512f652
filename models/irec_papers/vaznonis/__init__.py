"""Vaznonis et al., 2022: dense layers on a spectrum, an LSTM on raw samples."""
