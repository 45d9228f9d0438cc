// The theme's pages without a text that is run as code: what the theme says in its templates, Alpine's build for a
// Content-Security-Policy reads, but for a few sentences. Those are put in its own words here, before it reads them.

const OPEN = "sidebarDesktopOpen";

const components = ["theme", "searchForm", "searchDropdown", "searchCommand"]; // functions of the theme's app.js

// [what stands in a template, what is read instead]; the names with $ are made below.
const sentences = [
  ["(localStorage.getItem('sidebarDesktopOpen') !== null) ? (localStorage.getItem('sidebarDesktopOpen') == '1') : true",
    "sidebarWasOpen()"],
  ["; localStorage.setItem('sidebarDesktopOpen', sidebarDesktopOpen ? '1' : '0')", ""], // it is watched, too
  ["openSearchResults = false; if ($refs.searchInput.value === '') { $refs.searchInput.blur() } else { $refs.searchInput.value = '' }",
    "[openSearchResults = false, $emptyOrLeave($refs.searchInput)]"],
  ["openSearchResults = true; currentIndex = 0", "[openSearchResults = true, currentIndex = 0]"],
  ["if (!$event.metaKey && !$event.ctrlKey) selectItem(", "!$event.metaKey && !$event.ctrlKey && selectItem("],
  ["activeTab && activeTab !== 'general' ? window.location.pathname + window.location.search + '#' + activeTab : window.location.pathname + window.location.search",
    "$formAddress(activeTab)"],
  ["window.location.href = $el.href + window.location.hash", "$goTo($el.href)"],
];

// The page's own beginning: which tab is open, and that the sidebar's state is kept.
const beginning = /^activeTab = (?:getCurrentTab\(\) \|\| )?('[^']*');\s*\$watch\('sidebarDesktopOpen',/;

function readable(value) {
  if (typeof value !== "string") return value; // a component's own functions
  const begins = beginning.exec(value.trim());
  if (begins) return `$begin(${begins[1]})`;
  return sentences.reduce((text, [written, read]) => text.replace(written, read), value);
}

// The arrows in the sidebar's search walk its results, and Enter opens the chosen one, else the first; the theme's own
// looks for results of another form, and finds none. Whoever presses Enter sooner than they are there is led to the
// first of them as they come.
const results = () => [...document.querySelectorAll("#search-results a")];
let shownFor = null; // the words that the results are of
let isAwaited = false;

const searchByKeys = {
  maxItem: () => results().length,
  selectItem() {
    isAwaited = shownFor !== this.$refs.searchInput.value;
    if (!isAwaited) results()[Math.max(this.currentIndex, 1) - 1]?.click();
  },
};

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "search-results") return;
  shownFor = event.detail.requestConfig.parameters.s;
  if (isAwaited && shownFor === document.getElementById("nav-filter").value) results()[0]?.click();
});

document.addEventListener("alpine:init", () => {
  for (const name of components) Alpine.data(name, window[name]);
  Alpine.data("searchDropdown", () => ({ ...window.searchDropdown(), ...searchByKeys }));
  Alpine.data("sidebarWasOpen", () => (localStorage.getItem(OPEN) ?? "1") === "1");
  Alpine.magic("begin", (element) => (tab) => {
    const data = Alpine.$data(element);
    data.activeTab = (tab && getCurrentTab()) || tab;
    Alpine.watch(() => data[OPEN], (isOpen) => localStorage.setItem(OPEN, isOpen ? "1" : "0"));
  });
  Alpine.magic("emptyOrLeave", () => (field) => {
    if (field.value === "") field.blur();
    field.value = "";
  });
  Alpine.magic("formAddress", () => (tab) =>
    location.pathname + location.search + (tab && tab !== "general" ? `#${tab}` : ""));
  Alpine.magic("goTo", () => (address) => { location.href = address + location.hash; });
  Alpine.mapAttributes(({ name, value }) => ({ name, value: readable(value) }));
});

htmx.config.allowEval = false; // nor does it run a text that stands in a page
