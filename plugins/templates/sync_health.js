"use strict";
// All that is in the page works without it. Airflow's choice of dark or light is kept by its own
// script, for every page of this address; there and here "system" and nothing mean the same.
const root = document.documentElement;
const showTheme = () => {
  let kept = null;
  try { kept = localStorage.getItem("theme"); } catch { /* the browser forbids it */ }
  if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  else delete root.dataset.theme;
};
showTheme();
addEventListener("storage", showTheme);

// Airflow shows the page in a frame that may not lead away from itself: a link to a run would open
// Airflow within Airflow. The window around it is of the same address, and follows the link.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-airflow]");
  if (!link || parent === window || event.button || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const outside = parent.document.createElement("a");
  outside.href = link.href;
  outside.click();
});

const lineAtTop = () => [...document.querySelectorAll("[data-key]")]
  .find((line) => line.getBoundingClientRect().bottom > 0);
const isBusy = () => document.hidden || !getSelection().isCollapsed
  || document.activeElement.matches("input, textarea, select");

const renew = async () => {
  if (isBusy()) return;
  let text;
  try {
    const answer = await fetch(location.href, { cache: "no-store", redirect: "error" });
    if (!answer.ok && answer.status !== 503) throw new Error(answer.status);
    text = await answer.text();
  } catch {
    document.getElementById("stale").hidden = false;
    return;
  }
  if (isBusy()) return;
  const open = new Set([...document.querySelectorAll("details[open]")].map((it) => it.id));
  const focused = document.activeElement.getAttribute("href");
  const line = lineAtTop();
  const before = line && scrollY ? line.getBoundingClientRect().top : null;
  const fresh = new DOMParser().parseFromString(text, "text/html");
  document.body.replaceWith(fresh.body);
  for (const it of document.querySelectorAll("details")) it.open = open.has(it.id);
  if (focused) document.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  const again = before !== null && document.querySelector(`[data-key="${CSS.escape(line.dataset.key)}"]`);
  if (again) scrollBy(0, again.getBoundingClientRect().top - before);
};
if (root.dataset.reload) setInterval(renew, root.dataset.reload * 1000);
