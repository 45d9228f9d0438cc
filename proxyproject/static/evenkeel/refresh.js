// What changes by itself is asked for again every ten seconds: the parts of a page that are marked, and the accounts.
import { writeTimes } from "../monitor/times.js";

const EVERY = 10_000; // ms
const SOON = 2_000; // a request in flight
let isAsking = false;

const isInUse = (part) => part.contains(document.activeElement) || part.querySelector("input:checked");

// A marked part is as a whole what the server says it is now; one that a person is using is left alone.
function replaceParts(page) {
  for (const part of document.querySelectorAll("[data-refresh][id]")) {
    const now = page.getElementById(part.id);
    if (!now && part.dataset.gone) part.textContent = part.dataset.gone;
    if (!now) continue;
    writeTimes(now);
    if (isInUse(part) || now.innerHTML === part.innerHTML) continue;
    if (!("refresh" in now.dataset)) return location.reload(); // it has ended: all of its page is another
    part.replaceChildren(...now.childNodes);
    document.title = page.title;
  }
}

// Of the list of accounts only the cells with figures: boxes and menus belong to the person.
function replaceCells(page) {
  const rows = new Map([...page.querySelectorAll("#result_list tr:has(input.action-select)")].map((row) => [row.querySelector("input.action-select").value, row]));
  for (const row of document.querySelectorAll("#result_list tr:has(input.action-select)")) {
    const now = rows.get(row.querySelector("input.action-select").value);
    if (!now) continue;
    writeTimes(now);
    for (const cell of row.querySelectorAll("[class*=field-]")) {
      const name = [...cell.classList].find((one) => one.startsWith("field-"));
      const fresh = now.querySelector(`.${name}`);
      if (fresh && fresh.innerHTML !== cell.innerHTML && !cell.contains(document.activeElement)) cell.replaceChildren(...fresh.childNodes);
    }
  }
}

async function look() {
  if (isAsking || document.hidden) return;
  isAsking = true;
  try {
    const answer = await fetch(location.href);
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    replaceParts(page);
    replaceCells(page);
    dispatchEvent(new CustomEvent("ek-refreshed", { detail: page }));
  } catch {
    // The server is away; the next look may find it.
  } finally {
    isAsking = false;
  }
}

const isSoon = document.querySelector("[data-refresh=soon]");
setInterval(look, isSoon ? SOON : EVERY);
document.addEventListener("visibilitychange", look);
addEventListener("ek-look", look);
document.documentElement.dataset.refreshes = "1";
