"""Programs for maintainers, which make parts of the project."""
