// What pages do beyond plain forms and links; all of them work without it.
"use strict";

const live = document.getElementById("live");

// Filters change a part of the page: say how much there is now.
document.addEventListener("htmx:afterSwap", (event) => {
  const summary = document.querySelector("#results [data-summary]");
  if (event.detail.target?.id === "results" && summary) tell(summary.textContent);
});

// Who has followed a link is leaving: a filter's late answer would put its own address into the
// history, and with that call the browser back.
const LEAVING = 10000; // milliseconds
let followed = -LEAVING;
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href]:not([href^="#"]):not([download])');
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) followed = performance.now();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (performance.now() - followed < LEAVING) event.preventDefault();
});

// A request that failed changes nothing on the page: say why, until one succeeds.
document.addEventListener("htmx:responseError", (event) => {
  const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  const told = page.querySelector("main [role=alert]");
  warn(told ? told.textContent.trim() : "The console did not answer as it should");
});
document.addEventListener("htmx:sendError", () => warn("The console does not answer"));

function tell(text) {
  live.classList.add("hidden");
  if (live.textContent !== text) live.textContent = text;
}

function warn(text) {
  live.classList.remove("hidden");
  live.textContent = text;
}

// Browsers open six connections to a place at most, and each page that follows events keeps one:
// a tab that nobody sees lets go of it, and asks again when it is seen.
const LET_GO = 10000; // milliseconds
const following = new Set();
const paused = new Set();
let waiting;

htmx.createEventSource = (url) => {
  const source = new EventSource(url);
  following.add(source);
  return source;
};

document.addEventListener("visibilitychange", () => {
  clearTimeout(waiting);
  if (document.hidden) waiting = setTimeout(pause, LET_GO);
  else resume();
});

function pause() {
  for (const source of following) {
    if (source.readyState !== EventSource.CLOSED) paused.add(source);
    source.close();
  }
  following.clear();
}

function resume() {
  for (const source of paused) source.dispatchEvent(new Event("error")); // as if it were cut
  paused.clear();
}
