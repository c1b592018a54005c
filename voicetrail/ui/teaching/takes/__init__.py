"""Takes on the teaching screen: the keys that change them, and where else they come from."""
