// Which columns of the history are seen: kept in a cookie, so that the server draws the table as it is to be.
const menu = document.querySelector("[data-columns]");
const table = document.getElementById("mon-history");
const YEAR_SECONDS = 31_536_000;

menu.addEventListener("change", () => {
  const hidden = [...menu.querySelectorAll("input:not(:checked)")].map((box) => box.value);
  table.dataset.hide = hidden.join(" ");
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `evenkeel_hidden_columns=${hidden.join(".")}; path=/monitor/; max-age=${YEAR_SECONDS}; samesite=lax${secure}`;
});
