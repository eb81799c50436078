// The pages work without this file. It keeps relative times right and shows whether the stream of
// changes is open; htmx does the refreshing.
(() => {
  "use strict";

  document.documentElement.classList.add("has-script");

  const ago = (moment) => {
    const seconds = Math.floor((Date.now() - moment) / 1000);
    if (seconds < 5) return "just now";
    if (seconds < 60) return `${seconds} s ago`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
    if (seconds < 30 * 86400) return `${Math.floor(seconds / 86400)} d ago`;
    return null;
  };

  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
  const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

  // The server knows no time zones: what it wrote in UTC is told in the reader's.
  const refreshTimes = () => {
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const moment = Date.parse(time.dateTime);
      const text = ago(moment) ?? day.format(moment);
      if (time.textContent !== text) time.textContent = text;
      const title = exact.format(moment);
      if (time.title !== title) time.title = title;
    }
  };

  const PATIENCE_MS = 5000;  // A restart of the controller, or of a proxy before it, is no news.
  let lost = null;
  const setLive = (isLive) => {
    const live = document.getElementById("live");
    if (live === null) return;
    live.hidden = false;
    live.classList.toggle("is-off", !isLive);
    live.querySelector(".live-text").textContent = isLive ? "Live" : "Reconnecting";
    const stale = document.getElementById("stale");
    if (isLive) {
      clearTimeout(lost);
      lost = null;
      stale.hidden = true;
    } else if (lost === null) {
      const since = clock.format(Date.now());
      lost = setTimeout(() => {
        stale.querySelector("span").textContent = `Roster has not answered since ${since}. What you see may be out of date; the page goes on by itself as soon as it can.`;
        stale.hidden = false;
      }, PATIENCE_MS);
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fold]");
    if (button === null) return;
    for (const branch of document.querySelectorAll(".g-branch")) branch.open = button.dataset.fold === "open";
  });

  // A page on which one decides opens over the one that is shown. It is loaded when it is asked for,
  // and whatever goes wrong with that ends on the page itself, which needs no script.
  const ask = document.getElementById("ask");
  const open = async (link) => {
    link.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const shown = page.querySelector("[data-ask]");
      if (!answer.ok || shown === null) throw new Error("no dialog");
      ask.replaceChildren(...shown.childNodes);
      ask.setAttribute("aria-label", ask.querySelector("h1").textContent);
      refreshTimes();
      if (!ask.open) ask.showModal();
      ask.scrollTop = 0;
    } catch {
      location.assign(link.href);
    } finally {
      link.removeAttribute("aria-busy");
    }
  };
  document.addEventListener("click", (event) => {
    const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    const link = isPlain ? event.target.closest("a[data-ask-open], a[data-ask-close]") : null;
    if (link === null || (!ask.contains(link) && "askClose" in link.dataset)) return;
    event.preventDefault();
    if ("askClose" in link.dataset) ask.close();
    else open(link);
  });

  document.addEventListener("htmx:sse:after:connection", () => setLive(true));
  for (const end of ["htmx:sse:error", "htmx:sse:close"]) {
    document.addEventListener(end, () => setLive(false));
  }
  document.addEventListener("htmx:after:swap", refreshTimes);
  refreshTimes();
  setInterval(refreshTimes, 5000);
})();
