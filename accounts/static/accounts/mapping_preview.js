// Says in a mapping's form what it will do, as it is filled in, and beside each field what is doubtful.

const NAMES = ["pattern", "role", "target", "kinds", "groups", "fallbacks", "priority"];

document.addEventListener("DOMContentLoaded", () => {
    const shown = document.getElementById("mapping-preview");
    const pattern = document.getElementById("id_pattern");
    if (!shown || !pattern) return; // to who may only look, the page is no form
    const box = shown.parentElement;
    const tried = document.getElementById("tried-model");
    let timer = 0;
    let latest = 0;

    async function show() {
        const mine = ++latest;
        const entries = new URLSearchParams({mapping: box.dataset.mapping, tried: tried.value});
        for (const [name, value] of new FormData(pattern.form)) {
            if (NAMES.includes(name)) entries.append(name, value);
        }
        const answer = await fetch(`${box.dataset.from}?${entries}`).catch(() => null);
        if (mine !== latest || !answer?.ok || answer.redirected) return;
        const {html, told} = await answer.json();
        shown.innerHTML = html; // the server's own template
        for (const name of NAMES) tell(name, told[name] ?? []);
    }

    function tell(name, sentences) {
        const field = document.getElementById(`id_${name}`);
        if (!field) return;
        const id = `${name}-remarks`;
        document.getElementById(id)?.remove();
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
        field.setAttribute("aria-describedby", id);
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
