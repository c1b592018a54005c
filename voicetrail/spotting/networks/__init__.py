"""The keyword networks: the architectures by name, and networks built from a list of layers."""
