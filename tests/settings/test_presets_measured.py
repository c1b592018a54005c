from __future__ import annotations

import numpy as np

from bench.presets import measure_presets, table
from voicetrail.events import SAMPLE_RATE
from voicetrail.settings.presets import PRESETS
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.training.evaluate.measure import Heard
from voicetrail.training.evaluate.streams import Spoken, Stream

LABELS = ("up", "_unknown_", "_background_noise_")
SHIPPED = DetectorSettings(threshold=0.7, thresholds={"up": 0.7}, smoothing=0.24)
HOP = 640


def heard(name: str, peaks: list[float], *, said: bool) -> Heard:
    """A minute in which "up" rises and falls every two seconds, to each of the peaks in turn."""
    rows = [(0.0, 0.5, 0.5)] * 1500
    spoken = []
    for number, peak in enumerate(peaks):
        for step in range(16):
            score = peak * min(1.0, step / 6, (16 - step) / 4)
            rows[50 * number + 25 + step] = (score, 1 - score, 0.0)
        spoken.append(Spoken("up", (50 * number + 20) * HOP, (50 * number + 36) * HOP))
    stream = Stream(name, np.zeros(60 * SAMPLE_RATE, dtype=np.float32), tuple(spoken) if said else ())
    return Heard(stream, [(HOP * (number + 1), row) for number, row in enumerate(rows)], ())


def test_presets_have_the_promised_effect() -> None:
    """On scores that rise to everywhere between faint and full."""
    peaks = list(np.linspace(0.5, 1.0, 26))
    rows = measure_presets(
        LABELS,
        SHIPPED,
        [heard("clean", peaks, said=True)],
        [heard("talk", peaks, said=False)],
        [heard("noise", peaks, said=False)],
    )
    found = {row.name: row for row in rows}
    assert set(found) == {"none", *PRESETS}
    clean = {name: row.words["clean"] for name, row in found.items()}
    assert clean["quiet room"].heard > clean["none"].heard > clean["noisy room"].heard > 0.3
    assert found["sure"].talk.false_an_hour < found["noisy room"].talk.false_an_hour < found["none"].talk.false_an_hour
    assert found["noisy room"].noise.false_an_hour < found["none"].noise.false_an_hour
    assert clean["fast"].latency(50) < clean["none"].latency(50) - 0.05
    lines = table(rows).splitlines()
    assert len(lines) == 2 + len(rows)
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2].startswith("| none | ")
