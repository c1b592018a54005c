// Runs in the browser's audio thread: converts the microphone's sound to chunks of 20 ms, 16 kHz, 16 bits, mono.
import { Resampler } from "./resampler.js";

const RATE = 16000;
const CHUNK = 320;

class Microphone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate, RATE);
    this.chunk = new Int16Array(CHUNK);
    this.filled = 0;
    this.out = null;
    this.port.onmessage = (event) => { this.out = event.data; };
  }

  process(inputs) {
    const channels = inputs[0];
    if (!channels.length || !this.out) return true;
    const length = channels[0].length;
    const mono = new Float32Array(length);
    for (const channel of channels) for (let i = 0; i < length; i++) mono[i] += channel[i] / channels.length;
    const end = currentTime + length / sampleRate - this.resampler.delay;
    const samples = this.resampler.push(mono);
    for (let i = 0; i < samples.length; i++) {
      this.chunk[this.filled++] = Math.max(-32768, Math.min(32767, Math.round(samples[i] * 32768)));
      if (this.filled === CHUNK) {
        // `time`: when the last sample of the chunk was captured, on the clock of the audio context.
        this.out.postMessage({ time: end - (samples.length - 1 - i) / RATE, samples: this.chunk.buffer }, [this.chunk.buffer]);
        this.chunk = new Int16Array(CHUNK);
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("microphone", Microphone);
