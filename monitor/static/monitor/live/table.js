// The rows: kept by id, newest first, at most ROWS of them. A line of the table keeps its place and takes what
// stands there now, so nothing on the page moves when a request comes.

import {folded, likeness} from "./folding.js";
import {FAILED, RESCUED, filled, milliseconds, page, stateOf, tokensOf} from "./words.js";

const ROWS = 300;
const CELLS = ["time", "state", "model", "account", "first", "duration", "tokens", "key"];
const NUMBERS = new Set(["first", "duration", "tokens"]);

export class Table {
    constructor(table, empty, now) {
        this.body = table.tBodies[0];
        this.heads = [...table.tHead.rows[0].cells].map(cell => cell.textContent);
        this.empty = empty;
        this.now = now;
        this.rows = new Map(); // id -> row
        this.held = new Set(); // ids of new rows that wait to be shown
        this.changed = new Set();
        this.opened = new Set(); // likenesses of groups whose rows are all shown
        this.isPaused = false;
        this.follows = true;
        this.selectedId = "";
        this.filter = {text: "", state: ""};
    }

    take(rows) {
        this.isFilled = true;
        for (const row of rows) {
            const known = this.rows.get(row.id);
            if (!known && row.outcome === undefined) continue; // a failed attempt of a row that is no more here
            // A record that was delayed never puts an ended row back in flight.
            if (known && !known.in_flight && row.in_flight) continue;
            this.rows.set(row.id, {...known, ...row, heardAt: Date.now()});
            if (!known && (this.isPaused || !this.follows)) this.held.add(row.id);
            this.changed.add(row.id);
        }
        this.#forget();
        this.#renderSoon();
    }

    // Once for all that comes within a frame; a page in the background draws when it is looked at again.
    #renderSoon() {
        if (this.isDue) return;
        this.isDue = true;
        requestAnimationFrame(() => {
            this.isDue = false;
            if (!this.isPaused) this.render();
        });
    }

    runningIds() {
        return [...this.rows.values()].filter(row => row.in_flight).map(row => row.id).slice(-500);
    }

    // Whether a row is in flight of which nothing was heard for 10 s.
    hasQuietRow() {
        return [...this.rows.values()].some(row => row.in_flight && Date.now() - row.heardAt > 10_000);
    }

    showHeld() {
        this.held.clear();
        this.render();
    }

    setFilter(filter) {
        this.filter = filter;
        this.render();
    }

    // Shows all rows of a group, or one for all of them again.
    toggle(id) {
        const like = likeness(this.rows.get(id));
        if (!this.opened.delete(like)) this.opened.add(like);
        this.render();
    }

    heldCount() {
        return [...this.held].filter(id => this.#fits(this.rows.get(id))).length;
    }

    render() {
        // Ids sort by time: the newest goes first.
        const ids = [...this.rows.keys()].filter(id => !this.held.has(id)).sort().reverse();
        const rows = ids.map(id => this.rows.get(id)).filter(row => this.#fits(row));
        const entries = folded(rows, this.opened);
        entries.forEach((entry, at) => {
            const tr = this.body.rows[at] ?? this.#append();
            const mark = `${entry.row.id} ${entry.count}`;
            if (tr.dataset.mark === mark && !this.changed.has(entry.row.id)) return;
            tr.dataset.mark = mark;
            this.#fill(tr, entry);
        });
        while (this.body.rows.length > entries.length) this.body.lastElementChild.remove();
        this.changed.clear();
        this.empty.hidden = entries.length > 0 || !this.isFilled;
        this.empty.textContent = this.rows.size ? page.words.no_rows_match : page.words.no_rows;
    }

    // The durations of what is in flight go on.
    tick() {
        if (this.isPaused) return;
        for (const tr of this.body.rows) {
            const row = this.rows.get(tr.dataset.id);
            if (row?.in_flight) set(tr.cells[5], milliseconds(Math.max(0, this.now() - row.at) * 1000));
        }
    }

    select(step) {
        const all = [...this.body.rows];
        const at = all.findIndex(tr => tr.dataset.id === this.selectedId);
        const next = all[Math.max(0, Math.min(all.length - 1, at + step))];
        if (at >= 0) all[at].ariaSelected = "false";
        if (next) {
            this.selectedId = next.dataset.id;
            next.ariaSelected = "true";
            next.scrollIntoView({block: "nearest"});
        }
    }

    selected() {
        return this.rows.has(this.selectedId) ? linkOf(this.selectedId) : undefined;
    }

    #forget() {
        if (this.rows.size <= ROWS) return;
        const ids = [...this.rows.keys()].sort();
        const ended = ids.filter(id => !this.rows.get(id).in_flight);
        const surplus = this.rows.size - ROWS;
        for (const id of [...ended.slice(0, surplus), ...ids.slice(0, Math.max(0, surplus - ended.length))]) {
            this.rows.delete(id);
            this.held.delete(id);
        }
    }

    #fits(row) {
        const {text, state} = this.filter;
        if (state === "running" && !row.in_flight) return false;
        if (state === "failed" && !FAILED.has(row.outcome)) return false;
        if (state === "rescued" && !RESCUED.has(row.outcome)) return false;
        if (!text) return true;
        const where = [row.id, row.path, row.client_model, row.mapped_model, row.account, row.client_key, row.error, row.outcome];
        return where.join("\n").toLowerCase().includes(text.toLowerCase());
    }

    #append() {
        const tr = this.body.insertRow();
        CELLS.forEach((name, at) => {
            const cell = tr.insertCell();
            cell.className = NUMBERS.has(name) ? "ek-number" : `ek-${name}`;
            if (NUMBERS.has(name)) cell.dataset.label = this.heads[at];
        });
        tr.cells[0].append(document.createElement("a"));
        return tr;
    }

    #fill(tr, {row, count, firstAt}) {
        const [time, state, model, account, first, duration, tokens, key] = tr.cells;
        const link = time.firstChild;
        if (tr.dataset.id !== row.id) {
            tr.dataset.id = row.id;
            link.href = linkOf(row.id);
            set(link, clock(row.at));
            link.title = `${new Date(row.at * 1000).toISOString()} · ${row.id}`;
        }
        tr.ariaSelected = String(row.id === this.selectedId);
        const told = stateOf(row);
        const mark = JSON.stringify([told, count, firstAt]);
        if (state.dataset.mark !== mark) {
            state.dataset.mark = mark;
            state.replaceChildren(...lineOf(told, row.in_flight, count, firstAt, row));
            state.title = [told.text, told.detail].filter(Boolean).join("\n");
        }
        const isMapped = row.mapped_model && row.mapped_model !== row.client_model;
        set(model, isMapped ? `${row.client_model} → ${row.mapped_model}` : row.client_model);
        model.title = [model.textContent, row.path].join("\n");
        set(account, row.account);
        set(first, row.first_data_ms === null ? "" : milliseconds(row.first_data_ms));
        const begun = Math.max(0, this.now() - row.at) * 1000;
        set(duration, milliseconds(row.in_flight ? begun : row.duration_ms));
        set(tokens, tokensOf(row));
        set(key, row.client_key);
    }
}

function lineOf(told, isRunning, count, firstAt, row) {
    const line = document.createElement("span");
    line.className = isRunning ? "ek-running" : `ek-tone-${told.tone}`;
    const sign = document.createElement("span");
    sign.className = "ek-sign";
    sign.ariaHidden = "true";
    sign.textContent = told.sign;
    line.append(sign, told.text);
    const detail = document.createElement("span");
    detail.className = "ek-detail";
    detail.textContent = told.detail;
    if (count === 1) return told.detail ? [line, detail] : [line];
    const times = document.createElement("button");
    times.type = "button";
    times.className = "ek-times";
    times.textContent = `${count} ×`;
    times.title = page.words.fold;
    detail.textContent = [`${clock(firstAt)} – ${clock(row.at)}`, told.detail].filter(Boolean).join(" · ");
    return [times, line, detail];
}

function linkOf(id) {
    return filled(page.detail, {id});
}

function clock(at) {
    return new Date(at * 1000).toLocaleTimeString(document.documentElement.lang || undefined, {hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit"});
}

function set(cell, text) {
    if (cell.textContent !== text) cell.textContent = text;
}
