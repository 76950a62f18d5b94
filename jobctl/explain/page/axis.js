// Time to place: long silences can be drawn at a fixed small width. Microseconds on both sides.

const SECOND = 1e6;
const STEPS = [1e-6, 1e-5, 1e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300,
  600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000, 31536000]
  .map(seconds => seconds * SECOND);

// The times, ascending (a clock that was set back must not turn the picture round).
const placesOf = record => {
  const places = new Float64Array(record.count);
  let last = -Infinity;
  for (let i = 0; i < record.count; i += 1) places[i] = last = Math.max(last, record.at[i]);
  return places;
};

// A silence is at least ten seconds, a fortieth of what is left to draw, and four usual gaps.
const silences = times => {
  const gaps = [];
  for (let i = 1; i < times.length; i += 1) {
    gaps.push({ from: times[i - 1], to: times[i], length: times[i] - times[i - 1] });
  }
  gaps.sort((a, b) => a.length - b.length);
  const usual = gaps.length ? gaps[Math.floor(gaps.length * 0.4)].length : 0;
  let left = times.length ? times.at(-1) - times[0] : 0;
  const found = [];
  while (gaps.length && gaps.at(-1).length > Math.max(10 * SECOND, left / 40, 4 * usual)) {
    found.push(gaps.pop());
    left -= found.at(-1).length;
  }
  return found.sort((a, b) => a.from - b.from);
};

const makeAxis = (times, wantsCompressed) => {
  const quiet = silences(times), begin = times.length ? times[0] : 0, end = times.length ? times.at(-1) : 0;
  const silent = quiet.reduce((sum, gap) => sum + gap.length, 0), share = end > begin ? silent / (end - begin) : 0;
  const isCompressed = quiet.length > 0 && (wantsCompressed ?? share > 0.8);
  const active = Math.max(end - begin - silent, SECOND);
  const part = Math.min(0.3, 0.06 * quiet.length), width = isCompressed ? active * part / (1 - part) / quiet.length : 0;
  const knots = [{ time: begin, place: 0 }], breaks = [];
  let cut = 0;
  for (const gap of isCompressed ? quiet : []) {
    const place = gap.from - begin - cut;
    cut += gap.length - width;
    breaks.push({ from: place, to: place + width, length: gap.length });
    knots.push({ time: gap.from, place }, { time: gap.to, place: place + width });
  }
  const length = Math.max(end - begin - cut, 1000);
  knots.push({ time: begin + cut + length, place: length });
  const between = (value, from, to) => {
    const index = Math.max(1, Math.min(knots.length - 1, search(knots, value, knot => knot[from])));
    const a = knots[index - 1], b = knots[index];
    return b[from] === a[from] ? a[to] : a[to] + (value - a[from]) * (b[to] - a[to]) / (b[from] - a[from]);
  };
  return {
    share, isCompressed, breaks, length, hasSilence: quiet.length > 0,
    place: time => between(time, "time", "place"),
    time: place => between(place, "place", "time"),
  };
};

// Ticks that fit: round times in each stretch without a break, and the time at which each stretch begins.
const ticksOf = (axis, view, width, room) => {
  const scale = width / (view.to - view.from), step = STEPS.find(one => one * scale >= room) ?? STEPS.at(-1);
  const edges = [view.from, ...axis.breaks.flatMap(gap => [gap.from, gap.to]), view.to];
  const ticks = [];
  let last = -Infinity;
  const add = place => {
    const x = (place - view.from) * scale;
    if (x - last < room || x > width - room / 2) return;
    last = x;
    ticks.push({ x, time: axis.time(place) });
  };
  for (let index = 0; index < edges.length; index += 2) {
    const from = Math.max(view.from, edges[index]), to = Math.min(view.to, edges[index + 1]);
    if (from > to) continue;
    const start = axis.time(from), offset = start - from;
    if (index > 0 && edges[index] >= view.from) add(from);
    for (let time = Math.ceil(start / step) * step; time <= to + offset; time += step) add(time - offset);
  }
  return { ticks, step };
};

const iso = time => new Date(time / 1000).toISOString().replace("Z", "");
const dayOf = time => iso(time).slice(0, iso(time).indexOf("T"));
const clock = (time, step = 1000) => {
  const text = iso(time).slice(iso(time).indexOf("T") + 1);
  if (step < 1000) return `${text}${String(Math.floor(time % 1000 + 1000) % 1000).padStart(3, "0")}`;
  return step < SECOND ? text : step < 60 * SECOND ? text.slice(0, 8) : text.slice(0, 5);
};
const duration = length => {
  const seconds = length / SECOND, cut = (value, digits) => String(Number(value.toFixed(digits)));
  if (seconds < 1) return `${cut(seconds * 1000, 1)} ms`;
  if (seconds < 60) return `${cut(seconds, 1)} s`;
  const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
  const both = (more, unit, less, lesser) => `${more} ${unit}${less ? ` ${less} ${lesser}` : ""}`;
  if (minutes < 60) return both(minutes, "min", Math.floor(seconds % 60), "s");
  return hours < 48 ? both(hours, "h", minutes % 60, "min") : both(Math.floor(hours / 24), "d", hours % 24, "h");
};
