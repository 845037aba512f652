"""Han, Kim and Lee, 2017: the ConvNet for predominant instruments."""
