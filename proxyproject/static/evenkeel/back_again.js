// Asks for a page that failed until it comes, and shows it then: nobody who reads the text is interrupted.
const seconds = Number(document.getElementById("back-again").dataset.seconds);
setInterval(async () => {
    const answer = await fetch(location.href, {cache: "no-store"}).catch(() => null);
    if (answer && answer.status < 500) location.reload();
}, seconds * 1000);
