"""What the screens are made of; the live game and the replay player use the same."""
