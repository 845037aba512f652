// The browser's microphone to the server's stream, and its results back.

import { streamAddress, token } from "./service.js";

const ANSWER_S = 10;  // that the server may take to send the recorder
const LATE_S = 2;  // of sound that may wait to be sent; then the newest is left out

/**
 * A live session. Handlers: ready(message), result(message), level(rms, peak), lost(seconds), ended(message),
 * failed(sentence).
 */
export class Microphone {
  constructor(handlers, models, offset) {
    Object.assign(this, { handlers, models, offset, lostS: 0, closed: false });
  }

  /** Ask for the microphone and open the stream. Throws an Error with a sentence. */
  async open() {
    if (!navigator.mediaDevices?.getUserMedia)
      throw new Error("The browser gives the microphone only to pages of this machine (localhost) or of https.");
    try {
      // As it is: what makes speech clearer makes music unclear.
      const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
      this.media = await navigator.mediaDevices.getUserMedia({ audio });
    } catch (error) {
      throw new Error(error.name === "NotFoundError" ? "There is no microphone." : "The microphone was not allowed.");
    }
    this.context = new AudioContext();
    const late = new Promise((_, refuse) => setTimeout(refuse, 1000 * ANSWER_S));
    await Promise.race([this.context.audioWorklet.addModule("static/recorder.js"), late]).catch(() => {
      throw new Error("The server does not answer.");
    });
    await this.context.resume();
    if (this.closed) return this.release();
    this.socket = new WebSocket(streamAddress());
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.send({
      type: "start", rate: this.context.sampleRate, channels: 1, format: "f32", models: this.models,
      offset: this.offset, keep: true, name: "microphone", token,
    });
    this.socket.onmessage = event => this.receive(JSON.parse(event.data));
    this.socket.onclose = event => this.fail(event.reason || "The connection to the server is lost.");
    this.media.getAudioTracks()[0].onended = () => this.end();
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  setOffset(offset) {
    this.offset = offset;
    this.send({ type: "thresholds", offset });
  }

  receive(message) {
    if (message.type === "ready") {
      this.listen();
      this.handlers.ready(message);
    } else if (message.type === "error") {
      this.fail(message.detail);
    } else if (message.type === "end") {
      this.closed = true;
      this.release();
      this.handlers.ended(message);
    } else {
      this.handlers.result(message);
    }
  }

  listen() {
    const recorder = new AudioWorkletNode(this.context, "recorder", { numberOfOutputs: 0 });
    this.context.createMediaStreamSource(this.media).connect(recorder);
    recorder.port.onmessage = event => this.take(event.data);
    this.recorder = recorder;
  }

  take(block) {
    if (this.socket.readyState !== WebSocket.OPEN || this.ending) return;
    let peak = 0, energy = 0;
    for (const sample of block) {
      energy += sample * sample;
      peak = Math.max(peak, Math.abs(sample));
    }
    this.handlers.level(Math.sqrt(energy / block.length), peak);
    if (this.socket.bufferedAmount > LATE_S * this.context.sampleRate * 4) {
      this.lostS += block.length / this.context.sampleRate;
      this.handlers.lost(this.lostS);
      return;
    }
    this.socket.send(block.buffer);
  }

  /** Stop listening; what is still to come comes, then `ended`. */
  end() {
    if (this.ending) return;
    this.ending = true;
    if (this.socket?.readyState === WebSocket.OPEN && this.recorder) this.send({ type: "end" });
    else this.fail("");
    this.stopSound();
  }

  fail(sentence) {
    if (this.closed) return;
    this.closed = true;
    this.release();
    this.handlers.failed(sentence);
  }

  stopSound() {
    for (const track of this.media?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    if (this.context && this.context.state !== "closed") this.context.close();
  }

  release() {
    this.stopSound();
    if (this.socket && this.socket.readyState < WebSocket.CLOSING) this.socket.close();
  }
}
