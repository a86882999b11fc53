// Files are sent one at a time, with a bar in bytes, and each can be stopped. The page that comes
// back has the file's row in it, ready made; without this script the form sends all files at once.

const MOST = 200; // files in the table
const form = document.getElementById("batch");
const table = document.getElementById("rows");
const drop = document.getElementById("drop");
const soFar = document.getElementById("so-far");
const stopAll = document.getElementById("stop-all");
const files = new Map(); // by number: what was chosen, until it is published or removed
const queue = []; // numbers and actions that wait
let sending = null; // number, action and request
let last = 0;

const row = (number) => document.getElementById(`row-${number}`);
const part = (number, name) => row(number).querySelector(`[data-part="${name}"]`);
const size = (n) => (n < 1024 ? `${n} B` : n < 1 << 20 ? `${Math.round(n / 1024)} KiB` : `${(n / (1 << 20)).toFixed(1)} MiB`);
const say = (name, values = {}) =>
  document.querySelector(`[data-say="${name}"]`).textContent.replace(/\{(\w+)\}/g, (_, key) => values[key]);

// --- the table ---

function add(file, name = file.name) {
  const again = [...files].find(([, each]) => each.name === name);
  if (!again && files.size >= MOST) return false;
  const number = again ? again[0] : ++last;
  stop(number);
  if (!again) {
    const html = document.getElementById("fresh").innerHTML.replaceAll('-0"', `-${number}"`);
    table.insertAdjacentHTML("beforeend", html);
    table.hidden = false;
  }
  files.set(number, { file, name });
  part(number, "name").textContent = name;
  part(number, "size").textContent = size(file.size);
  row(number).querySelector('[name^="name-"]').value = name;
  const why = unfit(file, name);
  if (why) tell(number, ...why);
  else enqueue(number, "check");
  return true;
}

// What need not be sent to be told: [state, why].
function unfit(file, name) {
  const suffix = /[^/.](\.[^./]*)?$/.exec(name)?.[1]?.toLowerCase() ?? "";
  if (!form.dataset.suffixes.split(" ").includes(suffix)) {
    const kinds = [...document.querySelectorAll("[data-suffixes]:not(form)")];
    const kind = kinds.find((each) => each.dataset.suffixes.split(" ").includes(suffix));
    return ["other-kind", (kind ?? document.querySelector("[data-otherwise]")).textContent];
  }
  if (file.size > Number(form.dataset.limit)) return ["too-large", say("too-large-why", { size: size(file.size) })];
  if (!file.size) return ["empty", say("empty-why")];
  return null;
}

function tell(number, state, why = "") {
  const badge = part(number, "state");
  const waits = state === "queued" || state === "sending";
  badge.textContent = say(state);
  badge.className = `badge ${waits ? "" : "badge-bad"}`;
  row(number).dataset.state = state;
  const told = document.createElement("p");
  told.textContent = why;
  part(number, "cure").replaceChildren(...(why ? [told] : []));
  part(number, "progress").hidden = state !== "sending";
  dress(number);
}

function dress(number) {
  const state = row(number).dataset.state;
  const waits = state === "queued" || state === "sending";
  for (const button of row(number).querySelectorAll("[data-do]")) button.hidden = (button.dataset.do === "stop") !== waits;
  count();
}

function count() {
  const states = [...table.querySelectorAll("[data-state]")].map((each) => each.dataset.state);
  const of = (...wanted) => states.filter((state) => wanted.includes(state)).length;
  const [published, ready] = [of("published", "recorded"), of("ready")];
  const mend = states.length - published - ready - of("queued", "sending");
  soFar.textContent = states.length ? say("so-far", { published, ready, mend, all: states.length }) : "";
  stopAll.hidden = !sending && !queue.length;
}

function remove(number) {
  stop(number);
  files.delete(number);
  row(number).remove();
  table.hidden = !table.querySelector("tbody");
  count();
  soFar.focus();
}

// --- sending ---

function enqueue(number, action) {
  stop(number);
  queue.push([number, action]);
  tell(number, "queued");
  if (!sending) sendNext();
}

function stop(number) {
  const at = queue.findIndex(([waiting]) => waiting === number);
  if (at >= 0) {
    queue.splice(at, 1);
    tell(number, "stopped", say("stopped-why"));
  }
  if (sending?.number === number) sending.request.abort();
}

function sendNext() {
  const [number, action] = queue.shift() ?? [];
  if (!number) return count();
  const { file, name } = files.get(number);
  const request = new XMLHttpRequest();
  let isSent = false;
  const typed = fields(number);
  sending = { number, request };
  tell(number, "sending");
  request.upload.onprogress = ({ loaded, total }) => progress(number, (file.size * loaded) / total, file.size);
  request.upload.onload = () => {
    isSent = true;
    part(number, "sent").textContent = say("reading");
  };
  request.onload = () => answered(number, action, request, typed);
  request.onabort = request.onerror = ({ type }) => {
    const state = isSent && action === "publish" ? "unsure" : type === "abort" ? "stopped" : "failed";
    tell(number, state, say(`${state}-why`));
  };
  request.onloadend = () => {
    sending = null;
    sendNext();
  };
  request.open("POST", form.getAttribute("action"));
  request.send(body(number, action, file, name));
}

// Of a row: by name, what is typed or, for a tick, whether it is there.
function fields(number) {
  const all = [...row(number).querySelectorAll("input[name]")];
  return new Map(all.map((each) => [each.name, each.type === "checkbox" ? each.checked && each.value : each.value]));
}

function body(number, action, file, name) {
  const told = new FormData();
  for (const [each, value] of fields(number)) if (value !== false) told.set(each, value);
  const others = [...table.querySelectorAll('[name^="slug-"]')].filter((each) => each.name !== `slug-${number}`);
  told.set("csrf_token", form.elements.csrf_token.value);
  told.set("action", action);
  told.set("script", "1");
  told.set("others", others.map((each) => each.value).join(" "));
  told.set(`name-${number}`, name);
  told.set(`file-${number}`, file, "file");
  return told;
}

function progress(number, loaded, total) {
  const bar = row(number).querySelector("progress");
  bar.max = total;
  bar.value = loaded;
  part(number, "sent").textContent = say("sent", { sent: size(loaded), size: size(total) });
}

function answered(number, action, { status, responseText }, typed) {
  const page = new DOMParser().parseFromString(responseText, "text/html");
  const token = page.querySelector("#batch [name=csrf_token]")?.value;
  const isRenewed = token && token !== form.elements.csrf_token.value;
  if (isRenewed) form.elements.csrf_token.value = token;
  if (isRenewed && status === 403) return enqueue(number, action); // signed in anew in another tab
  const made = page.getElementById(`row-${number}`);
  const alert = page.querySelector("[role=alert]");
  if (!made || alert) return refused(number, action, status, alert ?? page.querySelector("h1"));
  // What was typed meanwhile stays.
  for (const [name, value] of fields(number)) {
    const field = made.querySelector(`input[name="${name}"]`);
    if (field && value !== typed.get(name)) Object.assign(field, field.type === "checkbox" ? { checked: value !== false } : { value });
  }
  const focused = document.activeElement?.id;
  row(number).replaceWith(made);
  if (focused && focused !== document.activeElement?.id) document.getElementById(focused)?.focus();
  if (["published", "recorded"].includes(made.dataset.state)) files.delete(number);
  dress(number);
}

function refused(number, action, status, told) {
  const isUnsure = status >= 500 && action === "publish";
  const why = isUnsure ? say("unsure-why") : (told?.textContent.trim() ?? say("failed-why"));
  tell(number, isUnsure ? "unsure" : "failed", why);
}

// --- buttons ---

form.addEventListener("chosen", ({ detail }) => {
  if (!add(detail.file, detail.name)) soFar.textContent = say("many", { most: MOST });
});
form.addEventListener("submit", (event) => {
  if (!files.size) return;
  event.preventDefault();
  for (const [number, { file, name }] of files) if (!unfit(file, name)) enqueue(number, event.submitter?.value ?? "check");
  soFar.focus();
});
table.addEventListener("click", ({ target }) => {
  const act = { stop, remove }[target.dataset.do];
  if (act) act(Number(target.closest("tbody").id.slice(4)));
});
stopAll.addEventListener("click", () => {
  for (const [number] of [...queue]) stop(number);
  if (sending) stop(sending.number);
  soFar.focus();
});
addEventListener("beforeunload", (event) => { if (files.size) event.preventDefault(); });
