// What a person does: pointer, keys, buttons, links, printing. The state is kept in the address.

let rememberTimer = 0;
const remember = () => {
  clearTimeout(rememberTimer);
  rememberTimer = setTimeout(() => {
    const words = new URLSearchParams({ j: page.job });
    if (page.selected >= 0) words.set("m", page.selected);
    if (page.text) words.set("q", page.text);
    if (page.off.size) words.set("off", [...page.off].join(","));
    history.replaceState(null, "", `#${words}`);
  }, 300);
};

const recall = () => {
  const words = new URLSearchParams(location.hash.slice(1)), jobs = document.querySelectorAll(".answer").length;
  const job = Math.max(0, Math.min(jobs - 1, Number.parseInt(words.get("j"), 10) || 0));
  if (job !== page.job) {
    chooseJob(job);
    layOut();
    if (page.record.count) showDetails();
  }
  if (!page.record.count) return;
  if (words.has("e")) return goToEntry(Number(words.get("e")));
  page.text = words.get("q") ?? "";
  page.off = new Set((words.get("off") ?? "").split(",").filter(word => word !== ""));
  setFilter();
  const moment = Number.parseInt(words.get("m"), 10);
  if (moment >= 0 && moment < page.record.count) return select(moment);
  // The page opens with the evidence: of what the answer cites, the last that misleads.
  const evidence = page.record.cited.findLast(one => page.record.misleads[one]);
  return evidence === undefined || words.size > 1 ? undefined : select(evidence);
};

const goToEntry = entry => {
  const { record, view } = page, moment = bestOf(record, entry), flip = record.flips.findIndex(one => one[1] === entry);
  $("stage").scrollIntoView({ block: "nearest" });
  if (moment < 0 && flip >= 0) {
    page.hovered = { flip };
    look(page.axis.place(record.flips[flip][0]) - (view.to - view.from) / 2, view.to - view.from);
    return showDetails();
  }
  const near = moment >= 0 ? moment : nearestTo(record, entry);
  if (!page.kept.all.includes(near)) clearFilter();
  select(near);
  // An entry can be evidence without a word of status in it: a refused cancel, a socket that was opened.
  if (moment < 0) {
    $("note").textContent = `Entry ${entry} decided nothing: this is the nearest that did, entry ${record.entry[near]}.`;
  }
  return undefined;
};

const nearestTo = (record, entry) => {
  const away = i => Math.abs(record.entry[i] - entry);
  return record.entry.reduce((best, _, i) => (away(i) < away(best) ? i : best), 0);
};

const clearFilter = () => {
  page.text = "";
  page.off.clear();
  $("text").value = "";
  setFilter();
  remember();
};

const escape = () => {
  if (page.text || page.off.size) clearFilter();
  else select(-1);
  if (document.activeElement === $("text")) $("text").blur();
};

const toggleFacet = facet => {
  const boxes = [...document.querySelectorAll("#boxes input")].filter(box => box.value.startsWith(`${facet}:`));
  const isAll = boxes.every(box => box.checked);
  for (const box of boxes) page.off[isAll ? "add" : "delete"](box.value);
  setFilter();
  remember();
};

const turn = to => {
  const last = Math.floor((page.kept.all.length - 1) / ROWS) * ROWS;
  page.row = Math.max(0, Math.min(last, to));
  fillRows();
  $("rows").scrollTop = 0;
};

const help = () => ($("help").open ? $("help").close() : $("help").showModal());

const DO = {
  in: () => zoom(0.5), out: () => zoom(2), fit, back: () => pan(-0.25), on: () => pan(0.25),
  first: () => turn(0), previous: () => turn(page.begin - ROWS),
  next: () => turn(page.begin + ROWS), last: () => turn(Infinity),
  keys: help, clear: clearFilter,
};

const isIn = id => $(id).contains(document.activeElement);
const KEYS = {
  ArrowLeft: () => step(-1), ArrowRight: () => step(1),
  ArrowUp: () => isIn("rows") ? step(-1) : isIn("stage") && stepLane(-1),
  ArrowDown: () => isIn("rows") ? step(1) : isIn("stage") && stepLane(1),
  Home: () => (isIn("rows") || isIn("stage")) && stepTo(0),
  End: () => (isIn("rows") || isIn("stage")) && stepTo(Infinity),
  d: stepDifference, "+": DO.in, "=": DO.in, "-": DO.out, 0: fit, "?": help, Escape: escape,
  "/": () => { $("text").scrollIntoView({ block: "nearest" }); $("text").focus(); },
};

const onKey = event => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open || !page.record.count) return;
  const isTyping = event.target.matches?.("input");
  if (isTyping && event.key !== "Escape" && (event.target === $("text") || event.key === " ")) return;
  const action = Object.hasOwn(KEYS, event.key) ? KEYS[event.key] : undefined;
  if (action && action() !== false) event.preventDefault();
};

const pointOf = event => {
  const box = $("stage").getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};
const hitAt = event => picture.hit(...pointOf(event), event.pointerType === "touch" ? 22 : 9);

const isSame = (a, b) => a === b || Boolean(a && b && a.flip === b.flip
  && a.moments?.[0] === b.moments?.[0] && a.moments?.length === b.moments?.length);

const listenToPointer = stage => {
  let drag = null;
  stage.addEventListener("pointerdown", event => {
    if (event.button !== 0) return;
    drag = { x: event.clientX, from: page.view.from, isMoved: false };
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", event => {
    if (!drag) {
      const hit = hitAt(event);
      if (isSame(hit, page.hovered)) return;
      page.hovered = hit;
      stage.style.cursor = hit ? "pointer" : "";
      showDetails();
      return;
    }
    const width = page.view.to - page.view.from;
    drag.isMoved ||= Math.abs(event.clientX - drag.x) > 4;
    if (drag.isMoved) look(drag.from - (event.clientX - drag.x) * width / picture.width, width);
  });
  stage.addEventListener("pointerup", event => {
    const hit = drag && !drag.isMoved ? hitAt(event) : null;
    drag = null;
    if (hit?.moments) select(hit.moments[0]);
  });
  stage.addEventListener("pointercancel", () => { drag = null; });
  stage.addEventListener("pointerleave", () => {
    if (!page.hovered) return;
    page.hovered = null;
    showDetails();
  });
  stage.addEventListener("dblclick", event => zoom(0.25, picture.place(pointOf(event)[0], page.view)));
  stage.addEventListener("wheel", onWheel, { passive: false });
};

// A wheel that is scrolling the page goes on doing so when the picture passes under the pointer.
const onWheel = event => {
  const isWhole = page.view.to - page.view.from >= everything().to - everything().from;
  if (!event.ctrlKey && (performance.now() - lastScroll < 400 || (isWhole && event.deltaY > 0))) return;
  event.preventDefault();
  const unit = event.deltaMode === 1 ? 33 : event.deltaMode === 2 ? 400 : 1;
  const by = Math.max(-300, Math.min(300, event.deltaY * unit));
  const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
  if (event.shiftKey || isSideways) pan((event.deltaX || event.deltaY) * unit / 1000);
  else zoom(Math.exp(by / 400), picture.place(pointOf(event)[0], page.view));
};

const print = isOn => {
  if (document.documentElement.classList.contains("printing") === isOn) return;
  document.documentElement.classList.toggle("printing", isOn);
  layOut();
  if (page.record?.count) fillRows();
};

const listen = () => {
  listenToPointer($("stage"));
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", event => {
    const button = event.target.closest("[data-do]"), row = event.target.closest("#body tr");
    if (button) DO[button.dataset.do]();
    else if (event.target.dataset.facet) toggleFacet(event.target.dataset.facet);
    else if (row) select(Number(row.dataset.moment));
    const link = event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) recall();
  });
  $("compress").addEventListener("change", event => {
    setAxis(event.target.checked);
    layOut();
  });
  $("filter").addEventListener("submit", event => event.preventDefault());
  $("text").addEventListener("input", () => { page.text = $("text").value; setFilter(); remember(); });
  $("boxes").addEventListener("change", event => {
    page.off[event.target.checked ? "delete" : "add"](event.target.value);
    setFilter();
    remember();
  });
  window.addEventListener("scroll", () => { lastScroll = performance.now(); }, { passive: true });
  const resized = () => { if (!picture.isPrint && picture.full !== $("stage").clientWidth) layOut(); };
  new ResizeObserver(resized).observe($("stage"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", layOut);
  matchMedia("print").addEventListener("change", event => print(event.matches));
  window.addEventListener("beforeprint", () => print(true));
  window.addEventListener("afterprint", () => print(false));
};

if (document.querySelector(".answer")) {
  if ($("timeline")) {
    picture = new Picture($("stage"), $("marks"), $("labels"));
    listen();
  }
  window.addEventListener("hashchange", recall);
  recall();
}
