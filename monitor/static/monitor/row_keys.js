// A table by the keyboard: / goes to the search, j and k walk the rows, Enter opens (the row's link has the focus).

const OPENS = "td.t a";

export function opensByClick(holder) {
  // A click anywhere in a row opens it, unless text is being marked.
  holder.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-row]");
    if (!row || event.target.closest("a, input, button, td.c") || String(getSelection())) return;
    row.querySelector(OPENS).click();
  });
}

export function walkedByKeys(holder, search, more = {}) {
  function walk(step) {
    const all = [...holder.querySelectorAll("tr[data-row]")];
    const at = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
    next?.querySelector(OPENS).focus();
    next?.scrollIntoView({ block: "nearest" });
  }
  const acts = { "/": () => search?.select(), j: () => walk(1), k: () => walk(-1), ...more };
  document.addEventListener("keydown", (event) => {
    const inField = event.target.closest("input:not([type=checkbox]), select, textarea, [contenteditable]");
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (inField) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (!Object.hasOwn(acts, event.key)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    acts[event.key]();
  }, true);
}
