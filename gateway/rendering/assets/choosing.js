// Files that are chosen, dropped (folders too) or pasted: each is told to the form as "chosen".

const form = document.getElementById("batch");
const drop = document.getElementById("drop");

async function tellAll(chosen) {
  for await (const [file, name] of chosen) {
    const isHidden = name.split("/").some((each) => each.startsWith(".") || each.startsWith("~$"));
    if (!isHidden) form.dispatchEvent(new CustomEvent("chosen", { detail: { file, name } }));
  }
}

async function* within(entries, path = "") {
  for (const entry of entries) {
    const name = path + entry.name;
    if (entry.isFile) yield [await new Promise((done, failed) => entry.file(done, failed)), name];
    else yield* within(await all(entry.createReader()), `${name}/`);
  }
}

// A folder is read a hundred at a time.
async function all(reader) {
  const some = await new Promise((done, failed) => reader.readEntries(done, failed));
  return some.length ? [...some, ...(await all(reader))] : some;
}

const named = (list) => [...list].map((file) => [file, file.name]);
const isFiles = (event) => event.dataTransfer.types.includes("Files");

document.getElementById("files").addEventListener("change", ({ target }) => {
  tellAll(named(target.files));
  target.value = "";
});
addEventListener("dragover", (event) => {
  if (!isFiles(event)) return;
  event.preventDefault();
  drop.dataset.over = "";
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) delete drop.dataset.over;
});
addEventListener("drop", (event) => {
  if (!isFiles(event)) return;
  event.preventDefault();
  delete drop.dataset.over;
  // Entries are there during the event alone.
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
  tellAll(entries.every(Boolean) ? within(entries) : named(event.dataTransfer.files));
});
addEventListener("paste", (event) => {
  if (event.target.matches("input:not([type=file]), textarea")) return;
  const text = event.clipboardData.getData("text/plain").trim();
  if (event.clipboardData.files.length) tellAll(named(event.clipboardData.files));
  else if (text) tellAll([[new File([text], ""), `${firstWords(text)}.txt`]]);
});

function firstWords(text) {
  return text.split("\n")[0].slice(0, 40).replace(/[/.]/g, " ").trim();
}

for (const each of document.querySelectorAll("[data-scripted]")) each.hidden = false;
