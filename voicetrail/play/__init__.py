"""The application without a screen: session, listening, rounds, recording and tuning."""
