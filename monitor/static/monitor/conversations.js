// Conversations stay fresh while they are looked at; two selected turns can be compared.
import { opensByClick, walkedByKeys } from "./row_keys.js";
import { writeTimes } from "./times.js";

const EVERY_MS = 5000;
const part = document.querySelector("[data-part]");

function chosen() {
  return [...part.querySelectorAll("input[name=id]:checked")].map((box) => box.value);
}

function allowTwo() {
  const button = part.querySelector("[data-two]");
  if (button) button.disabled = chosen().length !== 2;
}

async function refresh() {
  if (document.hidden || String(getSelection())) return;
  let html;
  try {
    const answer = await fetch(location.href, { headers: { "X-Part": part.dataset.part } });
    if (!answer.ok || answer.redirected) return;
    html = await answer.text();
  } catch {
    return;
  }
  const kept = new Set(chosen());
  const focused = document.activeElement?.closest("[data-part] a")?.getAttribute("href");
  part.innerHTML = html;
  writeTimes(part);
  for (const box of part.querySelectorAll("input[name=id]")) box.checked = kept.has(box.value);
  if (focused) [...part.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
  allowTwo();
}

part.addEventListener("change", allowTwo);
opensByClick(part);
walkedByKeys(part, document.getElementById("mon-q"));
allowTwo();
if ("fresh" in part.dataset) setInterval(refresh, EVERY_MS);
part.dataset.ready = "";
