"""Parts of the teaching screen: its pages, start and end of a session, and the screens for takes from files and replays."""
