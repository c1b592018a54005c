"""How a word becomes motion of the pen: a step, or a glide."""
