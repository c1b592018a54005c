"""Where takes come from beside the microphone, how they are looked at, and what keeps them until a set is made of them."""
