"""The logo: the name of the game, drawn as a trail."""

from __future__ import annotations

from voicetrail.ui.widgets.rows import Rows, Run

LETTERS = (
    "╻   ╻ ┏━━━┓ ╻ ┏━━━╸ ┏━━━╸ ╺━┳━╸ ┏━━━┓ ┏━━━┓ ╻ ╻    ",
    "┗┓ ┏┛ ┃   ┃ ┃ ┃     ┣━━╸    ┃   ┣━┳━┛ ┣━━━┫ ┃ ┃    ",
    " ┗━┛  ┗━━━┛ ╹ ┗━━━╸ ┗━━━╸   ╹   ╹ ┗━╸ ╹   ╹ ╹ ┗━━━╸",
)
ASCII = (
    "|   | +---+ | +---- +---- --+-- +---+ +---+ | |    ",
    "++ ++ |   | | |     +--     |   +-+-+ +---+ | |    ",
    " +-+  +---+ | +---- +----   |   | +-- |   | | +----",
)
WIDTH = len(LETTERS[0])


class Logo(Rows):
    """Three rows with the first ``drawn`` columns of the logo, and the pen after them."""

    DEFAULT_CSS = """
    Logo { height: 3; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.drawn = WIDTH

    def draw(self, columns: int) -> None:
        """Show a number of columns."""
        self.drawn = min(WIDTH, columns)
        self.rebuild()

    @property
    def whole(self) -> bool:
        """Whether the logo is complete."""
        return self.drawn >= WIDTH

    def rebuild(self) -> None:
        """Rebuild the rows; unchanged cells send nothing."""
        look = self.look
        letters = ASCII if look.ascii_only else LETTERS
        part = WIDTH // len(look.ages) + 1
        for y, row in enumerate(letters):
            # Older strokes are calmer, so the last letters are the brightest.
            runs: list[Run] = []
            for start in range(0, self.drawn, part):
                age = len(look.ages) - 1 - start // part
                runs.append((row[start : min(self.drawn, start + part)], look.ages[age]))
            if y == 2:
                runs.append((look.glyphs.arrows["right"], look.pen))
            self.put(y, runs)
