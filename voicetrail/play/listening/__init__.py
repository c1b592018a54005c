"""What listens during a session, and what it sends to the screen."""
