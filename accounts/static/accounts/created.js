// The page of a new key: one tab for each client, and a word before it is left without a copy of the key.

const box = document.querySelector("[data-tabs]");
const list = box.querySelector(".ekc-tabs");
const panels = [...box.querySelectorAll("[data-tab]")];
list.setAttribute("role", "tablist");

const tabs = panels.map(panel => {
    const tab = document.createElement("button");
    Object.assign(tab, {type: "button", id: `tab-${panel.id}`, textContent: panel.dataset.tab});
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", panel.id);
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", () => choose(tab));
    list.append(tab);
    return tab;
});

function choose(chosen) {
    tabs.forEach((tab, at) => {
        const isChosen = tab === chosen;
        tab.setAttribute("aria-selected", isChosen);
        tab.tabIndex = isChosen ? 0 : -1;
        panels[at].hidden = !isChosen;
    });
}

list.addEventListener("keydown", event => {
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    if (!step) return;
    event.preventDefault();
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    choose(next);
    next.focus();
});
choose(tabs[0]);

// The key is in whatever is copied here: by a button, or by hand out of a text.
const warn = event => event.preventDefault();
const copied = () => removeEventListener("beforeunload", warn);
addEventListener("beforeunload", warn);
addEventListener("copy", copied);
addEventListener("click", event => {
    if (event.target.closest("[data-copies], [data-copy]")) copied();
});
