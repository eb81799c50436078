// Follows a pod's log into the page. Without this file the page shows the log's end in a frame.
(() => {
  "use strict";

  const MAX_LINES = 5000;
  const log = document.getElementById("log");
  const state = document.getElementById("log-state");
  if (log === null) return;
  log.replaceChildren();  // An empty log says so; the frame in it is for pages without scripts.

  const tone = (text) => {
    if (/\b(error|critical|fatal|exception|traceback)\b/i.test(text)) return "is-bad";
    if (/\bwarn(ing)?\b/i.test(text)) return "is-warn";
    return "";
  };

  const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

  const row = (entry) => {
    const line = document.createElement("div");
    line.className = `log-line ${tone(entry.content)}`;
    const time = document.createElement("time");
    time.dateTime = entry.timeStampStr;
    const moment = Date.parse(entry.timeStampStr);
    time.title = `${Number.isNaN(moment) ? entry.timeStampStr : exact.format(moment)} ${entry.podName}`;
    time.textContent = Number.isNaN(moment) ? "" : clock.format(moment);
    const text = document.createElement("span");
    text.textContent = entry.content;
    line.append(time, text);
    return line;
  };

  const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 40;

  const waiting = [];
  const show = () => {
    const follows = isAtEnd();
    log.append(...waiting.splice(0).map(row));
    while (log.children.length > MAX_LINES) log.firstElementChild.remove();
    if (follows) log.scrollTop = log.scrollHeight;
  };

  const source = new EventSource(log.dataset.source);
  source.addEventListener("open", () => {
    // A new connection begins with the end of the log again.
    log.replaceChildren();
    waiting.length = 0;
    state.textContent = "Following.";
  });
  source.addEventListener("line", (event) => {
    if (waiting.push(JSON.parse(event.data).result) === 1) requestAnimationFrame(show);
  });
  source.addEventListener("end", () => {
    source.close();
    state.textContent = "The log ended here.";
  });
  source.addEventListener("error", () => {
    const isOver = source.readyState === EventSource.CLOSED;
    state.textContent = isOver ? "There is no log to follow." : "The log paused; asking again.";
  });
})();
