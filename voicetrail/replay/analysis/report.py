"""What the command line prints about a recording: its state, its checksums, the result of other settings, suggested
thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence

from voicetrail.events import WordHeard, WordRejected
from voicetrail.game import Sketch
from voicetrail.game.rules import Rules
from voicetrail.replay import drawing
from voicetrail.replay.analysis.suggest import ThresholdSuggestion
from voicetrail.replay.analysis.whatif import WhatIfResult
from voicetrail.replay.file.entries import Entry
from voicetrail.replay.timeline import Timeline
from voicetrail.replay.transcript import time_text
from voicetrail.text import counted, printable

Json = dict[str, object]


def state(timeline: Timeline) -> Json:
    """The final state, for programs."""
    game, header = timeline.final, timeline.header
    first = timeline.differences[0] if timeline.differences else None
    pen, result = game.pen, game.result()
    return {
        "file": str(timeline.replay.path),
        "title": header.title,
        "date": header.date,
        "duration": timeline.duration_ms / 1000,
        "mode": game.mode_name,
        "level": game.level,
        "seed": result.seed,
        "rules": header.setup.rules,
        "checksum": game.checksum(),
        "checked": timeline.checked,
        "difference": None if first is None else {"since": first.since_ms / 1000, "at": first.at_ms / 1000},
        "remark": timeline.replay.remark,
        "pen": None if pen is None else {"x": pen.x, "y": pen.y, "direction": pen.direction},
        "words": sum(isinstance(entry.item, WordHeard) for entry in timeline.detected),
        "near_misses": sum(isinstance(entry.item, WordRejected) for entry in timeline.detected),
        "markers": [entry.at_ms / 1000 for entry in timeline.markers],
        "score": result.score,
        "finished": result.finished,
        "won": result.won,
        "moves": result.words,
        "by_voice": result.words - result.presses,
        "by_key": result.presses,
        "wrong": result.wrong,
        "details": dict(result.details),
        **_sketch_state(game),
        "drawing": drawing.rows(game),
    }


def _sketch_state(game: Rules) -> Json:
    """The keys that the first version printed for a drawing."""
    if not isinstance(game, Sketch):
        return {}
    return {
        "movement": game.movement.name,
        "step": game.step_length,
        "strokes": game.tally.strokes,
        "length": game.tally.length,
        "undone": game.tally.undone,
    }


def check(timeline: Timeline) -> tuple[bool, str]:
    """Whether every checksum is right, and a line about it."""
    name = printable(timeline.replay.path.name)
    remark = f"; {timeline.replay.remark}" if timeline.replay.remark else ""
    if timeline.differences:
        first = timeline.differences[0]
        rules, newest = timeline.header.setup.rules, timeline.final.rules_version
        known = f"this program knows versions up to {newest}"
        why = "" if rules <= newest else f"; it was played with version {rules} of the rules, and {known}"
        return False, (
            f"{name}: the drawing differs from the recorded one; the first difference is between {time_text(first.since_ms)} and"
            f" {time_text(first.at_ms)} ({len(timeline.differences)} of {counted(timeline.checked, 'checksum')} wrong{why}){remark}"
        )
    if not timeline.checked:
        return False, f"{name}: there is no checksum to compare the drawing with{remark}"
    return True, f"{name}: {counted(timeline.checked, 'checksum')} right, {time_text(timeline.duration_ms)} long{remark}"


def outcome_lines(outcome: WhatIfResult, *, width: int, plain: bool) -> list[str]:
    """Both drawings, and the words that differ."""
    before, after = Timeline(outcome.before), Timeline(outcome.after)
    lines = drawing.side_by_side(
        drawing.rows(before.final, plain=plain),
        drawing.rows(after.final, plain=plain),
        ("recorded", "with the other settings"),
        width,
    )
    lines = [line.replace("│", "|") if plain else line for line in lines]
    lines += ["", summary(outcome)]
    changes = [(entry.at_ms, f"gained {_named(entry)}") for entry in outcome.gained]
    changes += [(entry.at_ms, f"lost   {_named(entry)}") for entry in outcome.lost]
    for move in outcome.moved:
        late = (move.after.at_ms - move.before.at_ms) / 1000
        changes.append((move.before.at_ms, f"moved  {_named(move.before)} by {late:+.2f} s"))
    return [*lines, *(f"{time_text(at_ms):>9}  {line}" for at_ms, line in sorted(changes))]


def summary(outcome: WhatIfResult) -> str:
    """How many words would be gained, lost and moved, in one line."""
    if outcome.same:
        return "no word would change"
    parts = {"gained": outcome.gained, "lost": outcome.lost, "moved": outcome.moved}
    counts = ", ".join(f"{len(changed)} {name}" for name, changed in parts.items())
    total = sum(isinstance(entry.item, WordHeard) for entry in outcome.before.entries)
    return f"of {counted(total, 'word')}: {counts}"


def outcome_json(outcome: WhatIfResult) -> Json:
    """What changed, for programs."""
    return {
        "gained": [_entry_json(entry) for entry in outcome.gained],
        "lost": [_entry_json(entry) for entry in outcome.lost],
        "moved": [{**_entry_json(move.before), "to": move.after.at_ms / 1000} for move in outcome.moved],
        "before": state(Timeline(outcome.before)),
        "after": state(Timeline(outcome.after)),
    }


def proposal_lines(proposals: Sequence[ThresholdSuggestion]) -> list[str]:
    """The proposed thresholds as a table, and how to try and to keep them."""
    width = max((len(one.word) for one in proposals), default=4)
    lines = [f"{'word':<{width}}  now   proposed  why"]
    lines += [
        f"{printable(one.word):<{width}}  {one.present:<5.3g} {one.proposed if one.changed else '-':<8}  {one.reason}"
        for one in proposals
    ]
    changed = [one for one in proposals if one.changed]
    if not changed:
        lines.append("There is nothing to change. While you play, press m to mark an error, and u to undo a false word.")
    else:
        flags = " ".join(f"--threshold {one.word}={one.proposed:g}" for one in changed)
        lines.append(f"To try them on this session: voicetrail replay FILE {flags}")
        lines += [f"To use them: voicetrail settings set thresholds.{one.word} {one.proposed:g}" for one in changed]
    return lines


def proposals_json(proposals: Sequence[ThresholdSuggestion]) -> list[Json]:
    """The proposed thresholds, for programs."""
    return [
        {
            "word": one.word,
            "present": one.present,
            "proposed": one.proposed,
            "meant": one.meant,
            "false": one.false,
            "missed": one.missed,
            "still_wrong": one.still_wrong,
        }
        for one in proposals
    ]


def _named(entry: Entry) -> str:
    item = entry.item
    return f"{printable(item.word)} {item.score:.2f}" if isinstance(item, WordHeard | WordRejected) else ""


def _entry_json(entry: Entry) -> Json:
    item = entry.item
    if not isinstance(item, WordHeard | WordRejected):
        return {}
    return {"time": entry.at_ms / 1000, "word": item.word, "score": item.score}
