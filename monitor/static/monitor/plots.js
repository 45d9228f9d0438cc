// The plots: stacked outcomes, waits, tokens and money, each with its numbers as a table; a bar leads to its requests.

const Chart = window.Chart;
const place = document.querySelector(".ek-plots");
const charts = {};
const COLOURS = {
  ok: "#22a35a", retried: "#0ea5a4", healed: "#2f7fd8", continued: "#6366f1",
  thinking_only: "#d9a400", refused: "#b7791f", client_closed: "#8a94a6",
  interrupted: "#f97316", zero_tokens: "#e11d48", error: "#b91c1c", unauthorized: "#7f1d1d",
  key_expired: "#a78bfa", not_allowed: "#8b5cf6", rate_limited: "#7c3aed", over_budget: "#5b21b6",
};
let data;

// Hours are told in the browser's zone, as every time of a page; days are the server's own.
const DAY_MS = 86_400_000;
const hour = new Intl.DateTimeFormat(document.documentElement.lang || undefined, { hourCycle: "h23", hour: "2-digit", minute: "2-digit" });
function read(root) {
  const told = JSON.parse(root.getElementById("ek-plotted").textContent);
  return told.step_ms < DAY_MS ? { ...told, labels: told.starts.map((start) => hour.format(new Date(start))) } : told;
}
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888";
const seconds = (values) => values.map((one) => (one === null ? null : one / 1000));

function leadsTo(at, outcome) {
  const start = new Date(data.starts[at]);
  const end = at + 1 < data.starts.length ? new Date(data.starts[at + 1]) : new Date(+start + data.step_ms);
  const asked = new URLSearchParams({ since: start.toISOString(), until: end.toISOString(), ...(outcome && { outcome }) });
  location.assign(`${place.dataset.history}?${asked}`);
}

const series = {
  outcomes: () => data.outcomes.map((one) => ({ label: one.label, data: one.values, backgroundColor: COLOURS[one.name], stack: "all", outcome: one.name })),
  tokens: () => [
    { label: data.words.tokens_cached, data: data.tokens_cached, backgroundColor: "#94a3b8", stack: "in" },
    { label: data.words.tokens_in, data: data.tokens_in, backgroundColor: "#6366f1", stack: "in" },
    { label: data.words.tokens_out, data: data.tokens_out, backgroundColor: "#22a35a", stack: "out" },
  ],
  money: () => [
    { label: data.words.cost, data: data.cost, backgroundColor: "#6366f1" },
    { label: data.words.cached_percent, data: data.cached_percent, type: "line", yAxisID: "share", borderColor: "#0ea5a4", backgroundColor: "#0ea5a4", pointRadius: 2, spanGaps: false },
  ],
  times: () => [["first_data_p50", "#2f7fd8"], ["first_data_p95", "#2f7fd8"], ["duration_p50", "#d9a400"], ["duration_p95", "#d9a400"]].map(([name, colour]) => ({
    label: data.words[name], data: seconds(data.times?.[name] ?? []), type: "line", borderColor: colour, backgroundColor: colour,
    borderDash: name.endsWith("95") ? [5, 4] : [], pointRadius: 2, spanGaps: false,
  })),
};

// Lines that differ by their dashes are told apart in the legend too: a box of 10 pixels shows none.
const AS_LINES = {
  usePointStyle: true, pointStyle: "line", pointStyleWidth: 24,
  generateLabels: (chart) => Chart.defaults.plugins.legend.labels.generateLabels(chart).map((one) => {
    const { borderDash, borderColor } = chart.data.datasets[one.datasetIndex];
    return { ...one, lineDash: borderDash, strokeStyle: borderColor, lineWidth: 2 };
  }),
};

function options(name) {
  const text = style("--ek-quiet");
  const line = style("--ek-line");
  const axis = (more = {}) => ({ beginAtZero: true, ticks: { color: text, maxTicksLimit: 5 }, grid: { color: line }, ...more });
  return {
    responsive: true, maintainAspectRatio: false, animation: false, locale: document.documentElement.lang || undefined,
    interaction: { mode: "index", intersect: false },
    scales: {
      x: { stacked: name !== "money", ticks: { color: text, maxRotation: 0, autoSkipPadding: 12 }, grid: { display: false } },
      y: axis({ stacked: name === "outcomes" || name === "tokens", title: { display: name === "times", text: data.words.seconds, color: text } }),
      ...(name === "money" && { share: axis({ position: "right", max: 100, grid: { display: false } }) }),
    },
    plugins: {
      legend: { position: "bottom", labels: { color: text, boxWidth: 10, boxHeight: 10, padding: 8, ...(name === "times" && AS_LINES) } },
      tooltip: { filter: (one) => name !== "outcomes" || one.raw > 0 },
    },
    onClick(event, _, chart) {
      const [hit] = chart.getElementsAtEventForMode(event, "nearest", { intersect: true }, false);
      const [column] = hit ? [hit] : chart.getElementsAtEventForMode(event, "index", { intersect: false }, false);
      if (column) leadsTo(column.index, hit && chart.data.datasets[hit.datasetIndex].outcome);
    },
    onHover(event, found) {
      event.native.target.style.cursor = found.length ? "pointer" : "";
    },
  };
}

function tell(name, sets) {
  const target = document.querySelector(`[data-numbers=${name}]`);
  if (!target) return;
  const table = document.createElement("table");
  const write = (value) => (value === null || value === undefined ? "–" : value.toLocaleString(document.documentElement.lang || undefined, { maximumFractionDigits: 4 }));
  const head = table.createTHead().insertRow();
  for (const text of [data.words.when, ...sets.map((one) => one.label)]) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = text;
    head.append(cell);
  }
  const body = table.createTBody();
  data.labels.forEach((label, at) => {
    const row = body.insertRow(0);
    row.insertCell().textContent = label;
    for (const one of sets) row.insertCell().textContent = write(one.data[at]);
  });
  target.replaceChildren(table);
}

function draw(name) {
  const canvas = document.querySelector(`canvas[data-plot=${name}]`);
  if (!canvas) return;
  const sets = series[name]();
  charts[name]?.destroy();
  charts[name] = new Chart(canvas, { type: "bar", data: { labels: data.labels, datasets: sets }, options: options(name) });
  tell(name, sets);
}

async function drawTimes() {
  if (!place.dataset.times) return;
  const answer = await fetch(place.dataset.times).catch(() => null);
  if (answer?.ok && !answer.redirected) data.times = await answer.json();
  draw("times");
}

function drawAll(root) {
  data = read(root);
  for (const name of ["outcomes", "tokens", "money"]) draw(name);
}

if (place && Chart) {
  drawAll(document);
  drawTimes();
  addEventListener("ek-refreshed", (event) => event.detail.getElementById("ek-plotted") && drawAll(event.detail));
  new MutationObserver(() => Object.keys(charts).forEach(draw)).observe(document.documentElement, { attributeFilter: ["class"] });
  place.dataset.drawn = "1";
}
