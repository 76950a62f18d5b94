// The page: which job, what is in view, what is selected; pointer, keys, filter, print, and the address.

const $ = id => document.getElementById(id);
const ROWS = 200, PRINTED = 300, PRINT_WIDTH = 690, CLOSEST = 1000;
const page = { job: -1, view: { from: 0, to: 1 }, text: "", off: new Set(), selected: -1, hovered: null, row: 0 };
let picture = null, isDrawPending = false, lastScroll = -Infinity;

const chooseJob = number => {
  document.querySelectorAll(".answer").forEach((one, index) => { one.hidden = index !== number; });
  document.querySelectorAll("#jobs a").forEach((one, index) => {
    if (index === number) one.setAttribute("aria-current", "true"); else one.removeAttribute("aria-current");
  });
  const raw = JSON.parse($(`data-${number}`).textContent), record = readRecord(raw, JSON.parse($("words").textContent));
  Object.assign(page, { job: number, record, text: "", off: new Set(), selected: -1, hovered: null, row: 0 });
  if (!$("timeline")) return;
  $("timeline").hidden = record.count === 0;
  if (record.count === 0) return;
  page.places = placesOf(record);
  $("day").textContent = `${dayOf(record.at[0])} UTC, ${duration(page.places.at(-1) - page.places[0])}`;
  for (const name of ["truth", "naive"]) {
    $(`${name}-end`).textContent = `${shownText(record, record[name].at(-1))} at the end`;
  }
  const lanes = record.lanes.map(lane => lane.name).join(", "), length = duration(page.places.at(-1) - page.places[0]);
  $("marks").setAttribute("aria-label",
    `${counted(record.count)} decisions over ${length} in the lanes ${lanes}; the table below says the same`);
  setAxis();
  setFilter();
};

const setAxis = wantsCompressed => {
  const { record } = page, times = record.flips.length
    ? Float64Array.from([...page.places, ...record.flips.map(flip => flip[0])]).sort() : page.places;
  const middle = page.axis && page.axis.time((page.view.from + page.view.to) / 2);
  page.axis = makeAxis(times, wantsCompressed);
  page.spots = page.places.map(page.axis.place);
  $("compress-label").hidden = !page.axis.hasSilence;
  $("compress").checked = page.axis.isCompressed;
  $("silence").textContent = `(${Math.min(99, Math.round(100 * page.axis.share))} % of the time)`;
  if (wantsCompressed === undefined || middle === null) return fit();
  const width = Math.min(page.view.to - page.view.from, everything().to - everything().from);
  return look(page.axis.place(middle) - width / 2, width);
};

const everything = () => ({ from: -0.02 * page.axis.length, to: 1.04 * page.axis.length });
const look = (from, width) => {
  const whole = everything(), most = whole.to - whole.from, wide = Math.max(CLOSEST, Math.min(most, width));
  page.view.from = Math.max(whole.from, Math.min(whole.to - wide, from));
  page.view.to = page.view.from + wide;
  draw();
};
const fit = () => look(everything().from, Infinity);
const zoom = (factor, spot = (page.view.from + page.view.to) / 2) => {
  const width = page.view.to - page.view.from, wanted = Math.max(CLOSEST, width * factor);
  look(spot - (spot - page.view.from) * wanted / width, wanted);
};
const pan = share => look(page.view.from + share * (page.view.to - page.view.from), page.view.to - page.view.from);

const draw = () => {
  if (isDrawPending) return;
  isDrawPending = true;
  requestAnimationFrame(drawNow);
};
const drawNow = () => {
  isDrawPending = false;
  if (!page.record?.count) return;
  picture.draw({ ...page, places: page.spots });
  performance.mark("jobctl:drawn");
};
const layOut = () => {
  if (!page.record?.count) return;
  picture.isPrint = document.documentElement.classList.contains("printing");
  picture.layout(page, picture.isPrint ? PRINT_WIDTH : $("stage").clientWidth);
  drawNow();
};

const setFilter = () => {
  const { record } = page, boxes = $("boxes");
  page.kept = keep(record, page.text, page.off);
  if (boxes.dataset.job !== String(page.job)) {
    boxes.dataset.job = String(page.job);
    boxes.replaceChildren(...Object.entries(facetCounts(record)).map(([facet, counts]) => checkboxes(facet, counts)));
  }
  boxes.querySelectorAll("input").forEach(box => { box.checked = !page.off.has(box.value); });
  if (document.activeElement !== $("text")) $("text").value = page.text;
  const count = counted(page.kept.all.length), all = counted(record.count);
  $("count").textContent = count === all ? `${all} decisions` : `${count} of ${all} decisions`;
  page.row = page.selected < 0 ? 0 : search(page.kept.all, page.selected);
  fillRows();
  draw();
};

const fillRows = () => {
  const { record, kept } = page, isPrint = document.documentElement.classList.contains("printing");
  const size = isPrint ? PRINTED : ROWS, row = Math.max(0, Math.min(page.row, kept.all.length - 1));
  const begin = isPrint ? 0 : Math.floor(row / size) * size;
  const shown = kept.all.subarray(begin, begin + size), rest = kept.all.length - shown.length;
  $("body").replaceChildren(...Array.from(shown, i => rowOf(record, i, i === page.selected)));
  $("pager").hidden = kept.all.length <= size;
  const [first, last, all] = [begin + 1, begin + shown.length, kept.all.length].map(counted);
  $("page").textContent = `rows ${first} to ${last} of ${all}`;
  $("more").textContent = isPrint && rest > 0 ? `… and ${counted(rest)} more decisions that are not printed.` : "";
  page.begin = begin;
};

const showRow = () => {
  const row = search(page.kept.all, page.selected), begin = Math.floor(row / ROWS) * ROWS;
  document.querySelector("#body [aria-current]")?.removeAttribute("aria-current");
  if (page.selected < 0 || page.kept.all[row] !== page.selected) return;
  page.row = row;
  if (begin !== page.begin) fillRows();
  const shown = $("body").children[row - begin], rows = $("rows"), head = rows.querySelector("thead").offsetHeight;
  shown.setAttribute("aria-current", "true");
  if (shown.offsetTop - head < rows.scrollTop) rows.scrollTop = shown.offsetTop - head;
  else if (shown.offsetTop + shown.offsetHeight > rows.scrollTop + rows.clientHeight) {
    rows.scrollTop = shown.offsetTop + shown.offsetHeight - rows.clientHeight;
  }
};

const showDetails = () => {
  const panel = $("details"), { record, hovered, selected } = page;
  panel.setAttribute("aria-live", hovered ? "off" : "polite");
  if (hovered?.flip !== undefined) showFlip(panel, record.flips[hovered.flip]);
  else if (hovered && hovered.moments.length > 1) showMany(panel, record, hovered.moments);
  else if (hovered || selected >= 0) showMoment(panel, record, hovered ? hovered.moments[0] : selected);
  else panel.replaceChildren(element("p", "Point at a mark, or press → to step through the decisions.", "dim hint"));
};

const select = moment => {
  Object.assign(page, { selected: moment, hovered: null });
  const spot = page.spots[moment], { from, to } = page.view, width = to - from;
  if (moment >= 0 && (spot < from + 0.02 * width || spot > to - 0.02 * width)) look(spot - width / 2, width);
  $("note").textContent = "";
  showRow();
  showDetails();
  remember();
  draw();
};

const step = by => {
  const { all } = page.kept, at = search(all, page.selected), isOn = all[at] === page.selected;
  if (!all.length) return;
  // What is selected may be filtered out: then the next one stands where it would be.
  const next = page.selected < 0 ? 0 : by > 0 && !isOn ? at : at + by;
  select(all[Math.max(0, Math.min(all.length - 1, next))]);
};
const stepTo = at => {
  const { all } = page.kept;
  if (all.length) select(all[Math.min(at, all.length - 1)]);
};
const stepLane = by => {
  const { record, kept, selected, spots } = page, count = kept.lanes.length;
  const away = i => Math.abs(spots[i] - spots[selected]);
  let lane = selected < 0 ? (by > 0 ? 0 : count - 1) : record.lane[selected] + by;
  while (lane >= 0 && lane < count && !kept.lanes[lane].length) lane += by;
  if (lane < 0 || lane >= count) return;
  const moments = kept.lanes[lane], at = search(moments, selected);
  const near = [moments[at], moments[at - 1]].filter(i => i !== undefined);
  select(near.length > 1 && away(near[1]) < away(near[0]) ? near[1] : near[0]);
};
const stepDifference = () => {
  const { record, selected } = page, differs = i => record.truth[i] !== record.naive[i];
  for (let away = 1; away <= record.count; away += 1) {
    const i = (selected + away + record.count) % record.count;
    if (differs(i) && (i === 0 || !differs(i - 1))) return select(i);
  }
  $("note").textContent = "The naive client shows the same all the time.";
  return undefined;
};
