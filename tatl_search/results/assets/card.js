// The card of the chosen network, and the table of the front.

const card = document.getElementById("card");

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function showButton(row, text) {
  return make("button", { type: "button", class: "link", "data-row": row }, text);
}

function copyable(text) {
  return make("div", { class: "copyable" },
    make("pre", { tabindex: "0" }, text),
    make("button", { type: "button", "data-copy": "" }, "Copy"));
}

function definitions(pairs) {
  const lines = pairs.filter(([, text]) => text !== "");
  return make("dl", {}, ...lines.flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)]));
}

function fillCard(row, front) {
  const known = row !== null;
  card.replaceChildren(...(known
    ? [title(row, front), steps(row), figures(row), taking(row), how(row), widths(row)]
    : [make("p", { class: "note" }, "Click a point, or press Enter on a network in the table.")]));
}

function title(row, front) {
  const marks = [
    ...(row === data.unpruned ? ["unpruned"] : []),
    ...(row === data.knee ? ["knee"] : []),
    ...(columns.baseline[row] ? ["baseline"] : []),
    ...(front.includes(row) ? ["on this front"] : []),
    ...(columns.beyond[row] ? ["beyond the bounds"] : []),
  ];
  return make("h3", { tabindex: "-1" }, columns.label[row],
    ...marks.map((mark) => make("span", { class: "mark" }, mark)));
}

function steps(row) {
  const rows = trajectoryOf(row);
  if (rows.length < 2) return "";
  const buttons = rows.map((other) => {
    const button = showButton(other, String(columns.round[other]));
    if (other === row) button.setAttribute("aria-current", "true");
    return button;
  });
  return make("p", { class: "steps" }, "round ", ...buttons);
}

function figures(row) {
  const told = [...axes.values()].map((axis) => {
    const share = ["count", "bytes"].includes(axis.unit) ? shareOfUnpruned(row, axis.key) : "";
    return [axis.title, withInterval(row, axis.key) + (share && `, ${share} of unpruned`)];
  });
  const quality = told.findIndex(([title]) => title === axes.get("accuracy").title);
  told.splice(quality + 1, 0, ["test accuracy", onTest(row)]);
  return definitions(told);
}

function taking(row) {
  const better = dominator(row);
  const warning = better === undefined ? ""
    : make("p", {}, `Nowhere worse in ${inSentence(DECIDING.map((key) => axes.get(key).name))}: `, showButton(better, columns.label[better]), ".");
  return make("div", {}, make("h4", {}, "Take it"), warning, copyable(pickCommand(row)));
}

function how(row) {
  const varied = variedSettings(row).map(([name, value]) => [name, settingInWords(value)]);
  const work = [
    ["network", columns.network[row]],
    ["the same as", shortened(sameNetwork(row).map((other) => columns.label[other]))],
    ["units pruned in this round", columns.pruned[row] ? `${columns.pruned[row]}, ${columns.left[row]} left` : ""],
    ["images trained for it", columns.images[row].toLocaleString("en")],
    ["images saved by reuse", columns.saved[row] > 0 ? columns.saved[row].toLocaleString("en") : ""],
    ["seconds", columns.seconds[row] === null ? "" : columns.seconds[row].toFixed(0)],
    ["pruned no further", (columns.ended[row] ?? "").replaceAll("_", " ")],
  ];
  return make("div", {}, make("h4", {}, "Settings"), definitions(varied),
    make("details", { id: "reproduce" }, make("summary", {}, "all settings, to reproduce it"), copyable(settingsFile(row))),
    make("h4", {}, "Work"), definitions(work));
}

function widths(row) {
  const layers = layersOf(row);
  const heading = make("h4", {}, "Layers: outputs before and after");
  if (layers === null) return make("div", {}, heading, make("p", { class: "note" }, "Its structure is not stored."));
  const widest = Math.max(...layers.map((layer) => layer.before));
  const lines = layers.map((layer) => make("tr", {},
    make("th", {}, layer.name),
    make("td", {}, layer.before === layer.width ? `${layer.width}` : `${layer.before} → ${layer.width}`),
    make("td", { class: "bar" }, bar(layer.before / widest, layer.width / layer.before))));
  return make("div", {}, heading, make("div", { class: "layers", tabindex: "0" },
    make("table", { class: "bars" }, make("tbody", {}, ...lines))));
}

// Two lengths in one: how wide a layer was, and how much of it is left.
function bar(whole, kept) {
  const inner = make("i", { style: `width: ${(100 * kept).toFixed(1)}%` });
  return make("b", { style: `width: ${(100 * whole).toFixed(1)}%` }, inner);
}

function fillNetworks(front) {
  const others = [...axes.values()].filter((axis) => axis.key !== data.upwards);
  const quality = axes.get(data.upwards);
  const judged = columns.test.length ? ["test accuracy (95 % interval)"] : [];
  const head = ["network", quality.name + (quality.intervals ? " (95 % interval)" : ""), ...judged, "points",
    ...others.map((axis) => axis.title), `share of ${axes.get(data.across).name}`];
  const body = (rows) => make("tbody", {}, ...rows.map((row) => networkLine(row, others)));
  const table = document.getElementById("networks");
  table.replaceChildren(
    make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
    body(data.unpruned === null ? [] : [data.unpruned]),
    body(distinct(front).filter((row) => columns.stage[row] !== columns.stage[data.unpruned])),
    body(baselines.filter((row) => !front.includes(row))));
}

function networkLine(row, others) {
  const whole = data.unpruned;
  const qualities = [row, whole].map((of) => (of === null ? null : valueOf(of, data.upwards)));
  const points = row === whole || qualities.includes(null) ? "" : (100 * (qualities[0] - qualities[1])).toFixed(1);
  const mark = row === data.knee ? "knee" : row === whole ? "unpruned" : columns.baseline[row] ? "baseline" : "";
  const judged = columns.test.length ? [onTest(row)] : [];
  const texts = [withInterval(row, data.upwards), ...judged, points.startsWith("-") || !points ? points : `+${points}`,
    ...others.map((axis) => withInterval(row, axis.key)), shareOfUnpruned(row, data.across)];
  const name = make("td", {}, showButton(row, columns.label[row]), ...(mark ? [make("span", { class: "mark" }, mark)] : []));
  return make("tr", { class: mark }, name, ...texts.map((text) => make("td", {}, text)));
}
