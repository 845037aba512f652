// What the page asks the server: REST with the token, jobs, the stream's address.

const address = new URL(location.href);
const given = address.searchParams.get("token");
if (given) {
  // Out of the address bar, where it would be seen and copied along.
  sessionStorage.setItem("token", given);
  address.searchParams.delete("token");
  history.replaceState(null, "", address);
}

/** The server's token, or "" where it asks for none. */
export const token = given || sessionStorage.getItem("token") || "";

const headers = token ? { Authorization: "Bearer " + token } : {};

/** An answer of the server. Throws an Error with the server's sentence. */
export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: { ...headers, ...options.headers } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer.");
  }
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  const refusal = new Error(typeof problem.detail === "string" ? problem.detail : "The server refuses: " + answer.status);
  refusal.status = answer.status;
  throw refusal;
}

export const askJson = async (path, options) => (await ask(path, options)).json();

/** Send a file as a job; `onSent` gets the share sent. Resolves with the job's state. */
export function sendFile(file, models, onSent, signal) {
  const query = new URLSearchParams(models.map(model => ["model", model]));
  const form = new FormData();
  form.append("file", file);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();  // fetch does not tell how much is sent
    const refuse = text => reject(new Error(text));
    request.open("POST", "v1/jobs?" + query);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.onprogress = event => event.lengthComputable && onSent(event.loaded / event.total);
    request.onload = () => request.status === 202
      ? resolve(request.response) : refuse(request.response?.detail || "The server refuses: " + request.status);
    request.onerror = () => refuse("The server does not answer, or did not take the file to its end.");
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    if (signal.aborted) return reject(new DOMException("cancelled", "AbortError"));
    request.send(form);
  });
}

/** Wait for a job; `onState` gets its state a few times a second. Resolves with the last one. */
export async function waitForJob(id, onState, signal) {
  for (let pause = 100; ; pause = Math.min(1000, pause * 1.3)) {
    const state = await askJson("v1/jobs/" + id, { signal });
    if (state.state === "failed") throw new Error(state.detail);
    if (state.state === "done") return state;
    onState(state);
    await new Promise(resolve => setTimeout(resolve, pause));
  }
}

export const forgetJob = id => ask("v1/jobs/" + id, { method: "DELETE", keepalive: true }).catch(() => {});

/** The stream's address. */
export function streamAddress() {
  const url = new URL("v1/stream", document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url;
}
