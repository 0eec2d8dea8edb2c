// The front as a picture: points, the line of what is best, trajectories; what the pointer shows.

const picture = document.getElementById("picture");
const tip = document.getElementById("tip");
const TICKS = { share: ".0%", count: "~s", bytes: "~s" };
const MANY_TRIALS = 60;
const KIND = hasWebGl() ? "scattergl" : "scatter";

function hasWebGl() {
  const context = document.createElement("canvas").getContext("webgl");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function points(name, rows, view, marker) {
  return {
    type: KIND, mode: "markers", name, customdata: rows, hoverinfo: "none", marker,
    x: rows.map((row) => valueOf(row, view.across)),
    y: rows.map((row) => valueOf(row, view.upwards)),
  };
}

// A line through rows; null interrupts it.
function line(name, rows, view, style) {
  const at = (key) => rows.map((row) => (row === null ? null : valueOf(row, key)));
  return {
    type: KIND, mode: "lines", name, hoverinfo: "skip", line: style,
    x: at(view.across), y: at(view.upwards),
  };
}

function interrupted() {
  const rows = [];
  for (const row of candidates.filter((each) => columns.trial[each] !== null)) {
    if (rows.length && columns.trial[row] !== columns.trial[rows.at(-1)]) rows.push(null);
    rows.push(row);
  }
  return rows;
}

function traces(view, front) {
  const onFront = new Set(front);
  const others = distinct(candidates.filter((row) => !onFront.has(row) && !columns.baseline[row]));
  const chosen = view.chosen === null ? [] : [view.chosen];
  const own = chosen.flatMap(trajectoryOf);
  const shape = axes.get(view.across).higher ? "vh" : "hv";
  const marks = (rows) => rows.filter((row) => row !== null);
  const edge = { color: colour("ground"), width: 1 };
  return [
    { ...line("trajectories", view.trajectories ? interrupted() : [], view, { color: colour("other"), width: 1 }),
      opacity: 0.35, showlegend: false },
    points("dominated", others, view, { color: colour("other"), size: 6, opacity: 0.5 }),
    line("front line", front, view, { color: colour("front"), width: 2, shape }),
    { ...line("its trajectory", own, view, { color: colour("ink"), width: 1.5, dash: "dot" }),
      showlegend: false },
    points("front", distinct(front), view, { color: colour("front"), size: 10, line: edge }),
    points("baselines", baselines, view, { color: colour("baseline"), size: 11, symbol: "square", line: edge }),
    points("unpruned", marks([data.unpruned]), view,
      { color: colour("unpruned"), size: 16, symbol: "star", line: edge }),
    points("knee", marks([data.knee]), view,
      { color: colour("knee"), size: 18, symbol: "circle-open", line: { width: 3 } }),
    { ...points("chosen", chosen, view,
        { color: colour("ink"), size: 22, symbol: "circle-open", line: { width: 2 } }),
      showlegend: false, hoverinfo: "skip" },
  ];
}

// Whether a front spans more than a decade of a cost: its axis is logarithmic then.
function isWide(key, front) {
  const found = front.map((row) => valueOf(row, key)).filter((value) => value > 0);
  return ["count", "bytes", "milliseconds"].includes(axes.get(key).unit) && Math.max(...found) > 10 * Math.min(...found);
}

function axisLayout(key, front) {
  const axis = axes.get(key);
  const unit = { bytes: ", bytes", milliseconds: ", ms" }[axis.unit] ?? "";
  const look = {
    title: { text: axis.title + unit }, tickformat: TICKS[axis.unit] ?? "",
    gridcolor: colour("line"), zeroline: false, linecolor: colour("line"),
  };
  if (key === data.upwards) return { ...look, range: data.quality_shown };
  return isWide(key, front) ? { ...look, type: "log", dtick: "D2" } : { ...look, rangemode: "tozero" };
}

// What all pictures of the page have in common.
function baseLayout() {
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 13, color: colour("ink") },
    hoverlabel: { bgcolor: colour("panel"), bordercolor: colour("line"), font: { color: colour("ink") } },
  };
}

const LOOK = { displaylogo: false, responsive: true, showSendToCloud: false, plotlyServerURL: "" };

function drawPicture(view, front) {
  const layout = {
    ...baseLayout(),
    xaxis: axisLayout(view.across, front), yaxis: axisLayout(view.upwards, front),
    margin: { l: 64, r: 12, t: 36, b: 52 }, hovermode: "closest", dragmode: "zoom",
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
    uirevision: `${view.across} ${view.upwards}`,
  };
  return Plotly.react(picture, traces(view, front), layout, LOOK);
}

function showTip(event) {
  const row = event.points[0].customdata;
  tip.replaceChildren(
    make("strong", {}, columns.label[row]),
    ...[...axes.values()].map((axis) =>
      make("div", {}, `${axis.title}: ${withInterval(row, axis.key)}`)),
    ...variedSettings(row).map(([name, value]) => make("div", { class: "note" }, `${name}: ${settingInWords(value)}`)),
  );
  tip.hidden = false;
  const { clientX, clientY } = event.event;
  const left = Math.min(clientX + 16, window.innerWidth - tip.offsetWidth - 8);
  const top = Math.min(clientY + 16, window.innerHeight - tip.offsetHeight - 8);
  tip.style.left = `${left}px`;
  tip.style.top = `${top}px`;
}

function hideTip() {
  tip.hidden = true;
}
