// The pages work without this file. It keeps relative times right and shows whether the stream of
// changes is open; htmx does the refreshing.
(() => {
  "use strict";

  const ago = (moment) => {
    const seconds = Math.floor((Date.now() - moment) / 1000);
    if (seconds < 5) return "just now";
    if (seconds < 60) return `${seconds} s ago`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
    if (seconds < 30 * 86400) return `${Math.floor(seconds / 86400)} d ago`;
    return null;
  };

  const refreshTimes = () => {
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const text = ago(Date.parse(time.dateTime));
      if (text !== null && time.textContent !== text) time.textContent = text;
    }
  };

  const setLive = (isLive) => {
    const live = document.getElementById("live");
    if (live === null) return;
    live.hidden = false;
    live.classList.toggle("is-off", !isLive);
    live.querySelector(".live-text").textContent = isLive ? "Live" : "Reconnecting";
  };

  document.addEventListener("htmx:sse:after:connection", () => setLive(true));
  for (const lost of ["htmx:sse:error", "htmx:sse:close"]) {
    document.addEventListener(lost, () => setLive(false));
  }
  document.addEventListener("htmx:after:swap", refreshTimes);
  setInterval(refreshTimes, 5000);
})();
