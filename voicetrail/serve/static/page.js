// The page: a terminal with the game, a microphone, and buttons that replace keys on a phone.
import { Terminal } from "./xterm/xterm.mjs";
import { FitAddon } from "./xterm/addon-fit.mjs";
import { Microphone } from "./microphone.js";

const texts = JSON.parse(document.getElementById("texts").textContent);
const [status, button, again, keyboard, reader] = ["status", "microphone", "again", "keyboard", "reader"].map((id) => document.getElementById(id));
const place = document.getElementById("terminal");
const KEYS = { up: "\x1b[A", down: "\x1b[B", right: "\x1b[C", left: "\x1b[D" };
const SMALLEST = { columns: 60, rows: 20 }; // minimum size of the game
const ROOMY = { columns: 100, rows: 30 }; // preferred size, if the letters stay readable
const LARGEST_FONT = 22, SMALLEST_FONT = 5, READABLE_FONT = 14;
const PASTE = 10000; // characters; the limit of the game
const SEEN_EVERY = 16 * 1024; // bytes between two reports of painted output
const LONGEST_WAIT_MS = 4000;
const SILENCE_MS = 12000; // after which the connection counts as lost; the server sends something every 4 s
const LOOK_MS = 1000;
const POLICY = 1008;
const KEY = "voicetrail-game", MICROPHONE = "voicetrail-microphone";

function say(name, problem = false) {
  status.textContent = texts[name];
  status.classList.toggle("problem", problem);
}

// The token belongs in the cookie, and not in the history or a screenshot.
if (location.search) history.replaceState(null, "", location.pathname);

function address(path) {
  const url = new URL(path, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  url.search = url.hash = "";
  return url.href;
}

// The terminal

const terminal = new Terminal({
  fontFamily: 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace',
  fontSize: READABLE_FONT,
  theme: { background: "#0b1020", foreground: "#e6ecff" },
  scrollback: 0,
  cursorBlink: false,
  allowProposedApi: false,
  screenReaderMode: localStorage.getItem("voicetrail-reader") === "on",
});
const fit = new FitAddon();
terminal.loadAddon(fit);
terminal.open(place);
// WebGL draws the lines of the trail without gaps; without WebGL the browser uses its font. WebGL starts slowly, so the first frame
// does not wait for it.
async function paintWithWebgl() {
  try {
    const { WebglAddon } = await import("./xterm/addon-webgl.mjs");
    const painter = new WebglAddon();
    painter.onContextLoss(() => painter.dispose());
    terminal.loadAddon(painter);
    layout();
    // If the browser reports wrong pixel sizes, the picture would be wrong too.
    setTimeout(() => {
      const canvas = place.querySelector("canvas:not(.xterm-link-layer)");
      const width = canvas ? canvas.clientWidth * devicePixelRatio : 0;
      if (Math.abs(canvas ? canvas.width / width - 1 : 1) > 0.05) painter.dispose();
      layout();
    }, 100);
  } catch { /* the DOM paints */ }
}

function room(font) {
  terminal.options.fontSize = font;
  return fit.proposeDimensions() || { cols: 0, rows: 0 };
}

// The largest font with which the game fits; additional room is used for more columns and rows.
function layout() {
  const wide = place.clientWidth, high = place.clientHeight;
  if (!wide || !high) return;
  const guess = (size) => Math.min(wide / (size.columns * 0.602), high / (size.rows * 1.17), LARGEST_FONT);
  let size = ROOMY, font = guess(ROOMY);
  if (font < READABLE_FONT) {
    size = SMALLEST;
    font = Math.min(guess(SMALLEST), READABLE_FONT);
  }
  font = Math.max(SMALLEST_FONT, Math.floor(font * 4) / 4);
  let fits = room(font);
  while ((fits.cols < size.columns || fits.rows < size.rows) && font > SMALLEST_FONT) {
    font -= 0.25;
    fits = room(font);
  }
  terminal.resize(Math.max(fits.cols, 20), Math.max(fits.rows, 5));
}

const encoder = new TextEncoder();
let socket = null, lastSize = "", wait = 250, received = 0, painted = 0, reported = 0, lost = false, over = false;
let generation = 0, shown = false;
let heardAt = 0, lookedAt = 0;

function type(text) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(encoder.encode(text));
}

function tell(message) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function size() {
  return { columns: terminal.cols, rows: terminal.rows };
}

function connect() {
  const early = window.voicetrailSocket;
  window.voicetrailSocket = null;
  const mine = (socket = early && early.readyState <= WebSocket.OPEN ? early : new WebSocket(address("terminal")));
  mine.binaryType = "arraybuffer";
  heardAt = performance.now();
  const hello = () => {
    lastSize = JSON.stringify(size());
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    mine.send(JSON.stringify({ key: sessionStorage.getItem(KEY) || "", ...size(), still }));
  };
  if (mine.readyState === WebSocket.OPEN) hello();
  else mine.onopen = hello;
  mine.onmessage = (event) => {
    heardAt = performance.now();
    if (typeof event.data === "string") {
      control(JSON.parse(event.data));
      return;
    }
    const bytes = new Uint8Array(event.data), mineNow = generation;
    received += bytes.length;
    terminal.write(bytes, () => {
      if (mineNow !== generation) return;
      painted += bytes.length;
      if (!shown) {
        shown = true;
        setTimeout(paintWithWebgl, 500);
      }
      if (painted - reported >= SEEN_EVERY || painted === received) {
        reported = painted;
        tell({ type: "seen", bytes: painted });
      }
    });
  };
  mine.onclose = (event) => connectionLost(mine, event.code);
}

function connectionLost(gone, code) {
  if (socket !== gone) return;
  socket = null;
  if (over) return;
  if (code === POLICY) {
    finish("refused_page", "play_again");
    return;
  }
  if (!lost) say("connection_lost", true);
  lost = true;
  setTimeout(connect, wait);
  wait = Math.min(2 * wait, LONGEST_WAIT_MS);
}

// A network that is gone says nothing more: the browser would wait for the server's answer to the close.
function drop() {
  const gone = socket;
  if (!gone) return;
  gone.onopen = gone.onmessage = gone.onclose = null;
  gone.close();
  connectionLost(gone, 1006);
}

// A connection can die without a word, and the browser alone would notice after minutes.
setInterval(() => {
  const now = performance.now();
  // A page that was frozen or slept has not listened meanwhile.
  if (now - lookedAt > SILENCE_MS / 2) heardAt = now;
  lookedAt = now;
  if (now - heardAt > SILENCE_MS) drop();
}, LOOK_MS);

function control(message) {
  switch (message.type) {
    case "alive":
      break;
    case "game":
      generation++;
      received = painted = reported = 0;
      wait = 250;
      terminal.reset();
      sessionStorage.setItem(KEY, message.key);
      microphone.attach(message.key, lost);
      if (!message.known) say("began_anew", true);
      else if (lost) say("connection_back");
      else if (message.resumed) say("resumed");
      else if (!microphone.on) say("begun");
      lost = false;
      resumeMicrophone();
      break;
    case "taken":
      finish("taken", "take_here");
      break;
    default: // the reason why the server disconnects this page
      sessionStorage.removeItem(KEY);
      finish(message.type in texts ? message.type : "ended", "play_again");
  }
}

function finish(text, offer) {
  over = true;
  microphone.stop("off");
  say(text, true);
  again.textContent = texts[offer];
  again.hidden = false;
  if (!matchMedia("(pointer: coarse)").matches) again.focus();
}

again.addEventListener("click", () => {
  again.hidden = true;
  over = false;
  say("connecting");
  terminal.focus();
  connect();
});

terminal.onData((text) => type(text.slice(0, PASTE)));
terminal.onBinary((text) => { if (socket && socket.readyState === WebSocket.OPEN) socket.send(Uint8Array.from(text, (c) => c.charCodeAt(0))); });
terminal.onResize(() => {
  const now = JSON.stringify(size());
  if (now !== lastSize) {
    lastSize = now;
    tell({ type: "resize", ...size() });
  }
});
// Tab belongs to the game, so another key must leave the terminal.
terminal.attachCustomKeyEventHandler((event) => {
  if (event.key === "Escape" && event.shiftKey) {
    if (event.type === "keydown") button.focus();
    return false;
  }
  return true;
});

// Buttons

const pad = document.getElementById("pad");
for (const each of pad.querySelectorAll("button")) {
  const key = KEYS[each.dataset.key];
  let pressed = 0;
  each.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // the focus stays where it is
    pressed = event.timeStamp;
    type(key);
  });
  // Devices without a pointer (a keyboard, a screen reader) send a click.
  each.addEventListener("click", (event) => { if (event.detail === 0 || event.timeStamp - pressed > 5000) type(key); });
}

// On a phone a tap on the game must not bring up the keyboard, which would cover it.
const input = terminal.textarea;
if (matchMedia("(pointer: coarse)").matches) input.inputMode = "none";
keyboard.addEventListener("click", () => {
  const shown = input.inputMode === "none";
  input.inputMode = shown ? "text" : "none";
  keyboard.setAttribute("aria-pressed", String(shown));
  input.blur();
  if (shown) terminal.focus();
});

function showReader() {
  reader.setAttribute("aria-pressed", String(terminal.options.screenReaderMode));
}
reader.addEventListener("click", () => {
  terminal.options.screenReaderMode = !terminal.options.screenReaderMode;
  localStorage.setItem("voicetrail-reader", terminal.options.screenReaderMode ? "on" : "off");
  showReader();
});
showReader();

// The microphone

const microphone = new Microphone(address("microphone"), say, () => {
  button.textContent = texts[microphone.on ? "microphone_stop" : "microphone_use"];
  button.setAttribute("aria-pressed", String(microphone.on));
  sessionStorage.setItem(MICROPHONE, microphone.on ? "on" : "off");
});
button.addEventListener("click", () => {
  if (microphone.on) microphone.stop("off");
  else microphone.start();
  if (!matchMedia("(pointer: coarse)").matches) terminal.focus();
});

// After a reload the microphone continues if the browser still allows it without asking.
let asked = false;
async function resumeMicrophone() {
  if (asked || microphone.on || sessionStorage.getItem(MICROPHONE) !== "on" || !navigator.permissions) return;
  asked = true;
  try {
    const permission = await navigator.permissions.query({ name: "microphone" });
    if (permission.state === "granted") await microphone.start();
    else say("microphone_tap", true);
  } catch {
    say("microphone_tap", true);
  }
}

// For tests and measurements: the contents of the screen, and a simulated network failure.
window.voicetrail = {
  text: () => Array.from({ length: terminal.rows }, (_, y) => terminal.buffer.active.getLine(terminal.buffer.active.viewportY + y)?.translateToString(true) ?? "").join("\n"),
  drop,
};

new ResizeObserver(layout).observe(place);
if (window.visualViewport) {
  window.visualViewport.addEventListener("resize", () => {
    // A pinch zoom must not change the layout; only the on-screen keyboard reduces the room.
    if (window.visualViewport.scale === 1) document.body.style.height = `${window.visualViewport.height}px`;
  });
}
layout();
connect();
if (!matchMedia("(pointer: coarse)").matches) terminal.focus();
