// Writes every <time data-local> in the browser's zone; the exact moment stays in its title.
const styles = {
  time: { hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit" },
  short: { hourCycle: "h23", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" },
  hour: { hourCycle: "h23", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" },
  long: { hourCycle: "h23", dateStyle: "medium", timeStyle: "medium" },
};
const language = document.documentElement.lang || undefined;
const writers = {};

// "recent" tells the day where it is not today.
function styleOf(wanted, moment) {
  if (wanted === "recent") return moment.toDateString() === new Date().toDateString() ? "time" : "short";
  return wanted in styles ? wanted : "time";
}

export function writeTimes(root) {
  for (const element of root.querySelectorAll("time[data-local]")) {
    const moment = new Date(element.dateTime);
    const style = styleOf(element.dataset.local, moment);
    writers[style] ??= new Intl.DateTimeFormat(language, styles[style]);
    element.dataset.clock = writers[style].format(moment);
    write(element, moment);
  }
}

// What is still to come is counted down beside its time, where it comes within a day.
const DAY_SECONDS = 86_400;
const relative = new Intl.RelativeTimeFormat(language, { style: "short" });

function write(element, moment) {
  const seconds = Math.ceil((moment - Date.now()) / 1000);
  const isAwaited = seconds > 0 && seconds < DAY_SECONDS;
  const minutes = Math.round(seconds / 60);
  const left = seconds < 90 ? relative.format(seconds, "second") : minutes < 90 ? relative.format(minutes, "minute") : relative.format(Math.round(minutes / 60), "hour");
  const text = isAwaited ? `${element.dataset.clock} (${left})` : element.dataset.clock;
  if (element.textContent !== text) element.textContent = text;
  element.toggleAttribute("data-awaited", isAwaited);
}

setInterval(() => {
  for (const element of document.querySelectorAll("time[data-awaited]")) write(element, new Date(element.dateTime));
}, 1000);

writeTimes(document);
