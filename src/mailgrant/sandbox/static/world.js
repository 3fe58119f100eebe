// Keeps the page up to date, and sends its forms to the control API as JSON.
"use strict";

const PAUSE = 1500;
const said = document.getElementById("said");
let ahead = 0;

function readClock() {
  ahead = Date.parse(document.getElementById("now").dateTime) - Date.now();
}

function tick() {
  const now = new Date(Date.now() + ahead);
  if (!isNaN(now)) document.getElementById("now").textContent = now.toISOString().slice(0, 19).replace("T", " ");
}

// The server writes the page; here only what has changed is put in, and the focus stays where it was.
function renew(fresh) {
  for (const old of document.querySelectorAll("[data-live]")) {
    const now = fresh.getElementById(old.id);
    if (!now || now.innerHTML === old.innerHTML) continue;
    const key = old.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    old.replaceChildren(...now.childNodes);
    if (key !== undefined) old.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  }
  readClock();
  tick();
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(`The sandbox answered ${answer.status}.`);
  renew(new DOMParser().parseFromString(await answer.text(), "text/html"));
}

async function watch() {
  if (document.getElementById("live").checked && !document.hidden) {
    try {
      await refresh();
      if (said.dataset.lost) tell("The sandbox is back.");
    } catch {
      tell("The sandbox does not answer. This page waits for it.", { failed: true, lost: true });
    }
  }
  setTimeout(watch, PAUSE);
}

function tell(sentence, { failed = false, lost = false } = {}) {
  if (said.textContent !== sentence) said.textContent = sentence;
  said.classList.toggle("failed", failed);
  if (lost) said.dataset.lost = "yes";
  else delete said.dataset.lost;
}

// A field named `match.method` becomes {"match": {"method": …}}; an empty one is left out.
function fieldsOf(form, button) {
  const fields = {};
  for (const [name, text] of new FormData(form, button)) {
    if (text === "") continue;
    const input = form.elements[name];
    const value = input.dataset?.json !== undefined ? JSON.parse(text) : input.type === "number" ? Number(text) : text;
    const [first, second] = name.split(".");
    if (second) (fields[first] ??= {})[second] = value;
    else fields[first] = value;
  }
  return fields;
}

async function send(form, button) {
  const verb = form.dataset.verb ?? "POST";
  const answer = await fetch(`/_sandbox/${form.dataset.send}`, {
    method: verb,
    headers: { "Content-Type": "application/json" },
    body: verb === "DELETE" ? undefined : JSON.stringify(fieldsOf(form, button)),
  });
  if (!answer.ok) throw new Error((await answer.json()).error.message);
  if (form.dataset.reload !== undefined) location.reload();
  await refresh();
  tell(form.dataset.done);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.send) return;
  event.preventDefault();
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) return;
  send(form, event.submitter).catch((error) => tell(error.message, { failed: true }));
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input, textarea, select")) return;
  event.preventDefault();
  document.getElementById("q")?.focus();
});

readClock();
setInterval(tick, 1000);
setTimeout(watch, PAUSE);
