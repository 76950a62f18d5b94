// Text about moments: the panel, the rows of the table. Everything is set as text, never as markup.

const element = (name, text = "", kind = "") => {
  const made = document.createElement(name);
  if (text !== "") made.textContent = text;
  if (kind !== "") made.className = kind;
  return made;
};

const counted = number => number.toLocaleString("en");
const percent = progress => ` ${Number(progress.toFixed(1))} %`;

const shownText = (record, number) => {
  const shown = record.shown[number];
  if (!shown) return "nothing yet";
  const word = record.words.statuses[shown[0]][0];
  return shown[1] === null || record.words.statuses[shown[0]][1] > 1 ? word : word + percent(shown[1]);
};

const saidText = (record, i) => {
  const word = record.texts[record.said[i]] || "no status", progress = record.progress[i];
  return Number.isNaN(progress) ? word : word + percent(progress);
};

const sourceText = (record, i) => {
  const source = record.words.sources[record.source[i]];
  if (source !== "stream") return sourceName(source);
  const connection = record.connection[i], frame = record.frame[i];
  return `stream${connection ? ` #${connection}` : ""}${frame ? `, frame ${frame}` : ""}`;
};

// Breaks JSON text into lines without reading it: numbers stay as they were sent, a text that was cut stays legible.
const indented = text => {
  if (!/^\s*[{[]/.test(text)) return text;
  let depth = 0, inString = false, made = "";
  const line = () => `\n${"  ".repeat(Math.min(depth, 20))}`;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (inString) {
      made += letter;
      if (letter === "\\") made += text[at += 1] ?? "";
      else if (letter === '"') inString = false;
    } else if (letter === '"') {
      inString = true;
      made += letter;
    } else if (letter === "{" || letter === "[") {
      const isEmpty = /^[\]}]/.test(text[at + 1] ?? "");
      depth += 1;
      made += isEmpty ? letter : letter + line();
    } else if (letter === "}" || letter === "]") {
      depth = Math.max(0, depth - 1);
      made += /[{[]$/.test(made) ? letter : line() + letter;
    } else if (letter === ",") made += letter + line();
    else if (letter === ":") made += ": ";
    else if (letter !== " ") made += letter;
  }
  return made;
};

// The same as the table of the command spells it: `stream 2.12`.
const shortSource = (record, i) => {
  const connection = record.connection[i], frame = record.frame[i];
  return connection ? `${FACETS.source(record, i)} ${connection}${frame ? `.${frame}` : ""}` : sourceText(record, i);
};

const fillList = (panel, heading, rows) => {
  const list = element("dl");
  for (const [name, text, kind = ""] of rows) if (text) list.append(element("dt", name), element("dd", text, kind));
  panel.replaceChildren(element("h3", heading), list);
};

const showMoment = (panel, record, i) => {
  const [reason, sentence] = record.words.reasons[record.reason[i]], action = record.words.actions[record.action[i]];
  const waited = record.waited[i], differs = record.truth[i] !== record.naive[i];
  fillList(panel, `entry ${record.entry[i]} · ${sourceText(record, i)}`, [
    ["time", `${dayOf(record.at[i])} ${clock(record.at[i])} UTC (+${duration(record.at[i] - record.at[0])})`],
    ["waited", waited > 0 ? duration(waited) : ""],
    ["said", saidText(record, i)],
    ["updated_at", record.texts[record.updated[i]] || "none"],
    ["action", action, LOOKS[lookOf(record, i)]],
    ["reason", `${reason}: ${sentence}`],
    ["from a cache", record.texts[record.cached[i]], "cached"],
    ["true", shownText(record, record.truth[i])],
    ["naive", `${shownText(record, record.naive[i])}${differs ? " (differs)" : ""}`, differs ? "lie" : ""],
  ]);
  const payload = record.payloads[record.payload[i]];
  if (payload) panel.append(element("pre", indented(payload)));
};

const tally = (moments, wordOf) => {
  const counts = new Map();
  for (const i of moments) counts.set(wordOf(i), (counts.get(wordOf(i)) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  return sorted.map(([word, count]) => `${counted(count)} ${word}`).join(", ");
};

const showMany = (panel, record, moments) => {
  const first = record.at[moments[0]], last = record.at[moments.at(-1)];
  fillList(panel, `${counted(moments.length)} decisions · ${record.lanes[record.lane[moments[0]]].name}`, [
    ["from", `${dayOf(first)} ${clock(first)} UTC`],
    ["during", duration(last - first)],
    ["actions", tally(moments, i => FACETS.action(record, i))],
    ["reasons", tally(moments, i => FACETS.reason(record, i))],
    ["from a cache", tally(moments.filter(i => record.cached[i]), i => record.texts[record.cached[i]])],
  ]);
  panel.append(element("p", "zoom in (double click, +) to see each of them", "dim"));
};

const showFlip = (panel, [at, entry, text]) =>
  fillList(panel, "the page itself", [
    ["time", `${dayOf(at)} ${clock(at)} UTC`], ["entry", String(entry)], ["seen", text],
  ]);

const rowOf = (record, i, isSelected) => {
  const row = element("tr"), look = LOOKS[lookOf(record, i)];
  row.dataset.moment = i;
  if (isSelected) row.setAttribute("aria-current", "true");
  const cells = [
    [String(record.entry[i])], [clock(record.at[i])], [shortSource(record, i)],
    [saidText(record, i) + (record.cached[i] ? " (cache)" : "")], [record.texts[record.updated[i]] || "–", "wide"],
    [record.words.actions[record.action[i]], look], [FACETS.reason(record, i)],
    [shownText(record, record.truth[i]), "wide"],
    [shownText(record, record.naive[i]), record.truth[i] === record.naive[i] ? "wide" : "wide lie"],
  ];
  row.append(...cells.map(([text, kind]) => element("td", text, kind)));
  return row;
};

const checkboxes = (facet, counts) => {
  const group = element("fieldset"), all = element("button", "all / none", "all");
  all.type = "button";
  all.dataset.facet = facet;
  group.append(element("legend", facet), ...[...counts].map(([word, count]) => checkbox(facet, word, count)), all);
  return group;
};

const checkbox = (facet, word, count) => {
  const label = element("label"), box = element("input");
  box.type = "checkbox";
  box.value = `${facet}:${word}`;
  label.append(box, ` ${word} `, element("span", counted(count), "dim"));
  return label;
};
