// Copy buttons, and the test: one real request with the pasted key, through the server's own front door.

const words = JSON.parse(document.getElementById("connect-words").textContent);
const filled = (template, values) => template.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

for (const button of document.querySelectorAll("[data-copy]")) {
    const label = button.textContent;
    button.addEventListener("click", async () => {
        await copy(button.closest("section").querySelector("code"));
        button.textContent = words.copied;
        setTimeout(() => (button.textContent = label), 1500);
    });
}

async function copy(element) {
    if (navigator.clipboard) {
        await navigator.clipboard.writeText(element.textContent);
        return;
    }
    // Over plain http to another machine a browser offers no clipboard; the selection still can be copied.
    const selection = getSelection();
    selection.selectAllChildren(element);
    document.execCommand("copy");
    selection.removeAllRanges();
}

const form = document.getElementById("connect-test");
const result = document.getElementById("connect-result");

form.addEventListener("submit", async event => {
    event.preventDefault();
    const key = form.elements.key.value.trim();
    if (!key) return show("no", words.no_key);
    const button = form.querySelector("button");
    button.disabled = true;
    show("", words.sending);
    const began = performance.now();
    const seconds = () => ((performance.now() - began) / 1000).toFixed(1);
    try {
        const response = await fetch("/v1/messages", {
            method: "POST",
            credentials: "omit",
            headers: {"content-type": "application/json", "x-api-key": key, "anthropic-version": "2023-06-01"},
            body: JSON.stringify({
                model: form.elements.model.value.trim(),
                max_tokens: 64,
                messages: [{role: "user", content: "Answer with the word OK."}],
            }),
        });
        const told = await response.json();
        const header = name => response.headers.get(name) ?? "–";
        const id = header("x-request-id");
        if (response.ok) {
            const values = {model: header("x-mapped-model"), account: header("x-account-email"), attempts: header("x-attempts"), seconds: seconds()};
            show("yes", `✓ ${filled(words.worked, values)}`, id);
            dispatchEvent(new Event("ek-look")); // the row of set-up steps has one more that is done
        } else {
            const message = told.error?.message ?? "";
            show("no", `✕ ${filled(words.failed, {status: response.status, seconds: seconds(), message})}`, id);
        }
    } catch (error) {
        show("no", `✕ ${filled(words.unreachable, {message: error.message})}`);
    } finally {
        button.disabled = false;
    }
});

function show(ok, text, id = "") {
    result.dataset.ok = ok;
    result.textContent = text;
    if (!/^[0-9a-f]{32}$/.test(id)) return;
    const link = Object.assign(document.createElement("a"), {href: `/monitor/history/${id}/`, textContent: id});
    result.append("\n", `${words.request_id}: `, link);
}
