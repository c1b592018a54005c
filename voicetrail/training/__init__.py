"""Makes and measures the weights. Players do not need this package."""
