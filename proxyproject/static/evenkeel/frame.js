// On every page of the operator: times in the reader's zone, which forms are told in a cookie, `g` with a letter
// goes to a page, buttons that copy, and forms that say that they are at work.

const here = document.currentScript.src;
const WAIT = 1500; // ms in which the second key counts
const places = {
  o: "/admin/", l: "/monitor/live/", h: "/monitor/history/", c: "/monitor/conversations/",
  s: "/monitor/statistics/",
  a: "/admin/accounts/account/", m: "/admin/accounts/modelmapping/", k: "/admin/accounts/clientkey/",
  p: "/admin/monitor/modelprice/",
};
let goneAt = 0;

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) document.cookie = `evenkeel_zone=${zone}; path=/admin/; max-age=31536000; SameSite=Lax`;

addEventListener("DOMContentLoaded", () => {
  if (document.querySelector("time[data-local]")) import(new URL("../monitor/times.js", here));
  const lists = location.pathname === places.a && document.querySelector("#result_list");
  if (lists || document.querySelector("[data-refresh]")) import(new URL("refresh.js", here));
});

addEventListener("click", async (event) => {
  const button = event.target instanceof Element && event.target.closest("[data-copies]");
  if (!button) return;
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset.copies);
  } catch { // without HTTPS a browser has no clipboard for scripts
    const field = document.createElement("textarea");
    field.value = button.dataset.copies;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  button.textContent = button.dataset.done;
  setTimeout(() => { button.textContent = label; }, 1500);
});

addEventListener("submit", (event) => {
  const button = event.submitter;
  const busy = event.target.dataset.busy;
  if (!busy || !button) return;
  const label = button.textContent;
  button.textContent = busy;
  setTimeout(() => { button.disabled = true; }); // after the form was read
  addEventListener("pageshow", () => { // whoever comes back may send it again
    button.textContent = label;
    button.disabled = false;
  }, { once: true });
});

// ? tells the keys, in the reader's language; Esc or the button closes it.
async function showKeys() {
  const answer = await fetch("/admin/keys/").catch(() => null);
  if (!answer?.ok || answer.redirected || document.querySelector("dialog.ek-help")) return;
  const dialog = document.createElement("dialog");
  dialog.className = "ek-help";
  dialog.innerHTML = await answer.text();
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

// In the capturing phase: while a page is being chosen, no other shortcut listens.
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof Element)) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  const isSecond = Date.now() - goneAt < WAIT;
  goneAt = 0;
  if (isSecond) {
    // Only where the navigation leads: what this person may not see has no link.
    const link = [...document.querySelectorAll("a[href]")].find((one) => new URL(one.href).pathname === places[event.key]);
    if (!link && event.key !== "o") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    location.assign(places[event.key]);
  } else if (event.key === "?") {
    showKeys();
  } else if (event.key === "g" && !event.shiftKey) {
    goneAt = Date.now();
    event.stopImmediatePropagation();
  }
}, true);
