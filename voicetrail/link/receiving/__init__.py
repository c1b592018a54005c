"""The game's end of a connection: sound or words that come from another program."""
