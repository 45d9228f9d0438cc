// Says in a mapping's form what it will do, as it is filled in, and beside each field what is doubtful.

const NAMES = ["pattern", "role", "target", "kinds", "groups", "fallbacks", "priority"];

document.addEventListener("DOMContentLoaded", () => {
    const shown = document.getElementById("mapping-preview");
    const pattern = document.getElementById("id_pattern");
    if (!shown || !pattern) return; // to who may only look, the page is no form
    const box = shown.parentElement;
    const tried = document.getElementById("tried-model");
    let timer = 0;
    let asked = new AbortController();

    async function show() {
        asked.abort(); // what was asked before is of no interest any more
        const mine = asked = new AbortController();
        const entries = new URLSearchParams({mapping: box.dataset.mapping, tried: tried.value});
        for (const [name, value] of new FormData(pattern.form)) {
            if (NAMES.includes(name)) entries.append(name, value);
        }
        let html, told;
        try {
            const answer = await fetch(`${box.dataset.from}?${entries}`, {signal: mine.signal});
            if (!answer.ok || answer.redirected) return;
            ({html, told} = await answer.json());
        } catch {
            return; // a newer one was asked for, or the server is away
        }
        shown.innerHTML = html; // the server's own template
        for (const name of NAMES) tell(name, told[name] ?? []);
    }

    function tell(name, sentences) {
        const field = document.getElementById(`id_${name}`);
        if (!field) return;
        const id = `${name}-remarks`;
        document.getElementById(id)?.remove();
        // The field's own help stays what describes it; our remarks stand behind that.
        const others = (field.getAttribute("aria-describedby") ?? "").split(/\s+/).filter(one => one && one !== id);
        describe(field, sentences.length ? [...others, id] : others);
        if (!sentences.length) return;
        const list = document.createElement("ul");
        Object.assign(list, {id, className: "ekp-remarks"});
        for (const {tone, text} of sentences) {
            const line = document.createElement("li");
            line.dataset.tone = tone;
            line.textContent = text;
            list.append(line);
        }
        field.after(list);
    }

    function describe(field, ids) {
        if (ids.length) field.setAttribute("aria-describedby", ids.join(" "));
        else field.removeAttribute("aria-describedby");
    }

    function soon() {
        clearTimeout(timer);
        timer = setTimeout(show, 250);
    }

    for (const event of ["input", "change"]) pattern.form.addEventListener(event, soon);
    tried.addEventListener("keydown", event => {
        if (event.key === "Enter") event.preventDefault(); // it is no part of what is saved
    });
    show();
});
