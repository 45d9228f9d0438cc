// Keeps the history fresh: how many rows there are, how many are new, and how those in flight ended.
import { writeTimes } from "./times.js";

const EVERY = 5000; // ms
const about = document.querySelector("[data-about]");
const fresh = document.querySelector("[data-new]");

const part = async (name) => {
  const answer = await fetch(location.href, { headers: { "X-Part": name } });
  if (!answer.ok || answer.redirected) throw new Error("signed out, or the server is away");
  return answer.text();
};
const idOf = (row) => row.querySelector("input[name=id]").value;

async function tellCount() {
  try {
    about.innerHTML = await part("count");
  } catch {
    about.textContent = "";
  }
}

export function keepFresh(table, changed) {
  const first = () => table.querySelector("tbody[data-rows]");
  const rows = (root) => [...root.querySelectorAll("tr[data-row]")];
  let found = null;
  let isAsking = false;

  function replaceEnded(more) {
    for (const row of table.querySelectorAll("tr[data-running]")) {
      const now = more.find((one) => idOf(one) === idOf(row));
      if (!now || now.outerHTML === row.outerHTML) continue;
      now.querySelector("input[name=id]").checked = row.querySelector("input[name=id]").checked;
      const hadFocus = row.contains(document.activeElement);
      row.replaceWith(now);
      if (hadFocus) now.querySelector("td.t a").focus();
    }
  }

  async function look() {
    const isFirst = "firstPage" in table.dataset;
    if (isAsking || document.hidden || !(isFirst || table.querySelector("tr[data-running]"))) return;
    isAsking = true;
    try {
      const holder = document.createElement("table");
      holder.innerHTML = await part("rows");
      found = holder.querySelector("tbody");
      writeTimes(found);
      const more = rows(found);
      const known = new Set(rows(table).map(idOf));
      const at = more.findIndex((row) => known.has(idOf(row)));
      const count = at < 0 ? more.length : at;
      if (isFirst && count) {
        fresh.hidden = false;
        const number = at < 0 && known.size ? `${count}+` : count;
        fresh.textContent = count === 1 ? fresh.dataset.one : fresh.dataset.many.replace("{number}", number);
        fresh.dataset.count = count;
      }
      replaceEnded(more.map((row) => row.cloneNode(true)));
    } catch {
      // The next look may have more luck.
    } finally {
      isAsking = false;
    }
  }

  fresh.addEventListener("click", () => {
    for (const other of [...table.querySelectorAll("tbody[data-rows]")].slice(1)) other.remove();
    first().replaceWith(found);
    fresh.hidden = true;
    table.querySelector("tr[data-row] td.t a")?.focus();
    changed();
    tellCount();
  });
  tellCount();
  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
}
