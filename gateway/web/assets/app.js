// Small comforts. Every page works without this file.

// A page that was private when it was left is not shown again from memory.
addEventListener("pageshow", (event) => {
  if (event.persisted && "private" in document.documentElement.dataset) location.reload();
});

// Copy the public address of a document.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(new URL(button.dataset.copy, location.href).href);
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}
