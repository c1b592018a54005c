from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from voicetrail.training.evaluate.evaluation import EvaluationReport, balance
from voicetrail.training.evaluate.measure import StreamMetrics
from voicetrail.training.evaluate.metrics import det_curve, measure_clips
from voicetrail.training.evaluate.report import table, text, write

LABELS = ("up", "left", "_unknown_", "_background_noise_")
SCORES = np.array([[0.9, 0.0, 0.1, 0.0], [0.2, 0.7, 0.1, 0.0], [0.4, 0.1, 0.5, 0.0], [0.0, 0.0, 0.1, 0.9]])
TRUTH = ["up", "left", "cat", "_background_noise_"]


@pytest.fixture
def report() -> EvaluationReport:
    made = EvaluationReport(
        "made",
        "ab" * 32,
        LABELS,
        123_456,
        measure_clips(SCORES, LABELS, TRUTH),
        det_curve(SCORES, LABELS, TRUTH),
        0.0125,
        0.678,
    )
    made.conditions["clean"] = StreamMetrics(60.0, {"up": 4, "left": 2}, {"up": 3, "left": 2}, {"up": 1}, [0.05, 0.1, 0.2])
    made.conditions["5 dB"] = StreamMetrics(60.0, {"left": 4, "up": 2}, {"left": 1, "up": 2}, latencies=[0.1])
    made.negatives["talk"] = StreamMetrics(1800.0, false={"left": 2, "up": 1})
    return made


def test_the_tables_say_what_was_found(report: EvaluationReport) -> None:
    written = text(report)
    assert "`made` (123,456 parameters, 0.68 ms a hop, sha256 `abababababab`)" in written
    assert "| mean | 100.00% | 100.00% |" in written
    assert "1.25%" in written
    assert "| clean | 87.5% | 75.0% | 100.0% | 60.0 | 100 ms | 190 ms |" in written
    assert "| 5 dB | 62.5% | 100.0% | 25.0% | 0.0 | 100 ms | 100 ms |" in written, "whichever word is said first"
    assert "| talk | 30 min | 6.0 | left 2, up 1 |" in written
    assert "| cat |  |  | 1 |  |" in written


def test_a_report_is_markdown_with_plots_and_figures(report: EvaluationReport, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the report's plots need matplotlib")
    path = write(report, tmp_path / "report")
    written = path.read_text("utf-8")
    assert written.startswith("# Evaluation\n\nWords: up, left.\n")
    for name in ("det.svg", "latency.svg"):
        assert f"]({name})" in written
        assert ElementTree.parse(path.parent / name).getroot().tag.endswith("svg")
    figures = json.loads((path.parent / "report.json").read_text("utf-8"))
    assert figures == report.as_dict()
    assert figures["streams"]["clean"]["by_word"] == {"up": 0.75, "left": 1.0}


def test_without_streams_there_is_no_table_of_them(report: EvaluationReport) -> None:
    report.conditions.clear()
    report.negatives.clear()
    assert "false moves" not in text(report)


def test_a_table_has_a_row_a_line() -> None:
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_scarce_words_weigh_more_but_not_without_end() -> None:
    truth = ["cat"] * 120 + ["dog"] * 30 + ["owl"] * 2
    weights = balance(truth)
    assert (weights[0], weights[120], weights[150]) == (1.0, 2.0, 10.0)
