"use strict";
// What the pages share. `history_of_states` holds what a page was told, sent and showed, in its order: the maker
// takes it as the truth about the page. Times are seconds since the epoch.
window.history_of_states = [];
const JOB = new URLSearchParams(location.search).get("job");
const now = () => (performance.timeOrigin + performance.now()) / 1000;
const note = (kind, what) => history_of_states.push({ kind, at: now(), ...what });

/** Put a state on the page. `why` names who said so; it stays in the page. */
function show(status, progress, why) {
  const text = `${status} ${progress}`;
  if (document.getElementById("shown").textContent === text) return false;
  document.getElementById("shown").textContent = text;
  note("shown", { status, progress, why });
  return true;
}

/** What is under way: reads, and sockets until they are closed. */
const open = new Set();
function track(promise) {
  open.add(promise);
  promise.finally(() => open.delete(promise));
  return promise;
}

/** End of the scene: nothing new begins, and what is under way comes to its end, unless that takes too long. */
async function freeze() {
  for (let id = setTimeout(() => {}, 0); id > 0; id -= 1) clearTimeout(id);
  await Promise.race([Promise.allSettled([...open]), new Promise((done) => setTimeout(done, 500))]);
}

const word = ({ status = null, progress = null, updated_at = null }) => ({ status, progress, updated_at });

/** Read the job; the record may stand in an envelope. */
const readJob = (target, options = {}) => track(readNow(target, options));
async function readNow(target, options) {
  const sent = now();
  const answer = await fetch(target, options);
  const body = await answer.json();
  const record = body.job || body;
  note("read", { sent, target, http: answer.status, ...word(record) });
  return record;
}

/** Open the job's socket; `on.frame` gets each frame as JSON. */
function openSocket(on) {
  const socket = new WebSocket(`ws://${location.host}/ws/jobs/${JOB}`);
  note("connecting", {});
  socket.onopen = () => { note("opened", {}); on.open?.(); };
  socket.onmessage = (event) => {
    const frame = JSON.parse(event.data);
    note("frame", { type: frame.type, ...word(frame) });
    on.frame(frame);
  };
  track(new Promise((closed) => {
    socket.onclose = (event) => { note("closed", { code: event.code }); on.close?.(); closed(); };
  }));
  return socket;
}

function sendFrame(socket, frame) {
  if (socket.readyState !== WebSocket.OPEN) return;
  socket.send(JSON.stringify(frame));
  note("sent", { type: frame.type });
}
