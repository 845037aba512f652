// Results over time: rows of activations and envelopes, events. Of a file at once, or of a stream as they come.

/** A growing table of rows, a time each. */
class Rows {
  constructor(width) {
    this.width = width;
    this.count = 0;
    this.times = new Float64Array(1024);
    this.values = new Float32Array(1024 * width);
  }

  add(time, row) {
    if (this.count === this.times.length) {
      const times = new Float64Array(2 * this.count), values = new Float32Array(2 * this.count * this.width);
      times.set(this.times);
      values.set(this.values);
      Object.assign(this, { times, values });
    }
    this.times[this.count] = time;
    for (let k = 0; k < this.width; k++) this.values[this.count * this.width + k] = row[k];
    this.count++;
  }

  /** The first row at or after a time. */
  at(time) {
    let low = 0, high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] < time) low = middle + 1; else high = middle;
    }
    return low;
  }

  /** The value of a column at a time, by the row before it, or the first. */
  value(time, column) {
    if (!this.count) return 0;
    const row = Math.max(0, this.at(time + 1e-9) - 1);
    return this.values[row * this.width + column];
  }

  /** The largest value of a column in each of `count` slices of a span: NaN where there is no row. */
  slices(from, to, count, column) {
    const found = new Float32Array(count).fill(NaN);
    const first = Math.max(0, this.at(from) - 1), last = Math.min(this.count, this.at(to) + 1);
    for (let row = first; row < last; row++) {
      const slice = Math.floor((this.times[row] - from) / (to - from) * count);
      if (slice < 0 || slice >= count) continue;
      const value = this.values[row * this.width + column];
      if (!(found[slice] >= value)) found[slice] = value;
    }
    return found;
  }
}

export class Curves {
  constructor(labels) {
    this.labels = labels;
    this.activation = new Rows(labels.length);
    this.envelope = new Rows(labels.length);
    this.level = new Rows(1);
    this.events = [];
    this.open = new Map();  // label -> onset, of what is lit now, live
    this.thresholds = {};
    this.detected = [];
    this.peaks = {};  // of a file: label -> highest activation
    this.timeS = 0;
    this.live = true;
  }

  /** Those of an analysis, `irec.analysis/1`. */
  static of(analysis) {
    const curves = new Curves(analysis.labels);
    curves.live = false;
    curves.timeS = analysis.duration_s;
    const { activation, envelope } = analysis;
    activation.values.forEach((row, i) => curves.activation.add(activation.start_s + i * activation.hop_s, row));
    envelope.values.forEach((row, i) => curves.envelope.add(envelope.start_s + i * envelope.frame_s, row));
    curves.setEvents(analysis.events, analysis.detected);
    for (const [label, value] of Object.entries(analysis.thresholds ?? {})) curves.thresholds[label] = value.on;
    curves.peaks = analysis.clip.max;
    return curves;
  }

  /** Those of a recording of the library, which has kept its spans alone. */
  static ofRecording(recording) {
    const curves = new Curves([...new Set([...recording.labels, ...recording.spans.map(span => span.label)])]);
    curves.live = false;
    curves.timeS = recording.duration_s;
    curves.setEvents(recording.spans.map(span => ({
      label: span.label, onset_s: span.start_s, offset_s: span.end_s, activation: span.activation,
    })), recording.detected);
    return curves;
  }

  /** Whether there is more than events. */
  get hasRows() {
    return this.activation.count > 0 || this.envelope.count > 0;
  }

  setEvents(events, detected) {
    this.events = events.map(event => ({ ...event, offset_s: event.offset_s ?? this.timeS }));
    this.detected = detected;
  }

  /** Take a message of the stream. */
  take(message) {
    const row = message.values && this.labels.map(label => message.values[label]);
    if (message.type === "activations") {
      this.activation.add(message.time_s, row);
      this.timeS = Math.max(this.timeS, message.time_s);
    } else if (message.type === "envelopes") {
      this.envelope.add(message.time_s, row);
      this.timeS = Math.max(this.timeS, message.time_s);
    } else if (message.type === "event") {
      this.events.push(message);
    } else if (message.type === "detected") {
      for (const label of message.labels) if (!this.open.has(label)) this.open.set(label, message.time_s);
      for (const label of [...this.open.keys()]) if (!message.labels.includes(label)) this.open.delete(label);
      this.detected = message.labels;
    }
  }

  /** Labels lit at a time, or without one at any. */
  litAt(time) {
    if (time === null) return this.detected;
    if (this.live) return this.detected;
    const strength = new Map();
    for (const event of this.events)
      if (event.onset_s <= time && time < event.offset_s) strength.set(event.label, event.activation ?? 1);
    return [...strength.keys()].sort((one, other) => strength.get(other) - strength.get(one));
  }

  /** Labels with events, by the first of them. */
  heard() {
    return [...new Set([...this.detected, ...this.events.map(event => event.label), ...this.open.keys()])];
  }
}
