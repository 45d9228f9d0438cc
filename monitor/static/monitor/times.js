// Writes every <time data-local> in the browser's zone; the exact moment stays in its title.
const styles = {
  time: { hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit" },
  short: { hourCycle: "h23", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" },
  long: { dateStyle: "medium", timeStyle: "medium" },
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
    element.textContent = writers[style].format(moment);
  }
}

writeTimes(document);
