// A changed choice shows its preview at once; a download tells how far it is and can be stopped.
const form = document.getElementById("mon-export");
form.addEventListener("change", () => form.requestSubmit());
// A choice that was made before this script was here has told nobody of its change.
const sent = (select) => select.querySelector("[selected]") ?? select.options[0];
if ([...form.querySelectorAll("select")].some((select) => select.value !== sent(select).value)) form.requestSubmit();

const download = document.querySelector("[data-download]");
const status = document.querySelector("[data-status]");
const button = document.querySelector("[data-stop]");

download.addEventListener("click", async (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const stop = new AbortController();
  button.hidden = false;
  button.onclick = () => stop.abort();
  const pieces = [];
  let bytes = 0;
  let lines = 0;
  const told = () => `${lines.toLocaleString()} ${download.dataset.going}, ${(bytes / 1e6).toFixed(1)} MB`;
  try {
    const asked = new URLSearchParams(new FormData(form));
    const isPost = form.method === "post"; // chosen requests may be more than fit into an address
    const answer = await fetch(isPost ? download.formAction : `${download.formAction}?${asked}`,
      { signal: stop.signal, ...(isPost && { method: "POST", body: asked }) });
    if (!answer.ok) throw new Error(String(answer.status));
    const name = download.dataset.download;
    const isShell = name.endsWith(".sh");
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
    const save = Object.assign(document.createElement("a"), { href: place, download: name });
    save.click();
    setTimeout(() => URL.revokeObjectURL(place), 60000);
    status.textContent = `${download.dataset.done} ${(bytes / 1e6).toFixed(1)} MB`;
  } catch (error) {
    status.textContent = stop.signal.aborted ? download.dataset.stopped : String(error);
  }
  button.hidden = true;
});
