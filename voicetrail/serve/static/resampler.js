// Changes the sample rate of a mono stream with a windowed sinc; frequencies above half of the new rate are attenuated by 80 dB.
// It has no dependencies; the AudioWorklet and the tests use it.

const ZEROS = 24; // zero crossings of the sinc on each side
const PASSED = 0.92; // fraction of the new band in the passband; the rest is the transition band
const BETA = 8; // of the Kaiser window: 80 dB

function bessel(x) {
  // Modified Bessel function of the first kind, order 0 (Abramowitz and Stegun, 9.6.12).
  let sum = 1, term = 1;
  for (let k = 1; k < 40; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function divisor(a, b) {
  return b ? divisor(b, a % b) : a;
}

export class Resampler {
  constructor(from, to) {
    const common = divisor(from, to);
    this.up = to / common;
    this.down = from / common;
    this.cutoff = 0.5 * PASSED * Math.min(1, to / from); // cycles per input sample
    this.half = from === to ? 0 : Math.ceil(ZEROS / (2 * this.cutoff));
    this.delay = this.half / from; // delay of the filter in seconds
    this.phases = new Map();
    this.buffer = new Float32Array(2 * this.half);
    this.first = -2 * this.half; // position of the buffer's first sample in the input
    this.next = 0; // number of the next sample of the output
  }

  // Processes input samples; returns the output samples that are complete.
  push(input) {
    if (!this.half) return input.slice();
    const joined = new Float32Array(this.buffer.length + input.length);
    joined.set(this.buffer);
    joined.set(input, this.buffer.length);
    const end = this.first + joined.length;
    const out = [];
    for (;;) {
      const whole = Math.floor((this.next * this.down) / this.up);
      if (whole + this.half >= end) break;
      const taps = this.taps((this.next * this.down) % this.up);
      const begin = whole - this.half + 1 - this.first;
      let sum = 0;
      for (let i = 0; i < taps.length; i++) sum += taps[i] * joined[begin + i];
      out.push(sum);
      this.next++;
    }
    const kept = Math.min(joined.length, 2 * this.half);
    this.buffer = joined.slice(joined.length - kept);
    this.first = end - kept;
    // Reset the counters before they exceed the range of exact integers.
    if (this.next > 1e9) {
      const turns = Math.floor(this.next / this.up) - 1;
      this.next -= turns * this.up;
      this.first -= turns * this.down;
    }
    return Float32Array.from(out);
  }

  taps(phase) {
    let taps = this.phases.get(phase);
    if (taps) return taps;
    taps = new Float32Array(2 * this.half);
    let sum = 0;
    for (let i = 0; i < taps.length; i++) {
      const t = i - this.half + 1 - phase / this.up;
      const x = 2 * Math.PI * this.cutoff * t;
      const at = t / this.half;
      const window = Math.abs(at) < 1 ? bessel(BETA * Math.sqrt(1 - at * at)) / bessel(BETA) : 0;
      taps[i] = (Math.abs(x) < 1e-9 ? 1 : Math.sin(x) / x) * window;
      sum += taps[i];
    }
    for (let i = 0; i < taps.length; i++) taps[i] /= sum;
    if (this.phases.size < 2000) this.phases.set(phase, taps);
    return taps;
  }
}
