// The log of a run that goes on: each state says how long the log is, and what is missing is asked
// for from where it ended here. So nothing is lost or shown twice when the connection was away.
"use strict";

(() => {
  const LONGEST = 1 << 20; // characters that stay on the page
  const log = document.getElementById("log");
  const stand = document.getElementById("stand");
  if (!log) return;
  log.scrollTop = log.scrollHeight;
  if (!document.getElementById("following")) return;
  let end = Number(log.dataset.end);
  let reading = false;

  const follow = async () => {
    if (reading) return;
    reading = true;
    try {
      while (end < Number(stand.querySelector("[data-log-size]").dataset.logSize)) {
        const answer = await fetch(`${log.dataset.log}?offset=${end}`);
        if (!answer.ok) break; // the next state asks again
        const next = Number(answer.headers.get("Slipway-Log-End"));
        const text = await answer.text();
        if (next <= end) break;
        end = next;
        append(text);
      }
    } catch {
      // the console is away; the next state comes when it is back
    } finally {
      reading = false;
    }
  };

  const append = (text) => {
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    log.append(text);
    while (log.textContent.length > LONGEST && log.childNodes.length > 1) log.firstChild.remove();
    if (atEnd) log.scrollTop = log.scrollHeight;
  };

  let status = stand.querySelector("[data-status]").dataset.status;
  document.addEventListener("htmx:sseMessage", () => {
    follow();
    const now = stand.querySelector("[data-status]").dataset.status;
    if (now !== status) document.getElementById("live").textContent = `The run is ${now}`;
    status = now;
  });
  follow();
})();
