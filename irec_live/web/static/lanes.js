// The lanes: a row for every instrument, with its curves and events over one time axis.

import { isDark } from "./theme.js";

const FLOOR_DB = 60;
const HALF_MARK = 20;  // pixels that half a time on the axis needs
const box = document.getElementById("lanes");
const axis = document.getElementById("axis");

/** An instrument's colour on the present ground; a hue of its own where the server knows none. */
function colorOf(label, instruments) {
  const known = instruments.get(label)?.[isDark() ? "on_dark" : "on_light"];
  if (known) return known;
  let hash = 0;
  for (const letter of label) hash = (hash * 31 + letter.codePointAt(0)) % 360;
  return `oklch(${isDark() ? 0.76 : 0.55} 0.12 ${hash})`;
}

export const clock = seconds => {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60, rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
};

export const inWords = label => label.charAt(0).toUpperCase() + label.slice(1);

export class Lanes {
  constructor() {
    this.instruments = new Map();
    this.rows = new Map();
    this.painted = new Map();  // label -> how its curves of a file were painted, which stay while it plays
    this.order = [];
  }

  color(label) {
    return colorOf(label, this.instruments);
  }

  /** Show these labels, in this order, with curves that may be others now; `level` adds a lane for the sound's own level. */
  arrange(labels, level) {
    this.painted.clear();
    const order = level ? ["", ...labels] : labels;
    if (order.join("\n") === this.order.join("\n") && box.childElementCount) return;
    this.order = order;
    this.rows.clear();
    box.replaceChildren(...order.map(label => {
      const row = document.createElement("div"), name = document.createElement("div"), text = document.createElement("b");
      const canvas = document.createElement("canvas"), value = document.createElement("div");
      row.className = "lane";
      row.dataset.label = label;
      name.className = "name";
      text.textContent = label ? inWords(label) : "Level";
      value.className = "value";
      canvas.setAttribute("aria-hidden", "true");
      name.append(text);
      row.append(name, canvas, value);
      this.rows.set(label, { row, canvas, value });
      return row;
    }));
  }

  /** Paint a span of curves, with the values at `time`, or the highest without one. */
  paint(curves, from, to, time) {
    const lit = new Set(curves.litAt(time));
    for (const [label, { row, canvas, value }] of this.rows) {
      const color = label ? this.color(label) : getComputedStyle(box).color;
      row.style.setProperty("--color", color);
      row.classList.toggle("lit", lit.has(label));
      const look = [from, to, canvas.clientWidth, canvas.clientHeight, devicePixelRatio, color].join();
      if (curves.live || this.painted.get(label) !== look) {
        this.painted.set(label, look);
        paintLane(fitted(canvas), curves, label, from, to, color);
      }
      if (!label) {
        value.textContent = time === null ? "" : levelText(curves.level.value(time, 0));
        continue;
      }
      const column = curves.labels.indexOf(label);
      if (label in curves.thresholds) {
        const share = time === null ? curves.peaks[label] : curves.activation.value(time, column);
        value.textContent = curves.activation.count ? Math.round(100 * share) + " %" : "";
      } else {
        value.textContent = curves.live || curves.hasRows ? "–" : "";
      }
    }
    this.paintAxis(curves.live, from, to);
  }

  paintAxis(live, from, to) {
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];
    const most = Math.max(2, Math.floor(axis.clientWidth / 70));
    const step = steps.find(seconds => (to - from) / seconds <= most) ?? 14400;
    const marks = [];
    for (let second = Math.ceil(Math.max(0, from) / step) * step; second <= to + 1e-9; second += step) {
      const share = (second - from) / (to - from), mark = document.createElement("span");
      mark.textContent = clock(second);
      mark.style.left = 100 * share + "%";
      const edge = HALF_MARK / Math.max(1, axis.clientWidth);
      mark.className = share < edge ? "first" : share > 1 - edge ? "last" : "";
      marks.push(mark);
    }
    axis.replaceChildren(...marks);
  }

  /** Where a time lies: [left, width] of the plot, in pixels from the left of the lanes. */
  plotSpan() {
    const canvas = box.querySelector("canvas");
    if (!canvas) return [0, 1];
    const frame = box.getBoundingClientRect(), inner = canvas.getBoundingClientRect();
    return [inner.left - frame.left, inner.width];
  }
}

/** The curves and events of a label, or of "" the sound's own level. */
function paintLane(context, curves, label, from, to, color) {
  const width = context.canvas.width;
  if (!label) return area(context, curves.level.slices(from, to, width, 0), color, 0.45, decibels);
  const column = curves.labels.indexOf(label);
  bars(context, curves, label, from, to, color);
  area(context, curves.envelope.slices(from, to, width, column), color, 0.4, decibels);
  if (!(label in curves.thresholds)) return;
  rule(context, curves.thresholds[label]);
  line(context, curves.activation.slices(from, to, width, column), color);
}

const decibels = value => Math.max(0, 1 + 20 * Math.log10(Math.max(value, 1e-6)) / FLOOR_DB);

export const levelText = value => value > 1e-6 ? `${Math.round(20 * Math.log10(value))} dB`.replace("-", "−") : "–";

/** A canvas as large as it is shown, empty. */
function fitted(canvas) {
  const width = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
  const height = Math.max(1, Math.round(canvas.clientHeight * devicePixelRatio));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  return context;
}

/** Slices with the holes between two rows filled by the row before; holes at the ends stay. */
function filled(slices, longest) {
  let last = -1;
  for (let x = 0; x < slices.length; x++) {
    if (Number.isNaN(slices[x])) continue;
    if (last >= 0 && x - last <= longest) {
      const from = slices[last], step = (slices[x] - from) / (x - last);
      for (let between = last + 1; between < x; between++) slices[between] = from + step * (between - last);
    }
    last = x;
  }
  return slices;
}

function area(context, slices, color, opacity, scale) {
  const { width, height } = context.canvas;
  filled(slices, width / 10);
  context.globalAlpha = opacity;
  context.fillStyle = color;
  context.beginPath();
  for (let x = 0; x < width; x++) {
    if (Number.isNaN(slices[x])) continue;
    const top = scale(slices[x]) * (height - 2);
    if (top > 0) context.rect(x, height - 1 - top, 1, top);
  }
  context.fill();
  context.globalAlpha = 1;
}

function line(context, slices, color) {
  const { width, height } = context.canvas;
  filled(slices, width / 4);
  context.strokeStyle = color;
  context.lineWidth = 1.5 * devicePixelRatio;
  context.beginPath();
  let drawing = false;
  for (let x = 0; x < width; x++) {
    if (Number.isNaN(slices[x])) { drawing = false; continue; }
    const y = height - 2 - slices[x] * (height - 4);
    if (drawing) context.lineTo(x, y); else context.moveTo(x, y);
    drawing = true;
  }
  context.stroke();
}

function rule(context, value) {
  const { width, height } = context.canvas;
  context.globalAlpha = 0.3;
  context.fillStyle = getComputedStyle(box).color;
  context.fillRect(0, Math.round(height - 2 - value * (height - 4)), width, 1);
  context.globalAlpha = 1;
}

function bars(context, curves, label, from, to, color) {
  const { width, height } = context.canvas, place = time => (time - from) / (to - from) * width;
  const spans = curves.events.filter(event => event.label === label).map(event => [event.onset_s, event.offset_s]);
  if (curves.open.has(label)) spans.push([curves.open.get(label), curves.timeS]);
  context.fillStyle = color;
  for (const [onset, offset] of spans) {
    if (offset < from || onset > to) continue;
    const left = Math.max(0, place(onset)), right = Math.max(left + 2, Math.min(width, place(offset)));
    context.globalAlpha = 0.18;
    context.fillRect(left, 0, right - left, height);
    context.globalAlpha = 1;
    context.fillRect(left, height - 3 * devicePixelRatio, right - left, 3 * devicePixelRatio);
  }
}
