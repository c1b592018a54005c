"""All code that uses private names of Textual, so that a new version of Textual can break only this package."""
