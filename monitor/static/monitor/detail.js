// Find in a raw body, and copy it. Found places are marked without touching the text.
const canMark = "highlights" in CSS;
const PLACES = 1000;

for (const tools of document.querySelectorAll("[data-tools]")) {
  const text = tools.parentElement.querySelector("[data-text]");
  const node = text.firstChild;
  const status = tools.querySelector(".found");
  const field = tools.querySelector("input");
  const copy = tools.querySelector("[data-copy]");
  const label = copy.textContent;
  let places = [];
  let at = 0;

  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
    } catch {
      getSelection().selectAllChildren(text);
      document.execCommand("copy");
    }
    copy.textContent = copy.dataset.done;
    setTimeout(() => { copy.textContent = label; }, 1500);
  });

  function show() {
    status.textContent = field.value ? `${places.length ? at + 1 : 0} / ${places.length}${places.length === PLACES ? "+" : ""}` : "";
    if (!canMark) return;
    CSS.highlights.set("mon-found", new Highlight(...places));
    CSS.highlights.set("mon-current", new Highlight(...places.slice(at, at + 1)));
    if (!places.length) return;
    const place = places[at].getBoundingClientRect();
    const box = text.getBoundingClientRect();
    text.scrollTop += place.top - box.top - box.height / 3;
  }

  field.addEventListener("input", () => {
    const wanted = field.value.toLowerCase();
    const all = node ? node.data.toLowerCase() : "";
    places = [];
    at = 0;
    for (let found = wanted ? all.indexOf(wanted) : -1; found >= 0 && places.length < PLACES;
      found = all.indexOf(wanted, found + wanted.length)) {
      const range = new Range();
      range.setStart(node, found);
      range.setEnd(node, Math.min(found + wanted.length, node.length));
      places.push(range);
    }
    show();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !places.length) return;
    event.preventDefault();
    at = (at + (event.shiftKey ? places.length - 1 : 1)) % places.length;
    show();
  });
}

// --- the way back leads to the view of the history that was looked at last; u goes there ---
const back = document.querySelector("a[rel=up]");
if (back) back.href += sessionStorage.getItem("monitor.history") ?? "";
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.key !== "u") return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  back?.click();
});

// [ and ] lead to the request before and the one after in the same conversation.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  if (event.key !== "[" && event.key !== "]") return;
  document.querySelector(`[data-key="${event.key}"]`)?.click();
});
