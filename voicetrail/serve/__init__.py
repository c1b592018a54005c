"""``voicetrail serve``: the game as a web page, with the browser's microphone."""
