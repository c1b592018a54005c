"""Writes a Markdown report of an evaluation, with plots."""

from __future__ import annotations

import json
from pathlib import Path

from voicetrail.errors import TrainingError
from voicetrail.install import pip_command
from voicetrail.training.evaluate.evaluation import EvaluationReport
from voicetrail.training.evaluate.measure import StreamMetrics
from voicetrail.vocabulary import is_word


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


def text(report: EvaluationReport) -> str:
    """The tables of the report."""
    clips = report.clips
    parts = [
        f"`{report.weights}` ({report.parameters:,} parameters, {report.hop_ms:.2f} ms a hop, sha256 `{report.hash[:12]}`)",
        table(
            ["word", "right", "right at 1 % false accepts"],
            [[w, f"{p:.1%}", f"{clips.recall_by_word[w]:.1%}"] for w, p in clips.by_word.items()]
            + [["mean", f"{clips.accuracy:.2%}", f"{clips.recall:.2%}"]],
        ),
        f"Held-out noise, seconds taken for a word at the shipped thresholds: {report.noise_accepted:.2%}.",
    ]
    if report.conditions:
        words = [label for label in report.labels if label in next(iter(report.conditions.values())).spoken]
        parts.append(
            table(
                [
                    "stream",
                    "heard",
                    *words,
                    "false moves an hour",
                    "latency, median",
                    "95 %",
                ],
                [
                    [
                        name,
                        f"{m.heard:.1%}",
                        *(f"{m.right.get(word, 0) / max(1, m.spoken.get(word, 0)):.1%}" for word in words),
                        f"{m.false_an_hour:.1f}",
                        f"{m.latency(50) * 1000:.0f} ms",
                        f"{m.latency(95) * 1000:.0f} ms",
                    ]
                    for name, m in report.conditions.items()
                ],
            )
        )
    if report.negatives:
        rows = [
            [name, f"{m.seconds / 60:.0f} min", f"{m.false_an_hour:.1f}", _by_word(m)] for name, m in report.negatives.items()
        ]
        parts.append(table(["no direction in it", "length", "false moves an hour", "by word"], rows))
    parts.append(table(["spoken", *report.labels], _confusion(report)))
    return "\n\n".join(parts) + "\n"


def _by_word(metrics: StreamMetrics) -> str:
    return ", ".join(f"{word} {count}" for word, count in sorted(metrics.false.items())) or "none"


def _confusion(report: EvaluationReport) -> list[list[str]]:
    rows = report.clips.confusion
    order = [label for label in report.labels if label in rows] + sorted(word for word in rows if word not in report.labels)
    return [[word, *(str(rows[word].get(label, "")) for label in report.labels)] for word in order]


def write(report: EvaluationReport, folder: Path) -> Path:
    """Write ``report.md``, ``report.json`` and the plots into a folder.

    Raises:
        TrainingError: matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError:
        raise TrainingError(f"the report's plots need matplotlib: {pip_command('matplotlib')}") from None
    matplotlib.use("svg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = pyplot.subplots(figsize=(6, 4))
    axes.plot([100 * row[1] for row in report.det], [100 * row[2] for row in report.det])
    axes.set(
        xscale="symlog", xlabel="other clips taken for a word, %", ylabel="words missed, %", title="Detection error trade-off"
    )
    axes.grid(visible=True, alpha=0.3)
    figure.savefig(folder / "det.svg")
    pyplot.close(figure)
    plots = "![Detection error trade-off](det.svg)\n"
    if any(found.latencies for found in report.conditions.values()):
        figure, axes = pyplot.subplots(figsize=(6, 4))
        for name, found in report.conditions.items():
            ordered = sorted(1000 * latency for latency in found.latencies)
            axes.plot(ordered, [100 * (index + 1) / len(ordered) for index in range(len(ordered))], label=name)
        axes.set(xlabel="from the end of the word to the event, ms", ylabel="words, %", title="Latency")
        axes.legend()
        axes.grid(visible=True, alpha=0.3)
        figure.savefig(folder / "latency.svg")
        pyplot.close(figure)
        plots += "\n![Latency](latency.svg)\n"
    words = ", ".join(label for label in report.labels if is_word(label))
    path = folder / "report.md"
    path.write_text(f"# Evaluation\n\nWords: {words}.\n\n{text(report)}\n{plots}", "utf-8")
    (folder / "report.json").write_text(json.dumps(report.as_dict(), indent=1), "utf-8")
    return path
