// Dark or light: the system's choice, or the button's.

const order = ["system", "dark", "light"];
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = [];

function chosen() {
  const name = localStorage.getItem("theme");
  return order.includes(name) ? name : "system";
}

/** Whether the ground is dark. */
export const isDark = () => document.documentElement.dataset.theme === "dark";

/** Call this when the ground changes. */
export const onTheme = listener => listeners.push(listener);

function apply() {
  const name = chosen();
  document.documentElement.dataset.theme = name === "system" ? (system.matches ? "dark" : "light") : name;
  document.getElementById("theme").textContent = "Theme: " + name;
  for (const listener of listeners) listener();
}

export function setUpTheme() {
  document.getElementById("theme").addEventListener("click", () => {
    localStorage.setItem("theme", order[(order.indexOf(chosen()) + 1) % order.length]);
    apply();
  });
  system.addEventListener("change", apply);
  apply();
}
