// The history's keyboard, its selection, its time fields, and searches that go on step by step.
import "./history_columns.js";
import { keepFresh } from "./history_refresh.js";
import { opensByClick, walkedByKeys } from "./row_keys.js";
import { writeTimes } from "./times.js";

const table = document.getElementById("mon-history");
const rows = () => [...table.querySelectorAll("tr[data-row]")];

walkedByKeys(table, document.getElementById("mon-q"), {
  x: () => document.activeElement.closest("tr[data-row]")?.querySelector("input").click(), // selects the row
});
opensByClick(table);

// --- selection ---
const bar = document.querySelector(".mon-selected");
function count() {
  const chosen = table.querySelectorAll("tr[data-row] input:checked").length;
  bar.hidden = !chosen;
  bar.querySelector("[data-count]").textContent = chosen;
  bar.querySelector("[data-compare]").hidden = chosen !== 2;
}
table.addEventListener("change", (event) => {
  if (event.target.id === "mon-all") {
    for (const row of rows()) row.querySelector("input").checked = event.target.checked;
  }
  count();
});
count();

// --- two rows are compared, the older one first ---
bar.querySelector("[data-compare]").addEventListener("click", (event) => {
  const [newer, older] = [...table.querySelectorAll("tr[data-row] input:checked")].map((box) => box.value).sort().reverse();
  location.assign(event.target.dataset.compare.replace("first", older).replace("second", newer));
});

// --- a request's page leads back to this view ---
sessionStorage.setItem("monitor.history", location.search);

// --- times are entered in the browser's zone and travel as UTC ---
for (const shown of document.querySelectorAll("input[data-utc]")) {
  const sent = shown.nextElementSibling;
  if (sent.value) {
    const moment = new Date(sent.value);
    const local = new Date(moment - moment.getTimezoneOffset() * 60000);
    if (!Number.isNaN(+local)) shown.value = local.toISOString().slice(0, 19);
  }
  shown.addEventListener("change", () => {
    sent.value = shown.value ? new Date(shown.value).toISOString().slice(0, 19) + "Z" : "";
  });
}

// --- an address holds only what is asked for ---
document.querySelector(".mon-filter").addEventListener("submit", (event) => {
  for (const field of event.target.elements) {
    if (field.name && !field.value) field.disabled = true;
  }
});

// --- a search that stopped early goes on by itself until it is stopped or has a page full ---
const PAGE_ROWS = 50;
async function searchOn() {
  let part = table.querySelector("tbody[data-rows]");
  const stop = new AbortController();
  while (part.dataset.searching && rows().length < PAGE_ROWS) {
    const button = part.querySelector("[data-cancel]");
    button.hidden = false;
    button.addEventListener("click", () => stop.abort());
    part.querySelector("[rel=next]").hidden = true;
    let html;
    try {
      const answer = await fetch(part.dataset.older, { headers: { "X-Part": "rows" }, signal: stop.signal });
      if (!answer.ok) break;
      html = await answer.text();
    } catch {
      break;
    }
    const holder = document.createElement("table");
    holder.innerHTML = html;
    const more = holder.querySelector("tbody");
    const emptied = more.querySelector(".mon-empty");
    if (emptied && rows().length) emptied.remove();
    part.querySelector(".mon-foot")?.remove();
    writeTimes(more);
    part.after(more);
    part = more;
  }
  const button = part.querySelector("[data-cancel]");
  if (button) button.hidden = true;
  const next = part.querySelector("[rel=next]");
  if (next) next.hidden = false;
}
searchOn();
keepFresh(table, count);
