// Pictures below the front: its growth, and which layers shrink along it.

const curves = document.getElementById("curves");
const heat = document.getElementById("heat");
const MOST_ROWS = 60;

// What the front is worth, the figure that decides first; each over the work, counted in three ways.
const WORTH = [["log area", "front", "solid"], ["area", "muted", "dash"], ["hypervolume", "muted", "dot"]];

function drawCurves() {
  if (!data.history.length) return curves.replaceChildren("No candidate yet.");
  const column = (place) => data.history.map((step) => step[place]);
  const hours = column(2);
  const long = hours.at(-1) >= 2;
  const work = [[column(0), "images trained"], [column(1), "the same, times the share of the MACs"],
    [long ? hours : hours.map((hour) => 60 * hour), `wall-clock, ${long ? "hours" : "minutes"}`]];
  const look = { gridcolor: colour("line"), zeroline: false, rangemode: "tozero" };
  const layout = { ...baseLayout(), grid: { rows: 1, columns: 3, pattern: "independent" }, height: 340,
    margin: { l: 56, r: 12, t: 36, b: 52 }, legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" } };
  const traces = work.flatMap(([x, title], panel) => {
    const at = panel ? panel + 1 : "";
    layout[`xaxis${at}`] = { ...look, title: { text: title }, tickformat: panel < 2 ? "~s" : undefined };
    layout[`yaxis${at}`] = look;
    return WORTH.map(([name, ink, dash], place) => ({
      type: "scatter", mode: "lines", x, y: column(3 + place), xaxis: `x${at}`, yaxis: `y${at}`,
      line: { color: colour(ink), width: place ? 1.2 : 2.5, shape: "hv", dash }, name, legendgroup: name,
      showlegend: panel === 0, hovertemplate: `${name} %{y:.4f} at %{x:.4~s}<extra></extra>`,
    }));
  });
  return Plotly.react(curves, traces, layout, LOOK);
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
