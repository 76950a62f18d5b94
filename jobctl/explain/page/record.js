// One job's decisions: a typed array for each column, strings by number, and which of them the filter keeps.

const NUMBERS = ["waited", "source", "action", "reason", "said", "updated", "cached", "payload", "connection",
  "frame", "truth", "naive"];
const APPLY = 0, IGNORE = 1, VERIFY = 2;
const HARMLESS = new Set(["keepalive", "duplicate", "other-job"]);
const LANE_ORDER = ["submit", "poll", "verify", "stream", "cancel", "store", "capture"];
const LANE_NAMES = { poll: "reads", verify: "verified" }, SOURCE_NAMES = { poll: "read", verify: "verified read" };
const MOST_STREAM_LANES = 6;

const readRecord = (raw, words) => {
  const count = raw.blocks.reduce((sum, block) => sum + block.at.length, 0);
  const record = { job: raw.job, decisions: raw.decisions, flips: raw.flips, words, count, texts: [""], payloads: [""],
    shown: [null], at: new Float64Array(count), entry: new Float64Array(count), progress: new Float64Array(count) };
  for (const name of NUMBERS) record[name] = name === "waited" ? new Float64Array(count) : new Uint32Array(count);
  let index = 0, at = 0, entry = 0;
  for (const block of raw.blocks) {
    for (const name of NUMBERS) record[name].set(block[name], index);
    for (let row = 0; row < block.at.length; row += 1, index += 1) {
      record.at[index] = at += block.at[row];
      record.entry[index] = entry += block.entry[row];
      record.progress[index] = block.progress[row] ?? NaN;
    }
    for (const name of ["texts", "payloads", "shown"]) record[name].push(...block[name]);
  }
  addLanes(record);
  addMisleading(record);
  record.cited = raw.cited.map(number => bestOf(record, number)).filter(moment => moment >= 0);
  return record;
};

const addLanes = record => {
  const { words, count } = record;
  const connections = new Set();
  const isStream = i => words.sources[record.source[i]] === "stream";
  for (let i = 0; i < count; i += 1) if (isStream(i)) connections.add(record.connection[i]);
  const apart = connections.size <= MOST_STREAM_LANES;
  const keyOf = i => record.source[i] * 1e9 + (apart && isStream(i) ? record.connection[i] : 0);
  const members = new Map();
  for (let i = 0; i < count; i += 1) {
    const key = keyOf(i);
    if (!members.has(key)) members.set(key, []);
    members.get(key).push(i);
  }
  const laneOf = ([key, moments]) => {
    const source = words.sources[record.source[moments[0]]], connection = record.connection[moments[0]];
    let name = LANE_NAMES[source] ?? source;
    if (source === "stream" && !apart) name = `${connections.size} streams`;
    else if (source === "stream" && connection > 0) name = `stream #${connection}`;
    return { key, source, name, moments: Uint32Array.from(moments) };
  };
  record.lanes = [...members].map(laneOf).sort(
    (a, b) => LANE_ORDER.indexOf(a.source) - LANE_ORDER.indexOf(b.source) || a.key - b.key);
  record.lane = new Uint8Array(count);
  record.lanes.forEach((lane, number) => lane.moments.forEach(i => { record.lane[i] = number; }));
};

// A moment misleads when jobctl did not follow it, and whoever did shows something else now.
const addMisleading = record => {
  record.misleads = new Uint8Array(record.count);
  for (let i = 0; i < record.count; i += 1) {
    record.misleads[i] = record.action[i] !== APPLY && record.truth[i] !== record.naive[i]
      && !HARMLESS.has(record.words.reasons[record.reason[i]][0]) ? 1 : 0;
  }
};

// A WebSocket is one entry of a recording with many messages: the one that misleads is meant.
const bestOf = (record, entry) => {
  let first = -1;
  for (let i = 0; i < record.count; i += 1) {
    if (record.entry[i] !== entry) continue;
    if (record.misleads[i]) return i;
    if (first < 0) first = i;
  }
  return first;
};

const sourceName = source => SOURCE_NAMES[source] ?? source;

const FACETS = {
  source: (record, i) => sourceName(record.words.sources[record.source[i]]),
  action: (record, i) => record.words.actions[record.action[i]],
  reason: (record, i) => record.words.reasons[record.reason[i]][0],
};

const facetCounts = record => Object.fromEntries(Object.entries(FACETS).map(([facet, value]) => {
  const counts = new Map();
  for (let i = 0; i < record.count; i += 1) {
    const word = value(record, i);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [facet, counts];
}));

// `off` holds `source:read`, `action:ignore` …; the text is looked for once in each different string.
const keep = (record, text, off) => {
  const { words, count } = record, needle = text.trim().toLowerCase();
  const has = string => string.toLowerCase().includes(needle);
  const table = strings => Uint8Array.from(strings, string => (needle !== "" && has(string) ? 1 : 0));
  const allowed = (facet, names) => names.map(name => !off.has(`${facet}:${name}`));
  const sources = allowed("source", words.sources.map(sourceName)), actions = allowed("action", words.actions);
  const reasons = allowed("reason", words.reasons.map(reason => reason[0]));
  const texts = table(record.texts), payloads = table(record.payloads);
  const said = table(words.reasons.map(reason => reason.join(" "))), from = table(words.sources.map(sourceName));
  const matches = i => needle === "" || texts[record.said[i]] || texts[record.updated[i]] || texts[record.cached[i]]
    || payloads[record.payload[i]] || said[record.reason[i]] || from[record.source[i]]
    || String(record.entry[i]) === needle;
  const kept = [], isKept = new Uint8Array(count);
  for (let i = 0; i < count; i += 1) {
    if (!sources[record.source[i]] || !actions[record.action[i]] || !reasons[record.reason[i]] || !matches(i)) continue;
    kept.push(i);
    isKept[i] = 1;
  }
  return { all: Uint32Array.from(kept), lanes: record.lanes.map(lane => lane.moments.filter(i => isKept[i])) };
};

// Where `value` belongs in an ascending list: the first index whose item is not below it.
const search = (list, value, item = one => one) => {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (item(list[middle]) < value) low = middle + 1; else high = middle;
  }
  return low;
};
