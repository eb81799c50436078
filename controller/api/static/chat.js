// Talks to an agent through the gateway: A2A 0.3 over JSON-RPC, answers as server-sent events.
// What it reads out of them is what controller/a2a/turn.py reads for the command line.
(() => {
  "use strict";

  const chat = document.getElementById("chat");
  if (chat === null) return;
  const turns = document.getElementById("turns");
  const form = document.getElementById("say");
  const box = form.elements.text;
  const cancel = document.getElementById("cancel");
  const state = document.getElementById("chat-state");
  const ENDED = new Set(["completed", "failed", "canceled", "rejected", "input-required", "auth-required"]);
  const AT_END_PX = 120;

  let contextId = chat.dataset.session;
  let taskId = "";
  let running = null;  // Aborts the stream that is read.
  let giveUp = null;  // Ends the wait for a decision.

  const make = (tag, className, text = "") => {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = text;
    return made;
  };
  const textOf = (parts) => (parts ?? []).filter((part) => part.kind === "text").map((part) => part.text ?? "").join("");
  const uuid = () => (crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random().toString(16).slice(2)}`);

  // The reader's place is kept, unless it is the end.
  const grow = (change) => {
    const root = document.scrollingElement;
    const follows = root.scrollHeight - root.scrollTop - root.clientHeight < AT_END_PX;
    change();
    if (follows) root.scrollTop = root.scrollHeight;
  };

  const showCall = (turn, call) => {
    if (turn.calls.has(call.id)) return;
    turn.calls.add(call.id);
    const shown = make("details", "call");
    const summary = make("summary", "");
    const brief = Object.entries(call.args ?? {}).map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
    summary.append(make("span", "call-tool", call.name), make("span", "call-brief clip muted", brief.join(", ")));
    const args = make("pre", "", JSON.stringify(call.args ?? {}, null, 2));
    args.tabIndex = 0;
    shown.append(summary, args);
    grow(() => turn.element.insertBefore(shown, turn.end));
    turn.bubble = null;
  };

  const showText = (turn, text) => {
    if (text === "") return;
    grow(() => {
      if (turn.bubble === null) {
        const bubble = make("div", "bubble is-agent");
        turn.bubble = make("p", "prose");
        bubble.append(turn.bubble);
        turn.element.insertBefore(bubble, turn.end);
      }
      turn.bubble.append(text);
    });
  };

  const showProblem = (turn, text) => {
    const banner = make("div", "banner is-bad", text);
    banner.setAttribute("role", "alert");
    grow(() => turn.element.insertBefore(banner, turn.end));
  };

  // More of an artifact; a whole one may repeat its pieces.
  const extend = (turn, artifact, append) => {
    const before = turn.texts.get(artifact.artifactId) ?? "";
    const text = textOf(artifact.parts);
    turn.texts.set(artifact.artifactId, append ? before + text : text);
    if (append || before === "") return text;
    return text.startsWith(before) ? text.slice(before.length) : "";
  };

  // Calls that wait; one of a colleague under the id of the call that reached it.
  const confirmations = (parts) => (parts ?? []).flatMap((part) => {
    const args = part.data?.args ?? {};
    const original = args.originalFunctionCall;
    if (typeof original !== "object" || original === null) return [];
    const payload = args.toolConfirmation?.payload ?? {};
    const inner = confirmations(payload.hitl_parts);
    if (inner.length === 0) return [original];
    return inner.map((call) => ({ ...call, id: original.id, name: `${payload.subagent_name ?? original.name}: ${call.name}` }));
  });

  const feed = (turn, result) => {
    contextId = result.contextId ?? contextId;
    if (result.kind === "message") {
      turn.state = "completed";
      showText(turn, textOf(result.parts));
      return;
    }
    if (result.kind === "artifact-update") {
      showText(turn, extend(turn, result.artifact ?? {}, Boolean(result.append)));
      return;
    }
    taskId = (result.kind === "task" ? result.id : result.taskId) ?? taskId;
    for (const artifact of result.artifacts ?? []) showText(turn, extend(turn, artifact, false));
    const status = result.status ?? {};
    turn.state = status.state ?? turn.state;
    const parts = status.message?.parts ?? [];
    if (turn.state === "input-required") {
      turn.waiting = confirmations(parts);
      return;
    }
    for (const part of parts) {
      if (part.metadata?.kagent_type === "function_call" && part.data?.name) showCall(turn, part.data);
    }
    if (ENDED.has(turn.state) && ![...turn.texts.values()].some(Boolean)) turn.last = textOf(parts);
  };

  const results = async function* (answer) {
    if (!(answer.headers.get("Content-Type") ?? "").includes("text/event-stream")) {
      yield await answer.json();
      return;
    }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r?\n/);
      rest = lines.pop();
      for (const line of lines) {
        if (line.startsWith("data:")) yield JSON.parse(line.slice(5));
      }
    }
  };

  const post = (method, params, options = {}) => fetch(chat.dataset.address, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream, application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: uuid(), method, params }),
    ...options,
  });

  const show = (doing) => {
    const isBusy = doing !== "";
    box.readOnly = isBusy;
    form.elements.send.hidden = isBusy;
    cancel.hidden = !isBusy;
    state.textContent = doing;
    if (!isBusy) box.focus({ preventScroll: true });
  };

  const note = (turn, text) => grow(() => turn.element.insertBefore(make("p", "approval muted", text), turn.end));

  const stream = async (turn, parts, isAnswer) => {
    const place = { ...(contextId && { contextId }), ...(isAnswer && { taskId }) };
    const message = { kind: "message", role: "user", messageId: uuid(), parts, ...place };
    const answer = await post("message/stream", { message }, { signal: running.signal });
    if (!answer.ok) {
      const told = await answer.json().catch(() => ({}));
      throw new Error([told.message ?? told.error?.message ?? `The gateway answered ${answer.status}.`, told.remedy].filter(Boolean).join(" "));
    }
    for await (const event of results(answer)) {
      if (event.error) throw new Error(event.error.message ?? "The agent refused.");
      if (event.result) feed(turn, event.result);
    }
  };

  // Reads one answer; false where it could not be had to its end.
  const hear = async (turn, parts, isAnswer) => {
    Object.assign(turn, { waiting: [], state: "", last: "", bubble: null });
    turn.texts.clear();
    running = new AbortController();
    show("It is working on it.");
    try {
      await stream(turn, parts, isAnswer);
    } catch (error) {
      const isLost = error instanceof TypeError;
      if (error.name === "AbortError") note(turn, "You left it; what it does goes on.");
      else showProblem(turn, isLost ? "The connection was lost. What the agent does goes on." : error.message);
      return false;
    } finally {
      running = null;
    }
    showText(turn, turn.last);
    if (contextId) history.replaceState(null, "", `?session=${encodeURIComponent(contextId)}`);
    return true;
  };

  // Has everything decided that a turn waits for, until the agent goes on without.
  const settle = async (turn) => {
    while (turn.waiting.length > 0) {
      const decision = await decide(turn);
      if (decision === null) return note(turn, "Cancelled.");
      if (!await hear(turn, [decision], true)) return undefined;
    }
    if (turn.state === "canceled") note(turn, "Cancelled.");
    else if (turn.state !== "completed") showProblem(turn, turn.state ? `The task is ${turn.state}.` : "The answer ended early.");
    return undefined;
  };

  const question = (call) => {
    const asked = make("fieldset", "decision card");
    asked.append(make("legend", "sr", `Decide on ${call.name}`));
    const questions = call.name.split(": ").pop() === "ask_user" ? call.args?.questions ?? [] : null;
    if (questions !== null) {
      const fields = questions.map((each) => {
        const label = make("label", "field", `${each.question ?? ""}${each.choices?.length ? ` (${each.choices.join(", ")})` : ""}`);
        const field = make("input", "");
        label.append(field);
        asked.append(label);
        return field;
      });
      return { asked, isQuestion: true, read: () => ({ answers: fields.map((field) => field.value) }) };
    }
    const title = make("p", "", "It asks to call ");
    title.append(make("code", "", call.name));
    const args = make("pre", "", JSON.stringify(call.args ?? {}, null, 2));
    args.tabIndex = 0;
    const label = make("label", "field", "If not, why");
    const reason = make("input", "");
    reason.placeholder = "told to the agent when you reject";
    label.append(reason);
    asked.append(title, args, label);
    return { asked, isQuestion: false, read: () => ({ reason: reason.value }) };
  };

  const verdict = (turn, asked, words) => new Promise((resolve) => {
    giveUp = () => resolve(null);
    const buttons = make("p", "ask-buttons");
    for (const [word, text] of words) {
      const button = make("button", `button${word === "approve" ? " primary" : ""}`, text);
      button.type = "button";
      button.addEventListener("click", () => resolve(word));
      buttons.append(button);
    }
    asked.append(buttons);
    grow(() => turn.element.insertBefore(asked, turn.end));
    asked.querySelector("input, button").focus({ preventScroll: true });
  });

  // Asks about everything that waits, one by one, and gives all decisions at once; null if cancelled.
  const decide = async (turn) => {
    const data = { decision_type: "batch", decisions: {}, rejection_reasons: {} };
    const answers = [];
    show("It waits for your decision.");
    for (const call of turn.waiting) {
      const { asked, isQuestion, read } = question(call);
      const word = await verdict(turn, asked, isQuestion ? [["approve", "Answer"]] : [["approve", "Approve"], ["reject", "Reject"]]);
      giveUp = null;
      const given = read();
      asked.remove();
      if (word === null) return null;
      data.decisions[call.id] = word;
      const isReasoned = word === "reject" && given.reason;
      if (isReasoned) data.rejection_reasons[call.id] = given.reason;
      answers.push(...(given.answers ?? []));
      const verb = isQuestion ? "Answered" : word === "approve" ? "Approved" : "Rejected";
      note(turn, `${verb} ${call.name}${isReasoned ? `: ${given.reason}` : ""}`);
    }
    if (answers.length > 0) data.ask_user_answers = answers.map((answer) => ({ answer: [answer] }));
    return { kind: "data", data };
  };

  const begin = (text) => {
    document.getElementById("nothing-said")?.remove();
    const element = make("li", "turn");
    const end = make("p", "turn-foot");
    if (text !== "") {
      const said = make("div", "bubble is-user");
      said.append(make("p", "prose", text));
      element.append(said);
    }
    element.append(end);
    grow(() => turns.append(element));
    return { element, end, bubble: null, texts: new Map(), calls: new Set(), waiting: [], state: "", last: "" };
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (text === "" || box.readOnly) return;
    const turn = begin(text);
    box.value = "";
    taskId = "";
    if (await hear(turn, [{ kind: "text", text }], false)) await settle(turn);
    else if (turn.state === "") box.value = text;  // Nothing was heard of it: one says it again.
    show("");
  });

  // A conversation that was left while it waited for somebody goes on there.
  const resume = async () => {
    const answer = await fetch(`/api/sessions/${encodeURIComponent(contextId)}/tasks`);
    const tasks = answer.ok ? (await answer.json()).data ?? [] : [];
    const time = (task) => task.status?.timestamp ?? "";
    const last = tasks.reduce((found, task) => (found === null || time(task) > time(found) ? task : found), null);
    if (last?.status?.state !== "input-required") return;
    const turn = begin("");
    taskId = last.id;
    turn.state = last.status.state;
    turn.waiting = confirmations(last.status.message?.parts);
    if (turn.waiting.length > 0) await settle(turn);
    show("");
  };

  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  cancel.addEventListener("click", async () => {
    const stop = giveUp ?? (() => running?.abort());
    const isWaiting = giveUp !== null;
    state.textContent = "Cancelling …";
    const answer = taskId ? await post("tasks/cancel", { id: taskId }).catch(() => null) : null;
    // The agent ends its stream itself; where it cannot be told to, it is left.
    if (isWaiting || !answer?.ok) stop();
  });
  form.hidden = false;
  if (contextId) resume();
})();
