// A changed choice shows its preview at once; a download tells how far it is and can be stopped.
const form = document.getElementById("mon-export");
form.addEventListener("change", () => form.requestSubmit());

const link = document.querySelector("[data-download]");
const status = document.querySelector("[data-status]");
const button = document.querySelector("[data-stop]");

link.addEventListener("click", async (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const stop = new AbortController();
  button.hidden = false;
  button.onclick = () => stop.abort();
  const pieces = [];
  let bytes = 0;
  let lines = 0;
  const told = () => `${lines.toLocaleString()} ${link.dataset.going}, ${(bytes / 1e6).toFixed(1)} MB`;
  try {
    const answer = await fetch(link.href, { signal: stop.signal });
    if (!answer.ok) throw new Error(String(answer.status));
    const isShell = link.download.endsWith(".sh");
    const reader = answer.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      pieces.push(value);
      bytes += value.length;
      if (!isShell) for (const byte of value) lines += byte === 10;
      status.textContent = told();
    }
    const place = URL.createObjectURL(new Blob(pieces, { type: answer.headers.get("content-type") }));
    const save = Object.assign(document.createElement("a"), { href: place, download: link.download });
    save.click();
    setTimeout(() => URL.revokeObjectURL(place), 60000);
    status.textContent = `${link.dataset.done} ${(bytes / 1e6).toFixed(1)} MB`;
  } catch (error) {
    status.textContent = stop.signal.aborted ? link.dataset.stopped : String(error);
  }
  button.hidden = true;
});
