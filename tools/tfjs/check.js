// Runs jobs with the real TensorFlow.js and its speech-commands package, for the tests of importing and exporting models.
//
//   node check.js JOBS.json
//
// JOBS.json holds a list of objects; `op` says what is done (see `jobs`). Numbers go through files of little-endian float32.
'use strict';

const fs = require('fs');
const path = require('path');
const { resolveObjectURL } = require('buffer');
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
const tfl = require('@tensorflow/tfjs-layers');

// What the package expects of a browser: a page that downloads, sound that comes from a file, and a clock that stands still.
const analysers = [];

class Analyser {
  constructor() { analysers.push(this); this.heard = new Float32Array(0); }
  // Web Audio API, section 1.8.6: Blackman window (alpha 0.16), transform scaled by its length, magnitude in dB.
  getFloatFrequencyData(out) {
    const n = this.fftSize, x = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      const at = this.heard.length - n + i, phase = 2 * Math.PI * i / n;
      x[i] = (at < 0 ? 0 : this.heard[at]) * (0.42 - 0.5 * Math.cos(phase) + 0.08 * Math.cos(2 * phase));
    }
    for (let k = 0; k < out.length; k++) {
      if (k >= this.wanted) { out[k] = -100; continue; }
      let re = 0, im = 0;
      for (let i = 0; i < n; i++) {
        const phase = 2 * Math.PI * ((k * i) % n) / n;
        re += x[i] * Math.cos(phase);
        im -= x[i] * Math.sin(phase);
      }
      out[k] = 20 * Math.log10(Math.hypot(re, im) / n);
    }
  }
  disconnect() {}
}

class FakeAudioContext {
  createMediaStreamSource() { return { connect() {} }; }
  createAnalyser() { return new Analyser(); }
  close() {}
}

class FakeMouseEvent {}

function shimBrowser(downloads) {
  globalThis.window = { AudioContext: FakeAudioContext, URL };
  Object.defineProperty(globalThis, 'navigator', {
    configurable: true, value: { mediaDevices: { getUserMedia: async () => ({ getTracks: () => [] }) } } });
  globalThis.MouseEvent = FakeMouseEvent;
  globalThis.document = {
    createElement: () => ({ dispatchEvent() { downloads.push([this.download, resolveObjectURL(this.href)]); } }) };
}

const downloads = [];
shimBrowser(downloads);
const speechCommands = require('@tensorflow-models/speech-commands');
const { Dataset } = require('@tensorflow-models/speech-commands/dist/dataset');
const { BrowserFftFeatureExtractor } = require('@tensorflow-models/speech-commands/dist/browser_fft_extractor');
const { normalize } = require('@tensorflow-models/speech-commands/dist/browser_fft_utils');
console.log = console.warn = () => {};

const readFloats = (file) => { const b = fs.readFileSync(file); return new Float32Array(b.buffer.slice(b.byteOffset, b.byteOffset + b.length)); };
const writeFloats = (file, values) => fs.writeFileSync(file, Buffer.from(Float32Array.from(values).buffer));

// The model as a click on "download" saves it: by the library's own handler.
async function download(save, out, metadata) {
  fs.mkdirSync(out, { recursive: true });
  downloads.length = 0;
  tf.env().set('IS_BROWSER', true);
  await save('downloads://model');
  tf.env().set('IS_BROWSER', false);
  await new Promise((done) => setTimeout(done, 0));
  for (const [name, blob] of downloads) fs.writeFileSync(path.join(out, name), Buffer.from(await blob.arrayBuffer()));
  fs.writeFileSync(path.join(out, 'metadata.json'), JSON.stringify(metadata));
}

// A generator of the same numbers for a seed everywhere (mulberry32).
function generator(seed) {
  return () => {
    seed = (seed + 0x6D2B79F5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function seedWeights(model, seed) {
  const random = generator(seed);
  model.setWeights(model.getWeights().map((weight) => {
    const fan = weight.shape.slice(0, -1).reduce((a, b) => a * b, 1);
    const scale = weight.shape.length > 1 ? Math.sqrt(3 / fan) : 0.2;
    return tf.tensor(Float32Array.from({ length: weight.size }, () => (2 * random() - 1) * scale), weight.shape);
  }));
}

// The package's own network ("BROWSER_FFT"), or one with everything in it that a layer list can hold.
function network(kind, classes) {
  const model = tfl.sequential(), l = tfl.layers, input = [43, 232, 1];
  if (kind === 'same') {
    model.add(l.inputLayer({ inputShape: input }));
    model.add(l.conv2d({ filters: 6, kernelSize: [3, 8], strides: [2, 3], padding: 'same', useBias: false }));
    model.add(l.activation({ activation: 'relu' }));
    model.add(l.maxPooling2d({ poolSize: [2, 3], strides: [2, 2], padding: 'same' }));
    model.add(l.conv2d({ filters: 8, kernelSize: [2, 4], dilationRate: [2, 1], activation: 'relu' }));
    model.add(l.maxPooling2d({ poolSize: 2 }));
    model.add(l.flatten());
    model.add(l.dense({ units: 40, activation: 'relu' }));
    model.add(l.dropout({ rate: 0.4 }));
    model.add(l.dense({ units: classes, useBias: false }));
    model.add(l.activation({ activation: 'softmax' }));
    return model;
  }
  model.add(l.conv2d({ filters: 8, kernelSize: [2, 8], activation: 'relu', inputShape: input }));
  model.add(l.maxPooling2d({ poolSize: [2, 2], strides: [2, 2] }));
  for (const strides of [[2, 2], [2, 2], [1, 2]]) {
    model.add(l.conv2d({ filters: 32, kernelSize: [2, 4], activation: 'relu' }));
    model.add(l.maxPooling2d({ poolSize: [2, 2], strides }));
  }
  model.add(l.flatten());
  model.add(l.dropout({ rate: 0.25 }));
  model.add(l.dense({ units: 2000, activation: 'relu' }));
  model.add(l.dropout({ rate: 0.5 }));
  model.add(l.dense({ units: classes, activation: 'softmax' }));
  return model;
}

function readArtifacts(folder) {
  const json = JSON.parse(fs.readFileSync(path.join(folder, 'model.json'), 'utf8'));
  const weightSpecs = json.weightsManifest.flatMap((group) => group.weights);
  const shards = json.weightsManifest.flatMap((group) => group.paths).map((name) => fs.readFileSync(path.join(folder, name)));
  const all = Buffer.concat(shards);
  return { json, modelTopology: json.modelTopology, weightSpecs, weightData: all.buffer.slice(all.byteOffset, all.byteOffset + all.length) };
}

async function load(folder) {
  const metadata = JSON.parse(fs.readFileSync(path.join(folder, 'metadata.json'), 'utf8'));
  const recognizer = speechCommands.create('BROWSER_FFT', null, readArtifacts(folder), metadata);
  await recognizer.ensureModelLoaded();
  return recognizer;
}

async function recognize(recognizer, file) {
  const patches = readFloats(file), count = patches.length / (43 * 232);
  const { scores } = await recognizer.recognize(tf.tensor4d(patches, [count, 43, 232, 1]));
  return count === 1 ? [...scores] : scores.flatMap((each) => [...each]);
}

const jobs = {
  // A network with seeded weights, saved as the browser saves it.
  async make({ kind, seed, words, out }) {
    const model = network(kind, words.length);
    seedWeights(model, seed);
    await download((handler) => model.save(handler), out, { wordLabels: words, frameSize: 232 });
  },
  // A transfer model by the package's own createTransfer, trained a little, and saved by its own `save`.
  async transfer({ base, words, seed, out, patches, scores }) {
    const recognizer = await load(base), random = generator(seed), dataset = new Dataset();
    const transfer = recognizer.createTransfer('mine');
    words.forEach((label, index) => {
      for (let take = 0; take < 4; take++) {
        const data = Float32Array.from({ length: 43 * 232 }, (_, at) => random() - 0.5 + (at % words.length === index ? 1 : 0));
        dataset.addExample({ label, spectrogram: { data, frameSize: 232 } });
      }
    });
    transfer.loadExamples(dataset.serialize());
    await transfer.train({ epochs: 2 });
    await download((handler) => transfer.save(handler), out, transfer.getMetadata());
    writeFloats(scores, await recognize(transfer, patches));
  },
  // The weights as the converter quantises them, in shards of an odd size.
  async quantise({ from, dtype, out }) {
    const { json, weightSpecs, weightData } = readArtifacts(from), parts = [];
    let at = 0;
    const weights = weightSpecs.map((spec) => {
      const size = spec.shape.reduce((a, b) => a * b, 1), values = new Float32Array(weightData.slice(at, at + 4 * size));
      at += 4 * size;
      if (dtype === 'float16') {
        parts.push(Buffer.from(Uint16Array.from(values, toHalf).buffer));
        return { ...spec, quantization: { dtype, original_dtype: 'float32' } };
      }
      const steps = dtype === 'uint8' ? 255 : 65535, Stored = dtype === 'uint8' ? Uint8Array : Uint16Array;
      const min = values.reduce((a, b) => Math.min(a, b)), max = values.reduce((a, b) => Math.max(a, b));
      const scale = (max - min) / steps || 1;
      parts.push(Buffer.from(Stored.from(values, (value) => Math.round((value - min) / scale)).buffer));
      return { ...spec, quantization: { dtype, min, scale, original_dtype: 'float32' } };
    });
    fs.mkdirSync(out, { recursive: true });
    const all = Buffer.concat(parts), shard = 1000003, paths = [];
    for (let first = 0; first < all.length; first += shard) {
      paths.push(`group1-shard${paths.length + 1}.bin`);
      fs.writeFileSync(path.join(out, paths[paths.length - 1]), all.subarray(first, first + shard));
    }
    fs.writeFileSync(path.join(out, 'model.json'), JSON.stringify({ ...json, weightsManifest: [{ paths, weights }] }));
    fs.copyFileSync(path.join(from, 'metadata.json'), path.join(out, 'metadata.json'));
  },
  // The scores of patches, by the package's own recognizer.
  async predict({ model, patches, scores }) {
    writeFloats(scores, await recognize(await load(model), patches));
  },
  // What the package's own extractor makes of sound at 44.1 kHz: dB and the normalized patch.
  async features({ sound, decibels, patch }) {
    const all = readFloats(sound), tick = globalThis.setInterval;
    globalThis.setInterval = () => 0;
    let found = null;
    const extractor = new BrowserFftFeatureExtractor({
      sampleRateHz: 44100, numFramesPerSpectrogram: 43, columnTruncateLength: 232, suppressionTimeMillis: 0, overlapFactor: 0,
      spectrogramCallback: async (x) => { found = [await x.data(), await normalize(x).data()]; return false; } });
    await extractor.start();
    globalThis.setInterval = tick;
    const analyser = analysers[analysers.length - 1];
    analyser.wanted = 232;
    for (let frame = 0; frame < 43; frame++) {
      analyser.heard = all.subarray(0, 2048 + 1024 * frame);
      await extractor.onAudioFrame();
    }
    writeFloats(decibels, found[0]);
    writeFloats(patch, found[1]);
  },
};

// A float as the bits of the nearest half, ties to even.
function toHalf(value) {
  const bits = new Uint32Array(new Float32Array([value]).buffer)[0];
  const sign = (bits >>> 16) & 0x8000, exponent = ((bits >>> 23) & 0xff) - 112, fraction = bits & 0x7fffff;
  if (exponent >= 31) return sign | 0x7c00;
  const [mantissa, shift] = exponent <= 0 ? [fraction | 0x800000, 14 - exponent] : [fraction, 13];
  if (shift > 24) return sign;
  const kept = (Math.max(exponent, 0) << 10) + (mantissa >>> shift), left = mantissa & ((1 << shift) - 1), half = 1 << (shift - 1);
  return sign | (kept + (left > half || (left === half && kept & 1) ? 1 : 0));
}

(async () => {
  await tf.setBackend('cpu');
  for (const { op, ...job } of JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))) await jobs[op](job);
})().catch((error) => { process.stderr.write(`${error.stack}\n`); process.exit(1); });
