// Shows in an account's form which address will be asked, as its entries are typed.

function startAskedAt() {
    const shown = document.getElementById("asked-at");
    if (!shown) return;
    const fields = ["kind", "base_url", "project", "location"]
        .map(name => [name, document.getElementById(`id_${name}`)])
        .filter(([, field]) => field);
    let timer = 0;
    let latest = 0;

    async function show() {
        const mine = ++latest;
        const entries = new URLSearchParams(fields.map(([name, field]) => [name, field.value]));
        const response = await fetch(`${shown.dataset.from}?${entries}`);
        if (mine === latest && response.ok) shown.textContent = (await response.json()).address;
    }

    for (const [, field] of fields) {
        for (const event of ["input", "change"]) {
            field.addEventListener(event, () => {
                clearTimeout(timer);
                timer = setTimeout(show, 200);
            });
        }
    }
    show();
}

for (const event of ["DOMContentLoaded", "form:shown"]) document.addEventListener(event, startAskedAt);
