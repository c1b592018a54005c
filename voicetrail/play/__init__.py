"""The application without a screen: a session, what it listens to, and what it records."""
