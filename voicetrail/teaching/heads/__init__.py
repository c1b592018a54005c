"""Heads on a frozen backbone: trained on takes, compared, and measured on what they did not train on."""
