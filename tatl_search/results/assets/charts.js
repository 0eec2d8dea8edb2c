// Pictures below the front: its growth, and which layers shrink along it.

const curves = document.getElementById("curves");
const heat = document.getElementById("heat");
const MOST_ROWS = 60;

function drawCurves() {
  if (!data.history.length) return curves.replaceChildren("No candidate yet.");
  const [images, hours, volumes] = [0, 1, 2].map((place) => data.history.map((step) => step[place]));
  const long = hours.at(-1) >= 2;
  const times = long ? hours : hours.map((hour) => 60 * hour);
  const curve = (x, more) => ({
    type: "scatter", mode: "lines", x, y: volumes, line: { color: colour("front"), width: 2, shape: "hv" },
    showlegend: false, hovertemplate: "%{y:.4f} at %{x:.4~s}<extra></extra>", ...more,
  });
  const look = { gridcolor: colour("line"), zeroline: false, rangemode: "tozero" };
  return Plotly.react(curves,
    [curve(images, {}), curve(times, { xaxis: "x2", yaxis: "y2" })],
    { ...baseLayout(), grid: { rows: 1, columns: 2, pattern: "independent" }, height: 320,
      margin: { l: 56, r: 12, t: 12, b: 52 },
      xaxis: { ...look, title: { text: "images trained" }, tickformat: "~s" },
      xaxis2: { ...look, title: { text: `${long ? "hours" : "minutes"} since the launch` } },
      yaxis: { ...look, title: { text: "hypervolume" } }, yaxis2: look },
    LOOK);
}

// The networks of a front that share the layout most of them have, evenly thinned if many.
function heatRows(front) {
  const kindOf = (row) => data.layers.widths[columns.stage[row]]?.[0];
  const stored = distinct(front).filter((row) => kindOf(row) !== undefined);
  const counts = new Map();
  for (const row of stored) counts.set(kindOf(row), (counts.get(kindOf(row)) ?? 0) + 1);
  const kind = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
  const rows = stored.filter((row) => kindOf(row) === kind)
    .sort((a, b) => valueOf(b, "macs") - valueOf(a, "macs"));
  const step = Math.max(1, rows.length / MOST_ROWS);
  const shown = rows.filter((_, place) => Math.floor(place / step) !== Math.floor((place - 1) / step));
  return { shown, left: distinct(front).length - shown.length };
}

function drawHeat(front) {
  const { shown, left } = heatRows(front);
  const more = left ? ` ${left} networks are left out: too many, of another kind, or not stored.` : "";
  document.getElementById("layers-note").textContent = shown.length
    ? `Share of each layer's outputs that is kept, for the networks on the front above, from large to small.${more}`
    : "No network on this front has its structure stored.";
  heat.hidden = !shown.length;
  if (!shown.length) return null;
  const layers = shown.map((row) => layersOf(row).filter((layer) => !layer.follows));
  const trace = {
    type: "heatmap", colorscale: "Cividis", zmin: 0, zmax: 1, xgap: 1, ygap: 1,
    x: layers[0].map((layer) => layer.name),
    y: shown.map((row) => `${columns.label[row]} · ${shareOfUnpruned(row, "macs")}`),
    z: layers.map((own) => own.map((layer) => layer.width / layer.before)),
    customdata: layers.map((own) => own.map((layer) => `${layer.width} of ${layer.before}`)),
    hovertemplate: "%{y} of the MACs<br>%{x}: %{customdata}<extra></extra>",
    colorbar: { title: { text: "kept" }, tickformat: ".0%", thickness: 12, outlinewidth: 0 },
  };
  heat.style.minWidth = `${240 + 16 * layers[0].length}px`;
  return Plotly.react(heat, [trace],
    { ...baseLayout(), height: 170 + 20 * shown.length, margin: { l: 190, r: 12, t: 12, b: 20 },
      xaxis: { automargin: true, tickangle: -60, tickfont: { size: 10 }, dtick: 1, showgrid: false },
      yaxis: { autorange: "reversed", tickfont: { size: 11 }, dtick: 1, showgrid: false } },
    LOOK);
}
