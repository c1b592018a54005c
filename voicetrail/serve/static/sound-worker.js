// Sends the chunks of the audio thread to the server, in its own thread, so that painting does not delay the sound.
// The format is in voicetrail/serve/sound_format.py.

const HEADER = 12;
const BEHIND = 16 * 1024; // maximum number of unsent bytes: half a second; more would arrive too late
const CLOCK_MS = 3000; // time for which the minimum difference between the two clocks is kept
const LONGEST_WAIT_MS = 4000;
const POLICY = 1008;

let socket = null;
let address = "", key = "";
let held = "";
let number = 0;
let wait = 250;
let late = 0;
let minima = [];
let stopped = false;

// Converts the audio context's time to the page's clock. A delayed message gives a larger difference, so the minimum counts.
function clock(time) {
  const now = performance.now();
  const difference = now - time * 1000;
  const slot = Math.floor(now / (CLOCK_MS / 3));
  if (!minima.length || minima[minima.length - 1].slot !== slot) minima.push({ slot, least: difference });
  minima[minima.length - 1].least = Math.min(minima[minima.length - 1].least, difference);
  minima = minima.filter((each) => each.slot > slot - 3);
  return time * 1000 + Math.min(...minima.map((each) => each.least));
}

let stamp = 0;

function send({ time, samples }) {
  stamp = Math.max(stamp, clock(time));
  if (held || !socket || socket.readyState !== WebSocket.OPEN) return;
  number++;
  if (socket.bufferedAmount > BEHIND) {
    if (++late === 25) postMessage({ type: "late" });
    return; // the server notices the missing number
  }
  late = 0;
  const message = new ArrayBuffer(HEADER + samples.byteLength);
  const view = new DataView(message);
  view.setUint32(0, number, true);
  view.setFloat64(4, stamp, true);
  new Uint8Array(message, HEADER).set(new Uint8Array(samples));
  socket.send(message);
}

function report(state) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "state", state }));
}

function connect() {
  const mine = (socket = new WebSocket(address));
  let opened = false;
  mine.onopen = () => {
    opened = true;
    wait = 250;
    number = 0;
    mine.send(JSON.stringify({ key }));
    if (held) report(held);
    postMessage({ type: "open" });
  };
  mine.onmessage = (event) => {
    const message = JSON.parse(event.data);
    if (message.type === "ping") mine.send(JSON.stringify({ type: "pong", text: message.text }));
  };
  mine.onclose = (event) => {
    if (socket !== mine) return;
    socket = null;
    if (stopped) return;
    postMessage({ type: "closed", refused: event.code === POLICY });
    setTimeout(() => { if (!stopped && !socket) connect(); }, wait);
    wait = Math.min(2 * wait, LONGEST_WAIT_MS);
  };
}

onmessage = (event) => {
  const message = event.data;
  switch (message.type) {
    case "start":
      ({ address, key } = message);
      held = message.held || "";
      connect();
      break;
    case "sound":
      message.port.onmessage = (sound) => send(sound.data);
      minima = [];
      break;
    case "key":
      key = message.key;
      if (socket) {
        // It may be dead: its close is not waited for.
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close();
        connect();
      }
      break;
    case "hold":
      held = message.state;
      if (held) report(held);
      break;
    case "stop":
      report(message.state);
      stopped = true;
      if (socket) socket.close();
      setTimeout(close, 500);
  }
};
