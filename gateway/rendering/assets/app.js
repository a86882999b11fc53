// Small comforts. Every page works without this file.

// A page that was private when it was left is not shown again from memory.
addEventListener("pageshow", (event) => {
  if (event.persisted && "private" in document.documentElement.dataset) location.reload();
});

// A form that opens something is not sent by a double click. A second later it may be sent again.
for (const form of document.querySelectorAll('form[action$="/unlock"]')) {
  let sent = -Infinity;
  form.addEventListener("submit", (event) => {
    if (event.timeStamp - sent < 1000) event.preventDefault();
    else sent = event.timeStamp;
  });
}

// The address of an unlock page that was used holds its link no more: whoever goes back is asked.
for (const form of document.querySelectorAll('form[action="/unlock"]')) {
  form.addEventListener("submit", () => { if (location.search) history.replaceState(null, "", "/unlock"); });
}

// A long list is sifted by what is typed; of each text it is told how far one has read.
const sift = document.getElementById("sift");
if (sift) {
  sift.parentElement.hidden = false;
  sift.addEventListener("input", () => {
    const wanted = sift.value.trim().toLowerCase();
    for (const each of document.querySelectorAll(".entry")) each.hidden = !each.textContent.toLowerCase().includes(wanted);
    for (const each of document.querySelectorAll(".shelf")) each.hidden = !each.querySelector(".entry:not([hidden])");
  });
}
for (const part of document.querySelectorAll("[data-part]")) {
  const [, , share] = (localStorage.getItem(`at:${part.dataset.part}`) || "").split("|");
  part.hidden = !share;
  part.textContent = `${share}%`;
}

// Whoever signs out takes along what this browser remembers of the reading.
for (const form of document.querySelectorAll('form[action="/signout"]')) {
  form.addEventListener("submit", () => {
    for (const key of Object.keys(localStorage)) if (/^(read|at):/.test(key)) localStorage.removeItem(key);
  });
}

// Copy an address, or what stands in a field. A phone shares an address instead.
for (const button of document.querySelectorAll("[data-copied]")) {
  if (!navigator.clipboard) break;
  const shares = button.dataset.share && navigator.share && matchMedia("(pointer: coarse)").matches;
  if (shares) button.textContent = button.dataset.share;
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (shares) return navigator.share({ title: document.title, url: new URL(button.dataset.copy, location.href).href }).catch(() => {});
    const field = document.getElementById(button.dataset.copyFrom);
    const text = field ? field.value : new URL(button.dataset.copy, location.href).href;
    await navigator.clipboard.writeText(text);
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

// What is only looked at leads nowhere: a draft's preview would lead away from the draft.
for (const frame of document.querySelectorAll("[data-still]")) {
  for (const kind of ["click", "submit"]) frame.addEventListener(kind, (event) => event.preventDefault());
}

// A text that was changed is not left by mistake.
for (const form of document.querySelectorAll("[data-unsaved]")) {
  const warn = (event) => event.preventDefault();
  form.addEventListener("input", () => addEventListener("beforeunload", warn));
  form.addEventListener("submit", () => removeEventListener("beforeunload", warn));
}
