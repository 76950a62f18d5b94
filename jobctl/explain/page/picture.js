// The picture: true and naive lines above, a lane for each source below, one time axis. Text is in the DOM.

const CHART = 96, CHART_MOST = 230, AXIS = 26, LANE = 30, NARROW = 640, LABEL_ROW = 18, DESK = 400, DENSE = 3;
const COLORS = ["ink", "paper", "dim", "line", "soft", "apply", "ignore", "lie", "verify", "cached", "truth", "naive",
  "differ", "flip"];
const LEVELS = [["ended", 1], ["running", 0.5], ["pending", 0]];

class Picture {
  constructor(stage, canvas, labels) {
    Object.assign(this, { stage, canvas, labels, pen: canvas.getContext("2d"), hits: [], used: 0 });
  }

  // Sets sizes and colours. `width` is in CSS pixels; a print is made for a width of its own.
  layout({ record, axis }, width) {
    const style = getComputedStyle(document.documentElement);
    this.colors = Object.fromEntries(COLORS.map(name => [name, style.getPropertyValue(`--${name}`).trim()]));
    this.isNarrow = width < NARROW;
    this.left = this.isNarrow ? 8 : 128;
    this.width = Math.max(50, width - this.left - 10);
    this.top = record.flips.length ? 2 * LABEL_ROW + 4 : 6;
    this.pad = this.isNarrow ? LABEL_ROW : 10;
    this.laneHeight = this.isNarrow ? LANE + LABEL_ROW : LANE;
    this.axis = AXIS + (axis.breaks.length ? LABEL_ROW : 0);
    const rest = this.top + 2 * this.pad + record.lanes.length * this.laneHeight + this.axis;
    this.chart = this.isNarrow || this.isPrint ? CHART : Math.max(CHART, Math.min(CHART_MOST, DESK - rest));
    this.lanesTop = this.top + this.chart + 2 * this.pad;
    this.height = rest + this.chart;
    const ratio = Math.min(3, Math.max(1, window.devicePixelRatio || 1, this.isPrint ? 2 : 1));
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    for (const one of [this.canvas, this.stage]) one.style.height = `${this.height}px`;
    this.canvas.style.width = `${width}px`;
    this.pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.pen.font = "12px system-ui, sans-serif";
    this.full = width;
  }

  x(place, view) { return this.left + (place - view.from) * this.width / (view.to - view.from); }
  place(x, view) { return view.from + (x - this.left) * (view.to - view.from) / this.width; }

  draw({ record, axis, places, view, kept, selected }) {
    const { pen, colors } = this, bottom = this.height - this.axis;
    this.hits = [];
    this.used = 0;
    pen.clearRect(0, 0, this.full, this.height);
    this.drawFrame(record, bottom);
    pen.save();
    pen.beginPath();
    pen.rect(this.left - 8, 0, this.width + 18, this.height);
    pen.clip();
    this.drawBreaks(axis, view, bottom);
    this.drawLines(record, places, view);
    const scale = this.width / (view.to - view.from);
    kept.lanes.forEach((moments, number) => {
      const top = this.lanesTop + number * this.laneHeight + (this.isNarrow ? LABEL_ROW : 0);
      drawLane(pen, colors, record, places, moments, view, scale, this.left, top, LANE, this.hits);
    });
    this.drawFlips(record, axis, view, bottom);
    if (selected >= 0) this.drawSelected(record, places[selected], selected, view, bottom);
    pen.restore();
    this.drawTicks(axis, view, bottom);
    for (const unused of [...this.labels.children].slice(this.used)) unused.hidden = true;
  }

  label(text, x, y, kind = "") {
    let one = this.labels.children[this.used];
    if (!one) this.labels.append(one = document.createElement("span"));
    this.used += 1;
    one.hidden = false;
    if (one.textContent !== text) one.textContent = text;
    if (one.className !== kind) one.className = kind;
    one.style.transform = `translate(${x.toFixed(1)}px,${y.toFixed(1)}px)`;
  }

  rule(x1, y1, x2, y2, color, dash = [], width = 1) {
    const { pen } = this;
    pen.strokeStyle = color;
    pen.lineWidth = width;
    pen.setLineDash(dash);
    pen.beginPath();
    pen.moveTo(x1, y1);
    pen.lineTo(x2, y2);
    pen.stroke();
    pen.setLineDash([]);
  }

  levelY(level) { return this.top + this.pad + this.chart * (1 - level); }

  drawFrame(record, bottom) {
    const right = this.left + this.width;
    for (const [name, level] of LEVELS) {
      if (level !== 0.5) this.rule(this.left, this.levelY(level), right, this.levelY(level), this.colors.line);
      if (!this.isNarrow) this.label(name, 0, this.levelY(level) - 9, "level");
      else this.label(name, this.left, this.levelY(level) + [1, -9, -18][2 * level], "inside");
    }
    record.lanes.forEach((lane, number) => {
      const y = this.lanesTop + number * this.laneHeight;
      this.rule(this.isNarrow ? this.left : 0, y + 0.5, right, y + 0.5, this.colors.line);
      this.label(`${lane.name} · ${counted(lane.moments.length)}`, this.isNarrow ? this.left : 0,
        y + (this.isNarrow ? 2 : LANE / 2 - 9), this.isNarrow ? "inside" : "lane");
    });
    this.rule(this.left, bottom + 0.5, right, bottom + 0.5, this.colors.dim);
  }

  drawBreaks(axis, view, bottom) {
    let last = -Infinity;
    for (const gap of axis.breaks) {
      const from = this.x(gap.from, view), to = this.x(gap.to, view), middle = (from + to) / 2;
      if (to < this.left || from > this.left + this.width) continue;
      this.pen.fillStyle = this.colors.soft;
      this.pen.fillRect(from, this.top, to - from, bottom - this.top);
      for (const x of [middle - 2, middle + 2]) this.rule(x - 3, bottom + 6, x + 3, bottom - 6, this.colors.ink);
      const text = duration(gap.length), wide = this.pen.measureText(text).width;
      if (middle - wide / 2 < Math.max(last + 6, 0)) continue;
      last = middle + wide / 2;
      this.label(text, middle - wide / 2, bottom + AXIS - 2, "gap");
    }
  }

  level(record, number) {
    const shown = record.shown[number];
    if (!shown) return null;
    const rank = record.words.statuses[shown[0]][1];
    return rank === 1 ? 0.15 + 0.7 * Math.max(0, Math.min(100, shown[1] ?? 0)) / 100 : rank / 2;
  }

  drawLines(record, places, view) {
    if (!record.count) return;
    const first = Math.max(0, search(places, view.from) - 1), end = Math.min(record.count, search(places, view.to) + 1);
    this.shade(record, places, view, first, end);
    this.steps(record, record.truth, places, view, first, end, 0, this.colors.truth, [], 2.5);
    this.steps(record, record.naive, places, view, first, end, 1, this.colors.naive, [6, 3], 1.75);
  }

  // The shade of a pixel tells how much of its time the two lines differ.
  shade(record, places, view, first, end) {
    const { pen, left, width } = this, share = new Float32Array(Math.ceil(width) + 1);
    for (let i = first; i < end; i += 1) {
      if (record.truth[i] === record.naive[i]) continue;
      const from = Math.max(0, this.x(places[i], view) - left);
      while (i < end && record.truth[i] !== record.naive[i]) i += 1;
      const to = Math.min(width, i < end ? this.x(places[i], view) - left : width);
      for (let pixel = Math.floor(from); pixel < to; pixel += 1) {
        share[pixel] += Math.min(to, pixel + 1) - Math.max(from, pixel);
      }
    }
    pen.fillStyle = this.colors.differ;
    for (let pixel = 0, begin = 0; pixel < share.length; pixel = begin) {
      while (begin < share.length && Math.abs(share[begin] - share[pixel]) < 0.02) begin += 1;
      if (share[pixel] <= 0) continue;
      pen.globalAlpha = Math.min(1, 0.3 + 0.7 * share[pixel]);
      pen.fillRect(left + pixel, this.top, begin - pixel, this.chart + 2 * this.pad - 2);
    }
    pen.globalAlpha = 1;
  }

  // One step line. Where many steps share a pixel it is a band from the lowest to the highest of them.
  steps(record, column, places, view, first, end, shift, color, dash, width) {
    const { pen } = this, levels = record.shown.map((_, number) => this.level(record, number)), bands = [];
    let y = null, pixel = -Infinity, low = 0, high = 0, many = 0;
    pen.strokeStyle = pen.fillStyle = color;
    pen.lineWidth = width;
    pen.lineJoin = "round";
    pen.setLineDash(dash);
    pen.beginPath();
    const leave = () => {
      if (many >= DENSE) bands.push([pixel, low, high]);
      else { pen.moveTo(pixel, low); pen.lineTo(pixel, high); }
      pen.moveTo(pixel, y);
    };
    for (let i = first; i < end; i += 1) {
      const level = levels[column[i]], next = level === null ? null : this.levelY(level) + shift;
      if (next === y) continue;
      const at = Math.round(this.x(places[i], view));
      if (at !== pixel) {
        if (y !== null) { leave(); pen.lineTo(at, y); }
        pixel = at;
        many = 0;
        low = high = y ?? next;
      }
      y = next;
      many += 1;
      if (y !== null) { low = Math.min(low, y); high = Math.max(high, y); }
    }
    if (y !== null) { leave(); pen.lineTo(this.left + this.width, y); }
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 0.4;
    for (const [x, top, bottom] of bands) pen.fillRect(x - 0.5, top - 1, 1, bottom - top + 2);
    pen.globalAlpha = 1;
  }

  drawFlips(record, axis, view, bottom) {
    const ends = [-Infinity, -Infinity], right = this.left + this.width;
    record.flips.forEach(([at, , text], number) => {
      const x = this.x(axis.place(at), view);
      if (x < this.left - 2 || x > right + 2) return;
      this.rule(x, 2, x, bottom, this.colors.flip, [2, 3], 1.5);
      this.hits.push({ x, y: this.top + this.chart / 2, flip: number });
      const wide = this.pen.measureText(text).width + 8;
      const start = x + wide > right ? Math.max(this.left, x - wide) : x + 4;
      const row = ends.findIndex(one => one < start);
      if (row < 0 || wide > this.width) return;
      ends[row] = start + wide;
      this.label(text, start, 1 + row * LABEL_ROW, "flip");
    });
  }

  drawSelected(record, place, selected, view, bottom) {
    const x = this.x(place, view), { pen, colors } = this;
    const y = this.lanesTop + (record.lane[selected] + 0.5) * this.laneHeight + (this.isNarrow ? LABEL_ROW / 2 : 0);
    this.rule(x, this.top, x, bottom, colors.ink);
    pen.fillStyle = colors.paper;
    pen.beginPath();
    pen.arc(x, y, 10, 0, 2 * Math.PI);
    pen.fill();
    pen.strokeStyle = colors.ink;
    pen.lineWidth = 2;
    pen.stroke();
    drawMark(pen, colors, lookOf(record, selected), x, y, record.cached[selected] !== 0);
  }

  drawTicks(axis, view, bottom) {
    const { ticks, step } = ticksOf(axis, view, this.width, this.isNarrow ? 78 : 100);
    let before = ticks.length ? dayOf(ticks[0].time) : "";
    for (const { x, time } of ticks) {
      this.rule(this.left + x, bottom, this.left + x, bottom + 5, this.colors.dim);
      const day = dayOf(time), hour = step >= 86400 * SECOND ? "" : clock(time, step);
      const text = hour === "" ? day : day === before ? hour : `${day.slice(-5)} ${hour}`;
      this.label(text, Math.max(0, this.left + x - this.pen.measureText(text).width / 2), bottom + 6, "tick");
      before = day;
    }
  }

  // What is nearest to a point, within reach of a finger or a pointer.
  hit(x, y, reach) {
    let best = null, least = reach;
    for (const hit of this.hits) {
      const away = Math.abs(hit.x - x), reachY = hit.moments ? this.laneHeight / 2 : this.lanesTop / 2;
      if (away < least && Math.abs(hit.y - y) <= reachY) [best, least] = [hit, away];
    }
    return best;
  }
}
