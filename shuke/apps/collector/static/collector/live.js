// The live list: it stands still while somebody reads an event or has paused it.
(() => {
  const list = document.getElementById("live");
  const button = document.querySelector("[data-live-pause]");
  let isPaused = false;

  const isStill = () => isPaused || list.querySelector("details[open]") !== null;

  // Both moments: a request that is under way when somebody opens an event must not close it either.
  for (const moment of ["htmx:before:request", "htmx:before:swap"]) {
    list.addEventListener(moment, (event) => { if (isStill()) event.preventDefault(); });
  }

  button.addEventListener("click", () => {
    isPaused = !isPaused;
    button.setAttribute("aria-pressed", String(isPaused));
    button.querySelector("[data-live-running]").hidden = isPaused;
    button.querySelector("[data-live-paused]").hidden = !isPaused;
  });
})();
