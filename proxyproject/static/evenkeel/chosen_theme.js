// The light or the dark that the operator chose in the theme, before anything is drawn; else the system's stands.
try {
  const chosen = JSON.parse(localStorage.getItem("adminTheme"));
  if (chosen === "dark" || chosen === "light") document.documentElement.classList.add(chosen);
} catch {
  // A browser that keeps nothing has chosen nothing.
}
