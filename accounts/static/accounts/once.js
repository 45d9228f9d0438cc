// A form is sent once, however often its button is pressed.

for (const form of document.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", () => {
        for (const button of form.querySelectorAll("button")) button.disabled = true;
    });
}
