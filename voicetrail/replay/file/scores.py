"""The scores of a run of hops as a short text.

A posterior is stored in whole thousandths. It changes little from hop to hop, so each label stores the difference to the
previous hop (for the first hop, to 0). Differences 0, -1, 1, -2 … are mapped to 0, 1, 2, 3 … and written as a Rice code (R. F.
Rice, "Some practical universal noiseless coding techniques", JPL 79-22, 1979) whose parameter follows the label's mean, as in
JPEG-LS (ITU-T T.87, A.5.1). 32 bits are packed into five characters (base85 as in RFC 1924, which needs no escaping in JSON).
Each text can be decoded by itself.

zlib over the same differences is 11 to 21 % larger and saves no code, since older files need this decoder anyway.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

THOUSANDTHS = 1000
"""The stored value of a posterior of 1."""
HOPS_MAX = 256
"""Most hops in a text; a recorder writes one a second, which is 25."""
LABELS_MAX = 64
"""Most labels that a reader takes."""

_ESCAPE = 16
"""A run of this many ones means that a plain number follows."""
_PLAIN_BITS = 12
_MEAN_START, _COUNT_START, _COUNT_MAX = 16, 2, 4
"""Found on speech: a parameter that adapts within a few hops saves a tenth of the size."""

Row = tuple[int, ...]
"""The posteriors of a hop in thousandths, in the order of the labels."""


def quantize(posteriors: Sequence[float]) -> Row:
    """Posteriors as thousandths; the recognizer's rounded posteriors lose nothing."""
    return tuple(min(THOUSANDTHS, max(0, round(value * THOUSANDTHS))) for value in posteriors)


def encode(rows: Sequence[Row]) -> str:
    """Write rows of one length, each value between 0 and ``THOUSANDTHS``, as a text."""
    if not rows:
        return ""
    labels = range(len(rows[0]))
    before = [0] * len(rows[0])
    means = [_MEAN_START] * len(before)
    counts = [_COUNT_START] * len(before)
    bits: list[str] = []
    for row in rows:
        for label in labels:
            difference = row[label] - before[label]
            value = 2 * difference if difference >= 0 else -2 * difference - 1
            mean, count = means[label], counts[label]
            bits.append(_rice(value, _parameter(mean, count)))
            means[label], counts[label] = _learn(mean + value, count + 1)
        before = list(row)
    text = "".join(bits)
    packed = int(text + "0" * (-len(text) % 8), 2).to_bytes((len(text) + 7) // 8)
    return base64.b85encode(packed).decode("ascii")


def decode(text: str, hops: int, labels: int) -> list[Row]:
    """Read the rows of a text back.

    Raises:
        ValueError: the text is damaged, or does not hold so many hops of so many labels.
    """
    if not (0 < hops <= HOPS_MAX and 0 < labels <= LABELS_MAX):
        raise ValueError("too many hops or labels")
    bits = _unpack(text)
    before = [0] * labels
    means = [_MEAN_START] * labels
    counts = [_COUNT_START] * labels
    rows: list[Row] = []
    at = 0
    for _ in range(hops):
        for label in range(labels):
            mean, count = means[label], counts[label]
            parameter = _parameter(mean, count)
            end = bits.find("0", at, at + _ESCAPE)
            high, low = (0, at + _ESCAPE) if end < 0 else ((end - at) << parameter, end + 1)
            at = low + (_PLAIN_BITS if end < 0 else parameter)
            # An empty slice has no bits; one that is cut off is detected at the end.
            value = high | int(bits[low:at] or "0", 2)
            means[label], counts[label] = _learn(mean + value, count + 1)
            before[label] += value >> 1 if value % 2 == 0 else -(value + 1 >> 1)
            if not 0 <= before[label] <= THOUSANDTHS:
                raise ValueError("a score is out of its range")
        rows.append(tuple(before))
    if at > len(bits):
        raise ValueError("the text ends too early")
    return rows


def _parameter(mean: int, count: int) -> int:
    """The number of low bits that suits values of this mean: the least with ``count << bits >= mean``."""
    return ((mean - 1) // count).bit_length() if mean > 0 else 0


def _learn(mean: int, count: int) -> tuple[int, int]:
    """Forget slowly, so that the parameter follows what the label does now."""
    return (mean >> 1, count >> 1) if count >= _COUNT_MAX else (mean, count)


def _rice(value: int, parameter: int) -> str:
    high = value >> parameter
    if high >= _ESCAPE:
        return "1" * _ESCAPE + format(value, f"0{_PLAIN_BITS}b")
    low = format(value & ((1 << parameter) - 1), f"0{parameter}b") if parameter else ""
    return "1" * high + "0" + low


def _unpack(text: str) -> str:
    try:
        packed = base64.b85decode(text)
    except ValueError as error:
        raise ValueError("not base85") from error
    return format(int.from_bytes(packed), f"0{8 * len(packed)}b") if packed else ""
