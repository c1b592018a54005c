"""The training: composing windows, augmentation, the training loop, and complete runs."""
