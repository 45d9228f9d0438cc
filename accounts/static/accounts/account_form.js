// Shows in an account's form the fields of its kind only, and where its credential is made.

function startForm() {
    const kind = document.getElementById("id_kind");
    const credential = document.getElementById("id_credential");
    if (!kind || !credential?.dataset.hints) return;
    const hints = JSON.parse(credential.dataset.hints);
    const someKinds = new Set(Object.values(hints).flatMap(hint => hint.fields));
    const help = document.createElement("p");
    help.id = "credential-hint";
    help.className = "mt-2";
    credential.after(help);
    credential.setAttribute("aria-describedby", help.id);

    function show() {
        const hint = hints[kind.value];
        if (!hint) return;
        const link = document.createElement("a");
        Object.assign(link, {href: hint.link, textContent: new URL(hint.link).host, target: "_blank", rel: "noreferrer"});
        link.className = "text-primary-600 dark:text-primary-500 underline";
        help.replaceChildren(`${hint.words} `, link);
        for (const name of someKinds) {
            const row = document.getElementById(`id_${name}`)?.closest(`.field-${name}`);
            // What stands in a field is seen, whoever has a use for it.
            if (row) row.hidden = !hint.fields.includes(name) && !document.getElementById(`id_${name}`).value;
        }
    }

    kind.addEventListener("change", show);
    show();
}

// Again where a form with an error has taken the place of the first.
for (const event of ["DOMContentLoaded", "form:shown"]) document.addEventListener(event, startForm);
