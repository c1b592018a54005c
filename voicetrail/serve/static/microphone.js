// The page's microphone: requests it, tracks its state, and reports it.

const WANTED = { audio: { channelCount: { ideal: 1 }, echoCancellation: false, noiseSuppression: false, autoGainControl: false } };
const PROBLEMS = { NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "missing", OverconstrainedError: "missing", NotReadableError: "busy", AbortError: "busy" };

export class Microphone {
  // `say(name, problem)` shows a text; `changed()` is called when the microphone is switched on or off.
  constructor(address, say, changed) {
    this.address = address;
    this.say = say;
    this.changed = changed;
    this.key = "";
    this.on = false;
    this.asking = false;
    this.stream = this.context = this.worker = null;
    this.muted = false;
    this.wasLost = false;
    this.tabs = "BroadcastChannel" in window ? new BroadcastChannel("voicetrail-microphone") : null;
    this.tab = Math.random().toString(36);
    if (this.tabs) this.tabs.onmessage = (event) => { if (event.data !== this.tab && this.on) this.stop("elsewhere"); };
    document.addEventListener("visibilitychange", () => this.hold());
  }

  get secure() {
    return window.isSecureContext && Boolean(navigator.mediaDevices && window.AudioContext && window.AudioWorkletNode);
  }

  // Called when the page shows another game, or the same one again. After the connection was lost, that of the sound is lost too.
  attach(key, again) {
    if (this.key === key && !again) return;
    this.key = key;
    if (this.worker) this.worker.postMessage({ type: "key", key });
  }

  async start() {
    if (this.on || this.asking) return;
    if (!this.secure) {
      this.problem(window.isSecureContext ? "failed" : "insecure");
      return;
    }
    this.asking = true;
    const asked = setTimeout(() => this.say("microphone_asking"), 400);
    try {
      // Both in parallel, so that the sound thread is ready when the microphone is.
      this.context = new AudioContext({ latencyHint: "interactive" });
      const [stream] = await Promise.all([
        navigator.mediaDevices.getUserMedia(WANTED),
        this.context.audioWorklet.addModule(new URL("worklet.js", import.meta.url)),
      ]);
      this.stream = stream;
      await this.begin();
    } catch (error) {
      this.release();
      this.problem(PROBLEMS[error.name] || "failed");
    } finally {
      clearTimeout(asked);
      this.asking = false;
    }
  }

  async begin() {
    const track = this.stream.getAudioTracks()[0];
    track.onended = () => this.stop("ended");
    track.onmute = () => { this.muted = true; this.hold(); };
    track.onunmute = () => { this.muted = false; this.hold(); };
    this.muted = track.muted;
    const node = new AudioWorkletNode(this.context, "microphone", { numberOfInputs: 1, numberOfOutputs: 1 });
    const { port1, port2 } = new MessageChannel();
    node.port.postMessage(port1, [port1]);
    this.worker = new Worker(new URL("sound-worker.js", import.meta.url));
    this.worker.onmessage = (event) => this.heard(event.data);
    this.worker.postMessage({ type: "sound", port: port2 }, [port2]);
    this.worker.postMessage({ type: "start", address: this.address, key: this.key, held: this.held });
    this.context.createMediaStreamSource(this.stream).connect(node);
    node.connect(this.context.destination); // a node that is not connected does not run; the output is silence
    this.on = true;
    if (this.tabs) this.tabs.postMessage(this.tab);
    this.changed();
    // Without a tap, as after a reload, the browser may block the sound.
    if (this.context.state === "suspended") {
      await Promise.race([this.context.resume(), new Promise((done) => setTimeout(done, 300))]);
      if (this.context.state === "suspended") {
        this.stop("off");
        this.say("microphone_tap", true);
        return;
      }
    }
    this.context.onstatechange = () => { if (this.on && this.context.state === "suspended") this.context.resume(); };
  }

  get held() {
    return document.hidden ? "hidden" : this.muted ? "muted" : "";
  }

  hold() {
    if (!this.on || !this.worker) return;
    const state = this.held;
    this.worker.postMessage({ type: "hold", state });
    if (state === "muted") this.say("microphone_muted", true);
    else if (!state) this.say(this.before === "hidden" ? "microphone_hidden" : "microphone_on");
    this.before = state;
  }

  heard(message) {
    if (message.type === "open") {
      if (!this.held) this.say("microphone_on");
      this.wasLost = false;
    } else if (message.type === "late") {
      this.say("microphone_late", true);
    } else if (message.type === "closed" && !this.wasLost) {
      this.wasLost = true;
      this.say("microphone_lost", true);
    }
  }

  // `state`: the reason, one of STATES in voicetrail/serve/microphone.py.
  stop(state = "off") {
    if (!this.on) return;
    if (this.worker) {
      this.worker.postMessage({ type: "stop", state });
      this.worker = null;
    }
    this.release();
    this.say(`microphone_${state}`, state !== "off");
    this.changed();
  }

  problem(state) {
    this.say(`microphone_${state}`, true);
    this.changed(state);
  }

  release() {
    if (this.stream) for (const track of this.stream.getTracks()) track.stop();
    if (this.context) this.context.close();
    this.stream = this.context = null;
    this.on = false;
  }
}
