// What this browser remembers of its reading. Nothing of it is a right, and every page works without.
(() => {
  let kept;
  try { kept = localStorage; kept.getItem(""); } catch { return; }
  const root = document.documentElement;
  const settings = ["size", "face", "paper"];
  const show = (name) => { root.dataset[name] = kept.getItem(`text:${name}`) || ""; };
  settings.forEach(show); // before anything is painted

  addEventListener("DOMContentLoaded", () => {
    const find = (selector) => document.querySelector(selector);

    // How the text looks.
    const panel = find(".aa");
    for (const input of panel ? panel.querySelectorAll("input") : []) {
      input.checked = root.dataset[input.name] === input.value;
      input.addEventListener("change", () => {
        kept.setItem(`text:${input.name}`, input.value);
        show(input.name);
      });
    }
    if (panel) panel.hidden = false;

    // Whoever has read the whole text here comes to it from its preview at once.
    const article = find("[data-read]");
    if (article) {
      const address = article.dataset.read;
      const publisher = address.split("/")[0];
      const bar = find(".opened");
      if (article.dataset.state) {
        kept.setItem(`read:${address}`, article.dataset.state);
        if (article.dataset.state === "yes") kept.setItem(`read:${publisher}`, "yes");
      } else if (bar) {
        bar.hidden = (kept.getItem(`read:${address}`) || kept.getItem(`read:${publisher}`)) !== "yes";
      }
    }

    // What stands near a text is fetched when its end comes near: its page was made before that.
    const near = find("[data-near]");
    if (near) new IntersectionObserver(async ([seen], observer) => {
      if (!seen.isIntersecting) return;
      observer.disconnect();
      const answer = await fetch(near.dataset.near).catch(() => ({}));
      if (answer.ok) near.insertAdjacentHTML("beforeend", await answer.text());
      near.hidden = answer.ok && !near.querySelector("li");
    }, { rootMargin: "800px" }).observe(near);

    // Where the reader was: told on return, and gone to when asked.
    const bar = find(".resume");
    if (!bar) return;
    const key = `at:${location.pathname}${location.search}`;
    const top = (element) => element.getBoundingClientRect().top + scrollY;
    const [id, offset, part] = (kept.getItem(key) || "").split("|");
    if (part && !location.hash) {
      bar.hidden = false;
      bar.querySelector("span").textContent = `${part}%`;
      bar.querySelector("button").addEventListener("click", () => {
        scrollTo(0, top(document.getElementById(id) || bar) + Number(offset));
        bar.hidden = true;
      });
    }
    const marks = [...document.querySelectorAll(".text [id]:is(h2, h3, h4)")];
    let waiting;
    addEventListener("scroll", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        const share = Math.round((100 * scrollY) / (root.scrollHeight - innerHeight));
        if (share < 3 || share > 97) return kept.removeItem(key);
        const mark = marks.filter((each) => top(each) <= scrollY).pop() || bar;
        kept.setItem(key, [mark.id, Math.round(scrollY - top(mark)), share].join("|"));
      }, 300);
    }, { passive: true });

    // On a wide screen the contents stand beside a long text.
    const contents = find(".sheet-long > .contents");
    if (contents && matchMedia("(min-width: 80rem)").matches) contents.open = true;
  });
})();
