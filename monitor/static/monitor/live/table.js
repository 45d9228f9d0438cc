// The rows: kept by id, newest first, at most ROWS of them; only what changed is touched.

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
        this.shown = new Map(); // id -> tr
        this.held = new Set(); // ids of new rows that wait to be shown
        this.changed = new Set();
        this.isPaused = false;
        this.follows = true;
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
        if (!this.isPaused) this.render();
    }

    runningIds() {
        return [...this.rows.values()].filter(row => row.in_flight).map(row => row.id).slice(-500);
    }

    // Whether a row is in flight of which nothing was heard for 10 s.
    hasQuietRow() {
        return [...this.rows.values()].some(row => row.in_flight && Date.now() - row.heardAt > 10_000);
    }

    showHeld() {
        for (const id of this.held) this.changed.add(id);
        this.held.clear();
        this.render();
    }

    setFilter(filter) {
        this.filter = filter;
        this.changed = new Set(this.rows.keys());
        this.render();
    }

    heldCount() {
        return [...this.held].filter(id => this.#fits(this.rows.get(id))).length;
    }

    render() {
        const ids = [...this.changed].sort();
        this.changed.clear();
        for (const id of ids) {
            const row = this.rows.get(id);
            const tr = this.shown.get(id);
            if (!row || this.held.has(id) || !this.#fits(row)) {
                tr?.remove();
                this.shown.delete(id);
            } else {
                const there = tr ?? this.#insert(id);
                this.#fill(there, row);
            }
        }
        this.empty.hidden = this.shown.size > 0 || !this.isFilled;
        this.empty.textContent = this.rows.size ? page.words.no_rows_match : page.words.no_rows;
    }

    // The durations of what is in flight go on.
    tick() {
        if (this.isPaused) return;
        for (const [id, tr] of this.shown) {
            const row = this.rows.get(id);
            if (row.in_flight) set(tr.cells[5], milliseconds(Math.max(0, this.now() - row.at) * 1000));
        }
    }

    select(step) {
        const all = [...this.body.rows];
        const at = all.findIndex(tr => tr.ariaSelected === "true");
        const next = all[Math.max(0, Math.min(all.length - 1, at + step))];
        if (at >= 0) all[at].ariaSelected = "false";
        if (next) {
            next.ariaSelected = "true";
            next.scrollIntoView({block: "nearest"});
        }
    }

    selected() {
        return this.body.querySelector('tr[aria-selected="true"] a')?.href;
    }

    #forget() {
        if (this.rows.size <= ROWS) return;
        const ids = [...this.rows.keys()].sort();
        const ended = ids.filter(id => !this.rows.get(id).in_flight);
        const surplus = this.rows.size - ROWS;
        for (const id of [...ended.slice(0, surplus), ...ids.slice(0, Math.max(0, surplus - ended.length))]) {
            this.rows.delete(id);
            this.held.delete(id);
            this.changed.add(id);
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

    #insert(id) {
        const tr = document.createElement("tr");
        tr.dataset.id = id;
        CELLS.forEach((name, at) => {
            const cell = tr.insertCell();
            cell.className = NUMBERS.has(name) ? "ek-number" : `ek-${name}`;
            if (NUMBERS.has(name)) cell.dataset.label = this.heads[at];
        });
        // Ids sort by time: the row goes before the first older one.
        let next = this.body.firstElementChild;
        while (next && next.dataset.id > id) next = next.nextElementSibling;
        this.body.insertBefore(tr, next);
        this.shown.set(id, tr);
        return tr;
    }

    #fill(tr, row) {
        const [time, state, model, account, first, duration, tokens, key] = tr.cells;
        if (!time.firstChild) {
            const begun = new Date(row.at * 1000);
            const link = document.createElement("a");
            link.href = filled(page.detail, {id: row.id});
            link.textContent = begun.toLocaleTimeString(document.documentElement.lang || undefined, {hourCycle: "h23"});
            link.title = `${begun.toISOString()} · ${row.id}`;
            time.append(link);
        }
        const told = stateOf(row);
        const mark = JSON.stringify(told);
        if (state.dataset.mark !== mark) {
            state.dataset.mark = mark;
            const line = document.createElement("div");
            line.className = row.in_flight ? "ek-running" : `ek-tone-${told.tone}`;
            const sign = document.createElement("span");
            sign.className = "ek-sign";
            sign.ariaHidden = "true";
            sign.textContent = told.sign;
            line.append(sign, told.text);
            const detail = document.createElement("div");
            detail.className = "ek-detail";
            detail.textContent = told.detail;
            state.replaceChildren(line, ...(told.detail ? [detail] : []));
        }
        const isMapped = row.mapped_model && row.mapped_model !== row.client_model;
        set(model, isMapped ? `${row.client_model} → ${row.mapped_model}` : row.client_model);
        model.title = row.path;
        set(account, row.account);
        set(first, row.first_data_ms === null ? "" : milliseconds(row.first_data_ms));
        if (!row.in_flight) set(duration, milliseconds(row.duration_ms));
        set(tokens, tokensOf(row));
        set(key, row.client_key);
    }
}

function set(cell, text) {
    if (cell.textContent !== text) cell.textContent = text;
}
