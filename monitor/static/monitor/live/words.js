// How an exchange is told: its state in words, its times and tokens with their units.

export const page = JSON.parse(document.getElementById("live-page").textContent);

export function milliseconds(value) {
    if (value === null || value === undefined) return "–";
    if (value < 1000) return `${Math.round(value)} ms`;
    if (value < 60000) return `${(value / 1000).toFixed(1)} s`;
    const seconds = Math.floor(value / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} min`;
}

export function filled(template, values) {
    return template.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// {sign, text, tone, detail}: a shape and words; the colour only repeats them
export function stateOf(row) {
    const words = page.words;
    if (!row.in_flight) {
        const notes = [];
        if (row.status && row.status >= 400) notes.push(String(row.status));
        if (row.attempts > 1) notes.push(filled(words.attempts, {number: row.attempts}));
        return {
            sign: page.signs[row.outcome] ?? "·",
            text: [page.outcomes[row.outcome] ?? row.outcome, ...notes].join(" · "),
            tone: page.tones[row.outcome],
            detail: row.error ?? "",
        };
    }
    const failed = row.failed_attempt
        ? filled(row.delay_ms ? words.failed_wait : words.failed, {
              number: row.failed_attempt,
              failure: [page.failures[row.failure] ?? row.failure, row.failure_status].filter(Boolean).join(", "),
              delay: milliseconds(row.delay_ms),
          })
        : "";
    return {sign: "●", text: phaseOf(row, words), tone: "info", detail: failed};
}

function phaseOf(row, words) {
    if (row.first_data_ms !== null) {
        if (!row.tokens_so_far) return row.is_stream ? words.streaming : words.collecting;
        const word = (row.is_stream ? "streamed" : "collected") + (row.is_estimate ? "_about" : "");
        return filled(words[word], {number: row.tokens_so_far.toLocaleString()});
    }
    if (!row.attempts) return words.admitted;
    const isBetween = row.failed_attempt === row.attempts;
    if (isBetween && row.heal) return filled(words.healing, {account: row.account});
    if (row.attempts > 1 || isBetween) return filled(words.retrying, {account: isBetween && row.rotate ? "…" : row.account});
    return words.waiting;
}

export function tokensOf(row) {
    if (row.tokens_in === null && row.tokens_out === null) return "";
    const number = value => (value === null ? "–" : value.toLocaleString());
    return filled(page.words.tokens, {in: number(row.tokens_in), out: number(row.tokens_out)});
}

export const FAILED = new Set(["error", "interrupted", "unauthorized", "zero_tokens"]);
export const RESCUED = new Set(["healed", "retried", "continued"]);
