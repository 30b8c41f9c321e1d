// Runs before the first paint: light or dark as chosen here, else as the system says.
(() => {
  const stored = () => { try { return localStorage.getItem("shuke-theme"); } catch { return null; } };
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    document.documentElement.dataset.bsTheme = stored() || (dark.matches ? "dark" : "light");
    document.dispatchEvent(new CustomEvent("shuke:theme"));
  };
  apply();
  dark.addEventListener("change", apply);
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-theme-switch]")) return;
    const next = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
    try { localStorage.setItem("shuke-theme", next); } catch { /* Private windows may refuse; the choice lasts for the page. */ }
    document.documentElement.dataset.bsTheme = next;
    document.dispatchEvent(new CustomEvent("shuke:theme"));
  });
})();
