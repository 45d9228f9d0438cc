// Shows how a run of the fault lab gets on; when it is over the page is loaded anew, with the result.

const run = document.querySelector("[data-lab-state]");

async function look() {
  let state = null;
  try {
    const answer = await fetch(run.dataset.labState, {headers: {accept: "application/json"}});
    state = answer.ok && !answer.redirected ? await answer.json() : null;
  } catch { /* the server restarts, or the network is gone: look again */ }
  if (state && state.state !== "running") {
    location.reload();
    return;
  }
  if (state && state.total) {
    const bar = run.querySelector("progress");
    bar.max = state.total;
    bar.value = state.done;
    run.querySelector("[data-lab-count]").textContent =
      `${state.done.toLocaleString("en")} / ${state.total.toLocaleString("en")}`;
  }
  setTimeout(look, 1000);
}

if (run) setTimeout(look, 500);
