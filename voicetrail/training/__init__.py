"""What makes and measures the weights; nothing a player needs."""
