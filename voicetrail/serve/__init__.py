"""`voicetrail serve`: the game in a browser's page, with the browser's microphone."""
