// The marks of one lane. Shape tells the action as much as colour: disc, cross, triangle; a frame is a cache.

const RADIUS = 4.5, BUCKET = 8, MOST_APART = 2;
const LOOKS = ["apply", "ignore", "lie", "verify"];
const lookOf = (record, i) => {
  const action = record.action[i];
  return action === APPLY ? 0 : action === VERIFY ? 3 : record.misleads[i] ? 2 : 1;
};

const drawMark = (pen, colors, look, x, y, isCached) => {
  pen.strokeStyle = pen.fillStyle = colors[LOOKS[look]];
  pen.lineWidth = 2;
  pen.beginPath();
  if (look === 0) {
    pen.arc(x, y, RADIUS, 0, 2 * Math.PI);
    pen.fill();
  } else if (look === 3) {
    pen.moveTo(x, y - 6);
    pen.lineTo(x + 5.5, y + 4);
    pen.lineTo(x - 5.5, y + 4);
    pen.closePath();
    pen.stroke();
  } else {
    pen.moveTo(x - 4, y - 4);
    pen.lineTo(x + 4, y + 4);
    pen.moveTo(x + 4, y - 4);
    pen.lineTo(x - 4, y + 4);
    pen.stroke();
  }
  if (!isCached) return;
  pen.strokeStyle = colors.cached;
  pen.lineWidth = 1.25;
  pen.strokeRect(x - 7.5, y - 7.5, 15, 15);
};

// A column of counts: wide and full, wide and hollow, or narrow, by action; its height is a logarithm.
const drawColumn = (pen, colors, counts, total, most, x, bottom, height) => {
  const tall = Math.max(8, height * Math.log1p(total) / Math.log1p(most));
  let y = bottom;
  for (const look of [0, 3, 1, 2]) {
    const part = tall * counts[look] / total;
    if (part === 0) continue;
    pen.strokeStyle = pen.fillStyle = colors[LOOKS[look]];
    const wide = look === 0 || look === 3 ? BUCKET - 2 : 3;
    if (look === 3) {
      pen.lineWidth = 1;
      pen.strokeRect(x - wide / 2 + 0.5, y - part + 0.5, wide - 1, Math.max(1, part - 1));
    } else pen.fillRect(x - wide / 2, y - part, wide, Math.max(1, part));
    y -= part;
  }
};

// Sorts the moments of a lane that are in view into buckets; these stay where they are when the view moves.
const bucketsOf = (record, places, moments, view, scale) => {
  const size = BUCKET / scale, item = i => places[i], buckets = [];
  const end = search(moments, view.to + size, item);
  let bucket = null;
  for (let at = search(moments, view.from - size, item); at < end; at += 1) {
    const i = moments[at], number = Math.floor(places[i] / size);
    if (bucket === null || bucket.number !== number) {
      bucket = { number, begin: at, end: at, counts: [0, 0, 0, 0], cached: 0 };
      buckets.push(bucket);
    }
    bucket.end = at + 1;
    bucket.counts[lookOf(record, i)] += 1;
    if (record.cached[i]) bucket.cached += 1;
  }
  return buckets;
};

// Draws a lane and adds to `hits` what a pointer can meet: {x, y, moments}.
const drawLane = (pen, colors, record, places, moments, view, scale, left, top, height, hits) => {
  const middle = top + height / 2, size = BUCKET / scale;
  const buckets = bucketsOf(record, places, moments, view, scale);
  const most = buckets.reduce((most, bucket) => Math.max(most, bucket.end - bucket.begin), 0);
  for (const bucket of buckets) {
    const total = bucket.end - bucket.begin;
    if (total > MOST_APART) {
      const x = left + ((bucket.number + 0.5) * size - view.from) * scale;
      drawColumn(pen, colors, bucket.counts, total, most, x, top + height - 2, height - 5);
      pen.fillStyle = colors.cached;
      if (bucket.cached) pen.fillRect(x - BUCKET / 2, top + height - 1.5, BUCKET, 1.5);
      hits.push({ x, y: middle, moments: moments.subarray(bucket.begin, bucket.end) });
      continue;
    }
    for (let at = bucket.begin; at < bucket.end; at += 1) {
      const i = moments[at], x = left + (places[i] - view.from) * scale;
      drawMark(pen, colors, lookOf(record, i), x, middle, record.cached[i] !== 0);
      hits.push({ x, y: middle, moments: moments.subarray(at, at + 1) });
    }
  }
};
