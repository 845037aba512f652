// The page: a file, the microphone or a recording of the library in; lanes, instruments and exports out.

import { ask, askJson, forgetJob, sendFile, waitForJob } from "./service.js";
import { Curves } from "./curves.js";
import { Lanes, clock, inWords, levelText } from "./lanes.js";
import { Microphone } from "./microphone.js";
import { nameOf, setUpLibrary } from "./library.js";
import { onTheme, setUpTheme } from "./theme.js";

const LIVE_SPAN_S = 20;
const SPOKEN_MS = 1000;  // between two changes of what a screen reader reads out
const LARGEST_DECODED = 60e6;  // bytes of a file whose level is shown
const LEVEL_S = 0.05;
const WARNED_SHARE = 0.9;  // of what the server keeps of a microphone, after which the end is foretold

const get = id => document.getElementById(id);
const audio = get("audio"), plot = get("plot"), playhead = get("playhead");
const lanes = new Lanes();

let curves = null;  // what is shown
let job = "";  // of the result on the server
let awaited = "";  // a job that is not done
let running = null;  // AbortController of a file on its way
let microphone = null;
let sourceUrl = "";
let shelved = null;  // the match of the library that plays
let fileName = "";
let painting = 0;

// ---- what is said

function say(text, isError = false) {
  get("state").textContent = text;
  get("state").className = isError ? "error" : "";
}

function warn(sentences) {
  get("warnings").textContent = sentences.join(" ");
  get("warnings").hidden = !sentences.length;
}

let spokenAt = 0, spoken = null, speaking = 0;

/** The instruments, large; at most once a second, so that a screen reader can follow. */
function name(labels, nothing) {
  const key = labels.join("\n") || nothing;
  if (key === spoken) return clearTimeout(speaking);
  clearTimeout(speaking);
  const wait = spokenAt + SPOKEN_MS - performance.now();
  if (wait > 0) {
    speaking = setTimeout(() => name(labels, nothing), wait);
    return;
  }
  spoken = key;
  spokenAt = performance.now();
  const parts = labels.map((label, i) => {
    const part = document.createElement("span");
    part.textContent = inWords(label) + (i < labels.length - 1 ? "," : "");
    part.style.color = lanes.color(label);
    return part;
  });
  if (!parts.length) {
    const part = document.createElement("span");
    part.className = "nothing";
    part.textContent = nothing;
    parts.push(part);
  }
  get("heard").replaceChildren(...parts.flatMap(part => [part, " "]));
}

// ---- lanes

function arrange() {
  if (!curves) return;
  const heard = curves.heard();
  const all = get("all").checked || curves.live;
  // Live, each keeps its place; of a file, what is heard comes first.
  const first = curves.live ? [] : heard;
  const labels = all ? [...first, ...curves.labels.filter(label => !first.includes(label))] : heard;
  lanes.arrange(labels.length ? labels : curves.labels, curves.level.count > 0 || curves.live);
}

function paint() {
  painting = 0;
  if (!curves) return;
  const from = curves.live ? Math.max(0, curves.timeS - LIVE_SPAN_S) : 0;
  const to = curves.live ? Math.max(LIVE_SPAN_S, curves.timeS) : Math.max(curves.timeS, 0.1);
  const played = !audio.hidden && (!audio.paused || audio.currentTime > 0);
  // Before a file is played, what is in it as a whole.
  const time = curves.live ? curves.timeS : played ? audio.currentTime : null;
  lanes.paint(curves, from, to, time);
  playhead.hidden = curves.live || audio.hidden;
  if (!playhead.hidden) movePlayhead(audio.currentTime, to);
  name(curves.litAt(time), time === null ? "No instrument" : "…");
  if (!audio.paused && !audio.hidden) repaint();
}

/** Paint at the next frame, once. */
function repaint() {
  painting ||= requestAnimationFrame(paint);
}

function movePlayhead(time, duration) {
  const [left, width] = lanes.plotSpan();
  playhead.style.left = left + width * Math.min(1, time / duration) + "px";
  plot.setAttribute("aria-valuenow", time.toFixed(1));
  plot.setAttribute("aria-valuetext", `${clock(time)} of ${clock(duration)}`);
}

function showEvents() {
  get("events").replaceChildren(...curves.events.map(event => {
    const row = document.createElement("tr"), head = document.createElement("th");
    head.scope = "row";
    head.textContent = inWords(event.label);
    row.append(head, ...[event.onset_s, event.offset_s].map(seconds => {
      const cell = document.createElement("td");
      cell.textContent = seconds.toFixed(1) + " s";
      return cell;
    }));
    return row;
  }));
}

function show(found) {
  curves = found;
  spoken = null;
  get("result").hidden = false;
  plot.classList.toggle("seekable", !found.live);
  plot.setAttribute("aria-valuemax", found.timeS.toFixed(1));
  plot.setAttribute("aria-disabled", String(found.live));
  get("meter").hidden = !found.live;
  get("all-row").hidden = found.live;
  get("export").hidden = !job;
  get("offset-row").hidden = !job && !found.live;  // a library has kept no curves to decide on anew
  get("legend").hidden = !found.live && !found.hasRows;
  arrange();
  showEvents();
  repaint();
}

// ---- a file

function models() {
  return ["activation", "envelope"].map(kind => get(kind).value).filter(Boolean);
}

/** Stop whatever runs, and forget the result that is shown. */
function leave() {
  running?.abort();
  running = null;
  if (microphone) {
    const old = microphone;
    microphone = null;
    old.closed = true;
    old.release();
    listening(false);
  }
  progress("", 0);
  if (job) forgetJob(job);
  job = "";
  clearTimeout(moving);
  audio.pause();
  audio.hidden = true;
  audio.removeAttribute("src");
  URL.revokeObjectURL(sourceUrl);
  sourceUrl = "";
  shelved = null;
  curves = null;
  get("result").hidden = true;
  warn([]);
}

function progress(text, share) {
  get("progress-row").hidden = text === "";
  get("cancel").hidden = text === "";
  get("progress-label").textContent = text;
  if (share === null) get("progress").removeAttribute("value");
  else get("progress").value = share;
}

/** Send a file and show what is found; `notes` are told beside the warnings. */
async function analyse(file, notes = []) {
  if (!file) return;
  leave();
  const mine = running = new AbortController();
  fileName = file.name;
  say(file.name);
  progress("Sending", 0);
  let begun = "";
  try {
    const state = await sendFile(file, models(), share => progress("Sending", share), mine.signal);
    begun = awaited = state.id;
    progress("Listening", 0);
    await waitForJob(begun, step => progress("Listening", step.progress), mine.signal);
    const answer = await ask(`v1/jobs/${begun}/result?format=json&offset=${offset()}`, { signal: mine.signal });
    const analysis = await answer.json();
    if (mine !== running) return;
    running = null;
    job = begun;
    awaited = "";
    progress("", 0);
    say(`${analysis.file}, ${clock(analysis.duration_s)}`);
    warn([...notes, ...(analysis.warnings ?? [])]);
    sourceUrl = URL.createObjectURL(file);
    audio.src = sourceUrl;
    audio.hidden = false;
    show(Curves.of(analysis));
    addLevel(file, curves);
  } catch (error) {
    if (begun) forgetJob(begun);
    if (mine !== running) return;
    running = null;
    awaited = "";
    progress("", 0);
    if (error.name === "AbortError") say("Cancelled.");
    else say(error.message, true);
  }
}

/** The sound's own level, as far as the browser can decode it. */
async function addLevel(file, mine) {
  if (file.size > LARGEST_DECODED) return;
  try {
    const context = new OfflineAudioContext(1, 1, 22050);
    const sound = (await context.decodeAudioData(await file.arrayBuffer())).getChannelData(0);
    const stretch = Math.round(LEVEL_S * 22050);
    for (let first = 0; first + stretch <= sound.length; first += stretch) {
      let energy = 0;
      for (let i = first; i < first + stretch; i++) energy += sound[i] * sound[i];
      mine.level.add((first + stretch / 2) / 22050, [Math.sqrt(energy / stretch)]);
    }
  } catch {
    return;  // the server decodes more than browsers do
  }
  if (mine === curves) {
    arrange();
    repaint();
  }
}

// ---- a recording of the library

/** Play what a search found from a moment on; its lanes come as soon as they are there. */
async function playShelved(match, seconds) {
  if (shelved?.sound !== match.sound || audio.hidden) {
    leave();
    shelved = match;
    fileName = nameOf(match.path);
    say(`${fileName}, ${clock(match.duration_s)}`);
    audio.src = match.sound;
    audio.hidden = false;
    showShelved(match);
  }
  // At once: browsers let a page play only while a click is fresh.
  audio.currentTime = seconds;
  audio.play().catch(() => {});  // what is wrong is told by its event
  get("result").scrollIntoView({ block: "nearest" });
}

async function showShelved(match) {
  const mine = running = new AbortController();
  try {
    const recording = await askJson("v1/library/recordings/" + encodeURIComponent(match.sha256), { signal: mine.signal });
    if (mine !== running) return;
    running = null;
    warn(recording.warnings);
    show(Curves.ofRecording(recording));
    get("result").scrollIntoView({ block: "nearest" });
  } catch (error) {
    if (mine === running) say(error.message, true);
  }
}

/** Why the sound of the library does not play, by the server, or by the browser. */
async function explain(match) {
  let sentence = `This browser cannot play ${nameOf(match.path)}.`;
  try {
    await ask(match.sound, { headers: { Range: "bytes=0-0" } });
  } catch (error) {
    sentence = error.message;
  }
  if (match === shelved) say(sentence, true);
}

// ---- the microphone

function listening(on) {
  get("microphone").setAttribute("aria-pressed", String(on));
  get("microphone").textContent = on ? "Stop listening" : "Use the microphone";
}

const tooLong = keptS => `This cannot be saved: it is longer than ${clock(keptS)}, the most that the server keeps.`;

async function toggleMicrophone() {
  if (microphone) {
    say("Finishing …");
    microphone.end();
    return;
  }
  leave();
  say("Waiting for the microphone …");
  let sentS = 0, published = {}, keptS = Infinity;
  const notes = { server: [], kept: [], lost: [] };
  const note = (what, ...sentences) => {
    if (notes[what].join() === sentences.join()) return;
    notes[what] = sentences;
    warn(Object.values(notes).flat());
  };
  const mine = microphone = new Microphone({
    ready(message) {
      if (mine !== microphone) return;
      say("Listening");
      note("server", ...message.warnings);
      keptS = message.kept_s;
      published = message.thresholds;
      show(new Curves(message.labels));
      mine.limits();
    },
    result(message) {
      if (mine !== microphone) return;
      curves.take(message);
      if (curves.timeS > keptS) note("kept", tooLong(keptS));
      else if (curves.timeS > WARNED_SHARE * keptS) note("kept", `What is longer than ${clock(keptS)} cannot be saved: stop before.`);
      if (message.type === "event") showEvents();
      repaint();
    },
    level(rms, peak) {
      if (mine !== microphone || !curves) return;
      sentS += 2048 / mine.context.sampleRate;
      curves.level.add(sentS, [rms]);
      get("meter-bar").style.transform = `scaleX(${Math.max(0, 1 + 20 * Math.log10(Math.max(rms, 1e-6)) / 60)})`;
      get("meter-text").textContent = peak >= 0.999 ? "too loud" : levelText(rms);
    },
    lost(seconds) {
      note("lost", `${seconds.toFixed(1)} s of sound were left out: the server, or the way to it, is too slow.`);
    },
    async ended(message) {
      if (mine !== microphone) return;
      microphone = null;
      listening(false);
      const kept = job = message.job ?? "";
      say(`Listened for ${clock(message.duration_s)}`);
      if (!kept) {
        if (message.duration_s > keptS) note("kept", tooLong(keptS));
        return;
      }
      try {
        const whole = Curves.of(await askJson(`v1/jobs/${kept}/result?format=json`));
        if (kept !== job) return;  // meanwhile something else was asked for
        whole.level = curves.level;
        fileName = "microphone";
        show(whole);
      } catch (error) {
        if (kept === job) say(error.message, true);
      }
    },
    failed(sentence) {
      if (mine !== microphone) return;
      microphone = null;
      listening(false);
      say(sentence || "Stopped.", sentence !== "");
      if (curves) repaint();
    },
  }, models(), offset());
  mine.limits = () => {
    if (!curves) return;
    for (const [label, on] of Object.entries(published))
      curves.thresholds[label] = Math.min(0.98, Math.max(0.02, on + offset()));
  };
  listening(true);
  try {
    await mine.open();
  } catch (error) {
    mine.fail(error.message);
  }
}

// ---- thresholds and exports

const offset = () => Number(get("offset").value);

let moving = 0;

function moveThresholds() {
  const by = offset();
  get("offset-text").textContent = by === 0 ? "as published" : `${by > 0 ? "+" : "−"}${Math.abs(by).toFixed(2)} ${by > 0 ? "fewer" : "more"}`;
  if (microphone) {
    microphone.setOffset(by);
    microphone.limits();
    return repaint();
  }
  clearTimeout(moving);
  const mine = curves;
  if (job) moving = setTimeout(() => retrack(by, mine).catch(error => mine === curves && say(error.message, true)), 150);
}

/** The events with other thresholds; the curves stay. */
async function retrack(by, mine) {
  if (mine !== curves || !job) return;  // meanwhile something else is shown, or listened to
  const found = await askJson(`v1/jobs/${job}/result?format=jams&offset=${by}`);
  if (mine !== curves) return;
  const own = found.sandbox.irec_live;
  curves.setEvents(found.annotations[0].data.map(event => ({
    label: event.value, onset_s: event.time, offset_s: event.time + event.duration, activation: event.confidence,
  })), own.detected);
  for (const [label, value] of Object.entries(own.thresholds)) curves.thresholds[label] = value.on;
  arrange();
  showEvents();
  repaint();
}

async function save() {
  const option = get("format").selectedOptions[0];
  get("save").disabled = true;
  try {
    const answer = await ask(`v1/jobs/${job}/result?format=${encodeURIComponent(option.value)}&offset=${offset()}`);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = (fileName.replace(/\.[^.]*$/, "") || "analysis") + option.dataset.suffix;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  } catch (error) {
    say(error.message, true);
  } finally {
    get("save").disabled = false;
  }
}

// ---- playing

function seekTo(seconds) {
  if (audio.hidden || !curves) return;
  audio.currentTime = Math.min(Math.max(0, seconds), curves.timeS);
  repaint();
}

function setUpPlaying() {
  for (const event of ["play", "pause", "seeked", "ended", "timeupdate"]) audio.addEventListener(event, repaint);
  audio.addEventListener("error", () => {
    if (!audio.src) return;
    audio.hidden = true;  // the server decodes more than browsers do
    if (shelved) explain(shelved);
    repaint();
  });
  plot.addEventListener("pointerdown", event => {
    if (!curves || curves.live) return;
    const [left, width] = lanes.plotSpan();
    const x = event.clientX - plot.getBoundingClientRect().left - left;
    if (x >= 0 && x <= width) seekTo(x / width * curves.timeS);
  });
  plot.addEventListener("keydown", event => {
    const steps = { ArrowLeft: -5, ArrowRight: 5, ArrowDown: -5, ArrowUp: 5, PageDown: -30, PageUp: 30 };
    if (event.key in steps) seekTo(audio.currentTime + steps[event.key]);
    else if (event.key === "Home") seekTo(0);
    else if (event.key === "End") seekTo(curves?.timeS ?? 0);
    else if (event.key === " " && !audio.hidden) audio.paused ? audio.play() : audio.pause();
    else return;
    event.preventDefault();
  });
}

// ---- the rest

function setUpDropping() {
  let depth = 0;
  const isFile = event => event.dataTransfer?.types.includes("Files");
  const over = on => { depth = Math.max(0, depth + on); get("drop").hidden = !depth; };
  addEventListener("dragenter", event => isFile(event) && over(1));
  addEventListener("dragleave", event => isFile(event) && over(-1));
  addEventListener("dragover", event => isFile(event) && event.preventDefault());
  addEventListener("drop", event => {
    if (!isFile(event)) return;
    event.preventDefault();
    over(-depth);
    take(event.dataTransfer);
  });
}

/** Analyse the file that was dropped. Browsers list a folder as a file that cannot be read. */
function take(dropped) {
  const isFolder = [...dropped.items].filter(item => item.kind === "file").map(item => item.webkitGetAsEntry?.()?.isDirectory);
  const files = [...dropped.files].filter((_, i) => !isFolder[i]);
  if (!files.length) return say("A folder cannot be sent: drop one file.", true);
  analyse(files[0], dropped.files.length > 1 ? [`Only the first file, ${files[0].name}, was taken: one at a time is analysed.`] : []);
}

async function fillLists() {
  const [known, formats, instruments] = await Promise.all(
    ["v1/models", "v1/formats", "v1/instruments"].map(path => askJson(path)));
  for (const instrument of instruments) lanes.instruments.set(instrument.label, instrument);
  for (const kind of ["activation", "envelope"]) {
    get(kind).append(new Option("the default", ""));
    for (const model of known.filter(model => model.kind === kind)) get(kind).append(new Option(model.title || model.name, model.name));
  }
  for (const format of formats) {
    const option = new Option(format.title, format.name);
    option.dataset.suffix = format.suffix;
    get("format").append(option);
  }
}

setUpTheme();
onTheme(() => { spoken = null; spokenAt = 0; repaint(); });
setUpPlaying();
setUpDropping();
get("file").addEventListener("change", event => {
  analyse(event.target.files[0]);
  event.target.value = "";  // the same file may be chosen again
});
get("microphone").addEventListener("click", toggleMicrophone);
get("cancel").addEventListener("click", () => running?.abort());
get("offset").addEventListener("input", moveThresholds);
get("all").addEventListener("change", () => { arrange(); repaint(); });
get("save").addEventListener("click", save);
addEventListener("resize", repaint);
addEventListener("pagehide", event => {
  if (event.persisted) return;  // the way back leads to the page as it was
  for (const name of [job, awaited]) if (name) forgetJob(name);
});
fillLists().catch(error => say(error.message, true));
setUpLibrary(playShelved);
