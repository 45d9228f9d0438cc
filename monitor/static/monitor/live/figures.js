// The last five minutes in numbers, second by second, and the small plots of them.

import {milliseconds} from "./words.js";

const SECONDS = 300;
const BIN = 5;
const RATE_SECONDS = 10;
const PROCESS_SILENCE = 8; // seconds after which a process no longer counts

export class Figures {
    constructor() {
        this.seconds = new Map();
        this.inFlight = new Map(); // process -> [count, server's time]
        this.inFlightSeen = new Map(); // second -> the most that was seen in it
        this.knownInFlight = 0;
        this.snapshotAt = 0;
        this.offset = 0;
    }

    // The server's time by this browser's clock, whatever that says.
    now() {
        return Date.now() / 1000 + this.offset;
    }

    restart(snapshot) {
        this.offset = snapshot.now - Date.now() / 1000;
        this.snapshotAt = snapshot.now;
        this.knownInFlight = snapshot.in_flight;
        this.seconds = new Map(
            snapshot.seconds.map(([second, admitted, ended, failed, waits]) => [second, {admitted, ended, failed, waits}]),
        );
    }

    add(batch) {
        this.inFlight.set(batch.process, [batch.in_flight, batch.now]);
        if (batch.now < this.snapshotAt) return; // the snapshot has it
        const second = Math.floor(batch.now);
        const here = this.seconds.get(second) ?? {admitted: 0, ended: 0, failed: 0, waits: []};
        here.admitted += batch.admitted;
        here.ended += batch.ended;
        here.failed += batch.failed;
        here.waits.push(...batch.first_data_ms);
        this.seconds.set(second, here);
    }

    // name -> {value, note, lines: [[number or null, …], …]}
    summary(text) {
        const now = this.now();
        const oldest = Math.floor(now) - SECONDS;
        for (const second of this.seconds.keys()) if (second < oldest) this.seconds.delete(second);
        const bins = Array.from({length: SECONDS / BIN}, () => ({admitted: 0, ended: 0, failed: 0, waits: []}));
        const all = {admitted: 0, ended: 0, failed: 0, waits: []};
        let recent = 0;
        for (const [second, counts] of this.seconds) {
            const bin = bins[Math.min(bins.length - 1, Math.floor((second - oldest) / BIN))];
            for (const into of [bin, all]) {
                into.admitted += counts.admitted;
                into.ended += counts.ended;
                into.failed += counts.failed;
                into.waits.push(...counts.waits);
            }
            if (second > now - RATE_SECONDS) recent += counts.admitted;
        }
        for (const each of [...bins, all]) each.waits.sort((a, b) => a - b);
        const share = counts => (counts.ended ? (100 * counts.failed) / counts.ended : null);
        const rate = recent / RATE_SECONDS;
        const count = (template, number) => template.replace("{number}", number);
        const running = this.#running(now);
        this.inFlightSeen.set(Math.floor(now), running);
        const seen = Array(bins.length).fill(null);
        for (const [second, number] of this.inFlightSeen) {
            if (second < oldest) this.inFlightSeen.delete(second);
            else {
                const bin = Math.min(bins.length - 1, Math.floor((second - oldest) / BIN));
                seen[bin] = Math.max(seen[bin] ?? 0, number);
            }
        }
        const highest = (values, write) => {
            const known = values.filter(value => value !== null);
            return known.length && Math.max(...known) > 0 ? write(Math.max(...known)) : "";
        };
        const rates = bins.map(bin => bin.admitted / BIN);
        const shares = bins.map(share);
        const [medians, tails] = [0.5, 0.95].map(part => bins.map(bin => quantile(bin.waits, part)));
        return {
            rate: {
                value: count(text.per_second, rate < 10 ? rate.toFixed(1) : Math.round(rate)),
                note: count(text.requests_in_five, all.admitted),
                lines: [rates],
                high: highest(rates, value => count(text.per_second, value < 10 ? value.toFixed(1) : Math.round(value))),
            },
            in_flight: {value: String(running), note: text.since_open, lines: [seen], high: highest(seen, String)},
            errors: {
                value: all.ended ? `${share(all).toFixed(share(all) < 10 ? 1 : 0)} %` : "–",
                note: count(text.failed_in_five, all.failed),
                lines: [shares],
                high: highest(shares, value => `${Math.round(value)} %`),
            },
            p50: {value: milliseconds(quantile(all.waits, 0.5)), note: count(text.timed, all.waits.length), lines: [medians], high: highest(medians, milliseconds)},
            p95: {value: milliseconds(quantile(all.waits, 0.95)), note: count(text.timed, all.waits.length), lines: [tails], high: highest(tails, milliseconds)},
        };
    }

    #running(now) {
        let sum = 0;
        for (const [process, [count, at]] of this.inFlight) {
            if (now - at > PROCESS_SILENCE) this.inFlight.delete(process);
            else sum += count;
        }
        return now - this.snapshotAt < 3 ? Math.max(sum, this.knownInFlight) : sum; // not every process has spoken yet
    }
}

export function quantile(sorted, share) {
    return sorted.length ? sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] : null;
}

// Draws values (null: nothing known) as a line over an area, from 0 to the highest.
export function draw(svg, lines) {
    const paths = [];
    const highest = Math.max(1e-9, ...lines.flat().filter(value => value !== null));
    lines.forEach((values, index) => {
        const step = 120 / Math.max(1, values.length - 1);
        let line = "";
        let pen = "M";
        let area = "";
        values.forEach((value, at) => {
            if (value === null) {
                pen = "M";
                return;
            }
            const x = (at * step).toFixed(1);
            const y = (31 - (30 * value) / highest).toFixed(1);
            line += pen === "M" ? `M${x} ${y}h0.6` : `L${x} ${y}`;
            pen = "L";
            area += `${area ? "L" : "M"}${x} ${y}`;
        });
        if (area && !values.includes(null)) paths.push([`${area}L120 32L0 32Z`, "ek-area"]);
        if (line) paths.push([line, index ? "ek-second" : ""]);
    });
    svg.replaceChildren(
        ...paths.map(([shape, name]) => {
            const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
            path.setAttribute("d", shape);
            if (name) path.setAttribute("class", name);
            return path;
        }),
    );
}
