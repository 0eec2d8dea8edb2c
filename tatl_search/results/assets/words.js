// Figures and settings in words.

const WRITTEN = {
  share: (value) => `${(100 * value).toFixed(1)} %`,
  plain: (value) => value.toFixed(3),
  count: scaled,
  bytes: (value) => (value < 999.5 ? `${value.toFixed(0)} B` : `${scaled(value)}B`),
  milliseconds: (value) => `${value.toPrecision(3)} ms`,
};

function scaled(number) {
  for (const [unit, size] of [["G", 1e9], ["M", 1e6], ["k", 1e3]]) {
    if (number >= 0.9995 * size) return `${(number / size).toPrecision(3)} ${unit}`;
  }
  return number.toFixed(0);
}

function figure(row, key) {
  const value = valueOf(row, key);
  return value === null ? "not known" : WRITTEN[axes.get(key).unit](value);
}

// A figure, with its 95 % interval where it has one.
function withInterval(row, key) {
  const { intervals } = axes.get(key);
  if (!intervals || intervals[row].length === 0) return figure(row, key);
  const [low, high] = intervals[row].map((share) => (100 * share).toFixed(1));
  return `${(100 * valueOf(row, key)).toFixed(1)} (${low}-${high}) %`;
}

// What images that no search saw say of a network; empty where it was not judged.
function onTest(row) {
  const found = columns.test[row];
  if (!found) return "";
  const [accuracy, low, high] = found.map((share) => (100 * share).toFixed(1));
  return `${accuracy} (${low}-${high}) %`;
}

function shareOfUnpruned(row, key) {
  const whole = data.reference[key] ?? (data.unpruned === null ? null : valueOf(data.unpruned, key));
  return whole && valueOf(row, key) !== null ? `${((100 * valueOf(row, key)) / whole).toFixed(0)} %` : "";
}

function inSentence(words) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

function shortened(texts) {
  const more = texts.length > 3 ? ` and ${texts.length - 3} more` : "";
  return texts.slice(0, 3).join(", ") + more;
}

function settingInWords(value) {
  return typeof value === "number" ? String(Number(value.toPrecision(4))) : yamlValue(value);
}

function shellQuoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function pickCommand(row) {
  const trial = columns.trial[row];
  const network = trial === null ? `--label ${shellQuoted(columns.label[row])}` : `--trial ${trial} --round ${columns.round[row]}`;
  return `tatl-search pick ${data.sweep} \\\n  ${network} \\\n  --export my-network`;
}

function settingsFile(row) {
  const round = columns.trial[row] === null ? "" : `: the network of its round ${columns.round[row]}`;
  const head = `# ${columns.label[row]} of ${data.sweep}${round}.\n`;
  return `${head}#   tatl-search adapt FILE\n${yaml(settingsOf(row), "")}`;
}

function yaml(section, indent) {
  const lines = Object.entries(section).map(([key, value]) =>
    isSection(value)
      ? `${indent}${yamlKey(key)}:\n${yaml(value, `${indent}  `)}`
      : `${indent}${yamlKey(key)}: ${yamlValue(value)}\n`
  );
  return lines.join("");
}

function isSection(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length > 0;
}

function yamlKey(key) {
  return /^[a-z_]{3,}$/.test(key) && !/^(true|false|null|yes|off)$/.test(key) ? key : JSON.stringify(key);
}

// JSON is YAML but for numbers such as 1e-7, which YAML 1.1 takes for text.
function yamlValue(value) {
  if (Array.isArray(value)) return `[${value.map(yamlValue).join(", ")}]`;
  const text = JSON.stringify(value);
  return typeof value === "number" && /^-?\d+e/.test(text) ? text.replace("e", ".0e") : text;
}
