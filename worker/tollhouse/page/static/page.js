"use strict";

// Fetches the parts that change and puts them in place; the server has escaped them.
const PERIOD_MS = 2000;
const CALLS = [["failed", "--bad"], ["refused", "--warn"], ["cached", "--accent"], ["answered", "--good"]];
const PERCENTILES = [["p50", "--good", "solid"], ["p95", "--accent", "dashed"], ["p99", "--warn", "dotted"]];
const DASHES = { solid: [], dashed: [8, 4], dotted: [2, 3] };
const charts = new Map();
let latest = {};

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// What somebody has unfolded stays unfolded, and a selection stays selected.
function put(id, html) {
  const place = document.getElementById(id);
  const selection = getSelection();
  const copying = !selection.isCollapsed && place?.contains(selection.anchorNode);
  if (!place || copying || place.dataset.html === html) return;
  const key = (details) => details.querySelector("code").textContent;
  const open = [...place.querySelectorAll("details[open]")].map(key);
  const focused = [...place.querySelectorAll("details:focus-within")].map(key);
  place.innerHTML = html;
  place.dataset.html = html;
  for (const details of place.querySelectorAll("details")) {
    details.open = open.includes(key(details));
    if (focused.includes(key(details))) details.querySelector("summary").focus();
  }
}

function milliseconds(value) {
  return value === null || value === undefined ? "–" : value < 1000 ? `${value} ms` : `${(value / 1000).toFixed(1)} s`;
}

// Refused calls are striped like the barrier, so that they can be told without seeing the colour.
function stripes(name) {
  const tile = new OffscreenCanvas(6, 6);
  const pen = tile.getContext("2d");
  pen.fillStyle = color("--card");
  pen.fillRect(0, 0, 6, 6);
  pen.strokeStyle = color(name);
  pen.lineWidth = 2.5;
  for (const start of [-6, 0, 6]) {
    pen.beginPath();
    pen.moveTo(start, 6);
    pen.lineTo(start + 6, 0);
    pen.stroke();
  }
  return pen.createPattern(tile, "repeat");
}

const utc = (stamp) => new Date(stamp * 1000).toISOString().slice(11, 16);

function common(place, show, widthOfScale) {
  const axis = { stroke: color("--muted"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
  const labels = (ticks) => ticks.map((tick) => (Number.isInteger(tick) ? show(tick) : ""));
  return {
    width: place.clientWidth,
    height: place.clientHeight - 24,
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    axes: [
      { ...axis, size: 20, gap: 2, space: 60, values: (_, stamps) => stamps.map(utc) },
      { ...axis, size: widthOfScale, gap: 4, space: 24, values: (_, ticks) => labels(ticks) },
    ],
  };
}

// A stack of bars: each series is drawn with all below it, the tallest first.
function callsChart(place) {
  const bars = uPlot.paths.bars({ size: [0.8, 14], align: -1 });
  const fill = (name) => (name === "--warn" ? stripes(name) : color(name));
  const sample = (name) => (name === "--warn" ? `repeating-linear-gradient(135deg, ${color(name)} 0 2px, ${color("--card")} 2px 4px)` : color(name));
  return {
    ...common(place, (value) => `${value}`, 34),
    legend: { markers: { width: 1, stroke: (_, index) => color(CALLS[index - 1]?.[1]), fill: (_, index) => sample(CALLS[index - 1]?.[1]) } },
    scales: { y: { range: (_, __, top) => [0, Math.max(4, top * 1.08)] } },
    series: [
      {},
      ...CALLS.map(([label, name], index) => ({
        label,
        stroke: null,
        width: 0,
        fill: () => fill(name),
        paths: bars,
        points: { show: false },
        value: (chart, value, _, at) => (value === null || at === null ? "" : value - (chart.data[index + 2]?.[at] ?? 0)),
      })),
    ],
  };
}

function latencyChart(place) {
  return {
    ...common(place, milliseconds, 48),
    legend: { markers: { width: 2, dash: (_, index) => PERCENTILES[index - 1]?.[2] } },
    scales: { y: { range: (_, __, top) => [0, Math.max(10, top * 1.08)] } },
    series: [
      {},
      ...PERCENTILES.map(([label, name, dash]) => ({
        label,
        dash: DASHES[dash],
        stroke: color(name),
        width: 1.75,
        points: { show: false },
        spanGaps: true,
        value: (_, value) => (value === null ? "" : milliseconds(value)),
      })),
    ],
  };
}

const OPTIONS = { "calls-chart": callsChart, "latency-chart": latencyChart };

function draw(data) {
  for (const [id, columns] of Object.entries(data)) {
    const place = document.getElementById(id);
    const chart = charts.get(id);
    if (chart) {
      chart.setData(columns);
    } else if (place.clientWidth) {
      charts.set(id, new uPlot(OPTIONS[id](place), columns, place));
    }
  }
}

function redraw() {
  for (const chart of charts.values()) chart.destroy();
  charts.clear();
  draw(latest);
}

async function refresh() {
  try {
    const response = await fetch("/page/live", { credentials: "same-origin", signal: AbortSignal.timeout(10000) });
    if (!response.ok) {
      const closed = response.status === 401;
      throw new Error(closed ? "Open the address with the token again." : "The worker that serves this page reports an error.");
    }
    const state = await response.json();
    document.title = state.title;
    put("status", state.status);
    document.getElementById("time").textContent = state.time;
    document.documentElement.classList.toggle("stale", !state.fresh);
    for (const [id, html] of Object.entries(state.sections)) put(id, html);
    latest = state.charts;
    draw(latest);
  } catch (error) {
    const why = error.name === "Error" ? error.message : "The worker that serves this page does not answer.";
    document.title = "Not live · Tollhouse";
    put("status", `<strong class="chip down">Not live</strong> ${why}`);
    put("up", '<p class="figure down"><strong>Unknown</strong> <span>since this page is not live</span></p>');
    document.documentElement.classList.add("stale");
  }
}

async function run() {
  if (!document.hidden) await refresh();
  setTimeout(run, PERIOD_MS);
}

let width = window.innerWidth;
window.addEventListener("resize", () => {
  if (window.innerWidth !== width) {
    width = window.innerWidth;
    redraw();
  }
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
document.documentElement.classList.add("scripted");
run();
