// On every page of the operator: times in the reader's zone, and `g` with a letter goes to a page.

const here = document.currentScript.src;
const WAIT = 1500; // ms in which the second key counts
const places = {
  o: "/admin/", l: "/monitor/live/", h: "/monitor/history/", s: "/monitor/statistics/",
  a: "/admin/accounts/account/", m: "/admin/accounts/modelmapping/", k: "/admin/accounts/clientkey/",
  p: "/admin/monitor/modelprice/",
};
let goneAt = 0;

addEventListener("DOMContentLoaded", () => {
  if (document.querySelector("time[data-local]")) import(new URL("../monitor/times.js", here));
});

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
  } else if (event.key === "g" && !event.shiftKey) {
    goneAt = Date.now();
    event.stopImmediatePropagation();
  }
}, true);
