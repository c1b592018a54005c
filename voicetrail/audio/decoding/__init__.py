"""Decodes the bytes of a file or a pipe to 16 kHz mono samples."""
