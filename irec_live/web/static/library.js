// Search in the library of analysed recordings on the server's machine; what is found plays from its spans.

import { askJson } from "./service.js";
import { clock, inWords } from "./lanes.js";

const AT_ONCE = 20;
const MOST_SPANS = 12;
const get = id => document.getElementById(id);
let query = "", shown = 0, play = null, asking = null;

/** Show the search if there is a library; `onPlay` gets a match and the second to play it from. */
export async function setUpLibrary(onPlay) {
  play = onPlay;
  let stats;
  try {
    stats = await askJson("v1/library");
  } catch {
    return;  // another process holds it
  }
  if (!stats.exists) return;
  get("library").hidden = false;
  get("found").textContent = `${stats.files} files, ${clock(stats.duration_s)}`;
  get("query").placeholder = stats.examples[0] ?? "";
  get("examples").append(...stats.examples.map(example => new Option("", example)));
  get("search").addEventListener("submit", event => {
    event.preventDefault();
    query = get("query").value;
    shown = 0;
    get("matches").replaceChildren();
    search();
  });
  get("more").addEventListener("click", search);
}

async function search() {
  asking?.abort();  // an answer to what was asked before would be mixed with this one's
  const mine = asking = new AbortController();
  const parameters = new URLSearchParams({ query, limit: AT_ONCE, offset: shown });
  try {
    const results = await askJson("v1/library/search?" + parameters, { signal: mine.signal });
    if (mine !== asking) return;
    get("matches").append(...results.matches.map(entry));
    shown += results.matches.length;
    get("found").textContent = results.total === 1 ? "1 file" : `${results.total} files`;
    get("more").hidden = shown >= results.total || !results.matches.length;
  } catch (error) {
    if (mine !== asking) return;
    get("found").textContent = error.message;
    get("more").hidden = true;
  }
}

function entry(match) {
  const item = document.createElement("li"), name = document.createElement("b"), spans = document.createElement("div");
  name.textContent = match.path;
  item.append(name, ` ${clock(match.duration_s)}`);
  spans.className = "spans";
  spans.append(...match.spans.slice(0, MOST_SPANS).map(span => spanOf(match, span)));
  if (match.spans.length > MOST_SPANS) spans.append(`and ${match.spans.length - MOST_SPANS} more`);
  item.append(spans);
  return item;
}

/** Where it is heard: a button that plays from there, where the file can be played at all. */
function spanOf(match, span) {
  const part = document.createElement(match.sound ? "button" : "span");
  part.textContent = `${span.label ? inWords(span.label) + " " : ""}${clock(span.start_s)}–${clock(span.end_s)}`;
  if (match.sound) {
    part.type = "button";
    part.setAttribute("aria-label", `Play ${nameOf(match.path)} from ${clock(span.start_s)}: ${part.textContent}`);
    part.addEventListener("click", () => play(match, span.start_s));
  }
  return part;
}

/** The last part of a path of the server's machine. */
export const nameOf = path => path.split(/[/\\]/).pop();
