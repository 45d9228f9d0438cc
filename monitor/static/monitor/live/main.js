// The live page: joins the feed, the figures and the table, and listens to the person.

import {Feed} from "./feed.js";
import {Figures, draw} from "./figures.js";
import {Table} from "./table.js";
import {filled, page} from "./words.js";

const byId = id => document.getElementById(id);
const words = page.words;
const figures = new Figures();
const table = new Table(byId("live-table"), byId("live-empty"), () => figures.now());
const tiles = new Map([...document.querySelectorAll("[data-figure]")].map(tile => [tile.dataset.figure, tile]));

const SAMPLED_MEMORY = 10; // seconds for which the page says that it samples
let sampled = []; // [time, ended, skipped]

const feed = new Feed(
    page.socket,
    {
        snapshot(message) {
            figures.restart(message);
            table.take(message.rows);
            showFigures();
            showMore();
        },
        batch(message) {
            figures.add(message);
            if (message.skipped) sampled.push([Date.now(), message.ended, message.skipped]);
            table.take(message.rows);
            showMore();
        },
        state(name, seconds) {
            const place = byId("live-connection");
            place.dataset.state = name === "signed_out" ? "closed" : name;
            const text = {open: words.connected, connecting: words.connecting, closed: filled(words.reconnecting, {seconds})};
            if (name === "signed_out") {
                const link = document.createElement("a");
                link.href = page.login;
                link.textContent = words.signed_out;
                place.replaceChildren(link);
            } else {
                place.textContent = text[name];
            }
        },
    },
    () => table.runningIds(),
);

function showFigures() {
    for (const [name, {value, note, lines, high}] of Object.entries(figures.summary(words))) {
        const tile = tiles.get(name);
        tile.querySelector(".ek-tile-value").textContent = value;
        tile.querySelector(".ek-tile-note").textContent = note || "\u00a0";
        tile.querySelector(".ek-high").textContent = high;
        draw(tile.querySelector("svg"), lines);
    }
    const since = Date.now() - SAMPLED_MEMORY * 1000;
    sampled = sampled.filter(([at]) => at > since);
    const ended = sampled.reduce((sum, [, count]) => sum + count, 0);
    const skipped = sampled.reduce((sum, [, , count]) => sum + count, 0);
    const notice = byId("live-sampled");
    notice.classList.toggle("ek-unseen", !skipped);
    if (skipped) notice.textContent = filled(words.sampled, {share: Math.max(1, Math.round(100 * (1 - skipped / ended)))});
}

function showMore() {
    const count = table.isPaused || table.follows ? 0 : table.heldCount();
    byId("live-more").classList.toggle("ek-unseen", !count);
    byId("live-more").textContent = filled(words.waiting_rows, {number: count});
}

function togglePause() {
    table.isPaused = !table.isPaused;
    const button = byId("live-pause");
    button.textContent = table.isPaused ? words.resume : words.pause;
    button.ariaPressed = String(table.isPaused);
    if (!table.isPaused) {
        if (table.follows) table.showHeld();
        else table.render();
    }
    showMore();
}

function setFollow(follows) {
    table.follows = follows;
    byId("live-follow").checked = follows;
    if (follows && !table.isPaused) table.showHeld();
    showMore();
}

function filterFromPage() {
    const filter = {text: byId("live-filter").value.trim(), state: byId("live-state").value};
    const query = new URLSearchParams();
    if (filter.text) query.set("q", filter.text);
    if (filter.state) query.set("state", filter.state);
    history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
    table.setFilter(filter);
    showMore();
}

const asked = new URLSearchParams(location.search);
byId("live-filter").value = asked.get("q") ?? "";
byId("live-state").value = asked.get("state") ?? "";
if (byId("live-state").selectedIndex < 0) byId("live-state").value = "";
filterFromPage();
byId("live-filter").addEventListener("input", filterFromPage);
byId("live-state").addEventListener("change", filterFromPage);
byId("live-follow").addEventListener("change", event => setFollow(event.target.checked));
byId("live-pause").addEventListener("click", togglePause);
byId("live-more").addEventListener("click", () => table.showHeld() ?? showMore());
byId("live-table").addEventListener("click", event => {
    const times = event.target.closest(".ek-times");
    if (times) return table.toggle(times.closest("tr").dataset.id);
    const link = event.target.closest("tr")?.querySelector("a");
    if (link?.href && !event.target.closest("a") && !String(getSelection())) location.assign(link.href);
});

document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, button")) {
        if (event.key === "Escape") {
            if (event.target.id === "live-filter" && event.target.value) {
                event.preventDefault(); // the browser would empty the box and tell nobody
                event.target.value = "";
                filterFromPage();
            }
            event.target.blur();
        }
        return;
    }
    const acts = {
        "/": () => byId("live-filter").focus(),
        p: togglePause,
        f: () => setFollow(!table.follows),
        j: () => table.select(1),
        k: () => table.select(-1),
        Enter: () => table.selected() && location.assign(table.selected()),
    };
    const act = acts[event.key];
    if (act) {
        event.preventDefault();
        act();
    }
});

setInterval(showFigures, 1000);
setInterval(() => table.tick(), 250);
// A row whose process died is closed in the database, and nobody publishes that.
setInterval(() => table.hasQuietRow() && feed.catchUp(), 10_000);
addEventListener("pageshow", event => event.persisted && feed.catchUp());
