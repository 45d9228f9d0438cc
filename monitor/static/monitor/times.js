// Writes every <time data-local> in the browser's zone; the exact moment stays in its title.
const styles = {
  time: { hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit" },
  short: { hourCycle: "h23", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" },
  long: { dateStyle: "medium", timeStyle: "medium" },
};
const language = document.documentElement.lang || undefined;
const writers = {};

export function writeTimes(root) {
  for (const element of root.querySelectorAll("time[data-local]")) {
    const style = element.dataset.local in styles ? element.dataset.local : "time";
    writers[style] ??= new Intl.DateTimeFormat(language, styles[style]);
    element.textContent = writers[style].format(new Date(element.dateTime));
  }
}

writeTimes(document);
