"""Everything that uses private names of Textual; only here, so that a new version of Textual breaks one folder."""
