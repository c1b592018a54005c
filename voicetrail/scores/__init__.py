"""Results of rounds, kept in a database in the data folder: bests, streaks, and how well each word was heard."""
