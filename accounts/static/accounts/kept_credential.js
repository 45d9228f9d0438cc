// Keeps a pasted credential in the page while its form is corrected: the server never sends one back.

addEventListener("submit", async event => {
    const form = event.target;
    const pasted = form.id === "account_form" && form.elements.credential?.value;
    if (!pasted || form.dataset.plain) return;
    event.preventDefault();
    const entries = new FormData(form, event.submitter);
    const buttons = [...form.elements].filter(one => one.type === "submit");
    const enable = isEnabled => buttons.forEach(button => { button.disabled = !isEnabled; });
    enable(false);
    let answer;
    try {
        answer = await fetch(form.action, {method: "POST", body: entries, headers: {"HX-Request": "true"}});
    } catch {
        enable(true);
        form.dataset.plain = "yes";
        form.requestSubmit(event.submitter); // the browser says what is wrong with the connection
        return;
    }
    const next = answer.headers.get("HX-Redirect") || (answer.redirected && answer.url);
    if (next) {
        addEventListener("pageshow", () => enable(true), {once: true});
        location.assign(next);
        return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const corrected = page.getElementById(form.id);
    enable(true);
    if (!corrected) { // not the form again, but a page of an error
        document.body.replaceChildren(...page.body.childNodes);
        return;
    }
    document.title = page.title;
    form.replaceWith(corrected);
    corrected.elements.credential.value = pasted;
    document.dispatchEvent(new Event("form:shown"));
    (corrected.querySelector("[aria-invalid=true]") ?? corrected).focus();
    corrected.querySelector(".errornote")?.scrollIntoView({block: "center"});
});
