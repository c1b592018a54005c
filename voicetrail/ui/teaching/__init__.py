"""What the teaching screen is made of: its pages, where it begins and ends, and the screens that take takes from elsewhere."""
