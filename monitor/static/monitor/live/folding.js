// Failures that are alike are one row with their number: a quota that strikes a hundred times hides nothing else.

import {FAILED} from "./words.js";

const GAP_SECONDS = 900; // after so long without its like a failure begins a row of its own

export const likeness = row =>
    !row.in_flight && FAILED.has(row.outcome) ? [row.outcome, row.status, row.client_model, row.failure ?? ""].join("\n") : "";

// rows: newest first. Gives {row, count, firstAt}: the newest of each group, or all of a group that is opened.
export function folded(rows, opened) {
    const groups = new Map();
    const found = [];
    for (const row of rows) {
        const like = likeness(row);
        const group = like && groups.get(like);
        if (group && group.firstAt - row.at <= GAP_SECONDS) {
            group.count += 1;
            group.firstAt = row.at;
            if (opened.has(like)) found.push({row, count: 1, firstAt: row.at});
            continue;
        }
        const entry = {row, count: 1, firstAt: row.at};
        if (like) groups.set(like, entry);
        found.push(entry);
    }
    return found;
}
