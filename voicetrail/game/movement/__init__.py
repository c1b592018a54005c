"""How a word becomes motion of the pen: step or glide."""
