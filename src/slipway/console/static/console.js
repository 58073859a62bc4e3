// What pages do beyond plain forms and links; all of them work without it.
"use strict";

const live = document.getElementById("live");

// Filters change a part of the page: say how much there is now.
document.addEventListener("htmx:afterSwap", (event) => {
  const summary = document.querySelector("#results [data-summary]");
  if (event.detail.target.id === "results" && summary) live.textContent = summary.textContent;
});

// A request that failed changes nothing on the page: say why.
document.addEventListener("htmx:responseError", (event) => {
  const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  const told = page.querySelector("main [role=alert]");
  live.classList.remove("hidden");
  live.textContent = told ? told.textContent.trim() : "The console did not answer as it should";
});
document.addEventListener("htmx:sendError", () => {
  live.classList.remove("hidden");
  live.textContent = "The console does not answer";
});
