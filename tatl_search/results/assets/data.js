"use strict";
// The sweep as it was embedded (payload.py), and what follows from it. A row is a number: the place
// of a candidate in every column.

const data = JSON.parse(document.getElementById("data").textContent);
const axes = new Map(data.axes.map((axis) => [axis.key, axis]));
const columns = data.columns;
const candidates = [...columns.label.keys()];
const baselines = candidates.filter((row) => columns.baseline[row]);

function valueOf(row, key) {
  return axes.get(key).values[row];
}

// Smaller is better, whatever the axis.
function lossOf(row, key) {
  return axes.get(key).higher ? -valueOf(row, key) : valueOf(row, key);
}

// The candidates that no other one beats in two figures, from left to right.
function frontOf(across, upwards) {
  const known = candidates.filter(
    (row) => valueOf(row, across) !== null && valueOf(row, upwards) !== null
  );
  known.sort((a, b) => lossOf(a, across) - lossOf(b, across) || lossOf(a, upwards) - lossOf(b, upwards));
  const front = [];
  for (const row of known) {
    const last = front.at(-1);
    const better = last === undefined || lossOf(row, upwards) < lossOf(last, upwards);
    const equal = !better && [across, upwards].every((key) => valueOf(row, key) === valueOf(last, key));
    if (better || equal) front.push(row);
  }
  return axes.get(across).higher ? front.reverse() : front;
}

// Each place of a front once: of candidates that are equal in what is shown, the first of the smallest.
function distinct(front) {
  const first = new Map();
  const smallest = [...front].sort((a, b) => valueOf(a, "parameters") - valueOf(b, "parameters") || a - b);
  for (const row of smallest) {
    const place = `${valueOf(row, view.across)} ${valueOf(row, view.upwards)}`;
    if (!first.has(place)) first.set(place, row);
  }
  const chosen = new Set(first.values());
  return front.filter((row) => chosen.has(row));
}

// What a network is compared in before it is taken: the objectives, and what always counts.
const DECIDING = [...new Set([...data.objectives, "accuracy", "macs", "parameters"])];

// A candidate that is nowhere worse in what decides, and somewhere better.
function dominator(row) {
  const known = candidates.filter((other) => DECIDING.every((key) => valueOf(other, key) !== null));
  if (!known.includes(row)) return undefined;
  return known.find((other) => {
    const differences = DECIDING.map((key) => lossOf(other, key) - lossOf(row, key));
    return differences.every((difference) => difference <= 0) && differences.some((difference) => difference < 0);
  });
}

function sameNetwork(row) {
  return candidates.filter((other) => other !== row && columns.stage[other] === columns.stage[row]);
}

function trajectoryOf(row) {
  const trial = columns.trial[row];
  return trial === null ? [row] : candidates.filter((other) => columns.trial[other] === trial);
}

function rowOf(trial, round) {
  return candidates.find((row) => columns.trial[row] === trial && columns.round[row] === round);
}

// [dotted name, value] of the settings in which the candidates differ.
function variedSettings(row) {
  const own = data.settings.own[columns.settings[row]];
  return data.settings.told
    .filter((place) => place in own)
    .map((place) => [data.settings.paths[place].join("."), own[place]]);
}

function settingsOf(row) {
  const own = data.settings.own[columns.settings[row]];
  const leaves = Object.entries(own).map(([place, value]) => [data.settings.paths[place], value]);
  const settings = {};
  for (const [path, value] of [...data.settings.common, ...leaves]) {
    let section = settings;
    for (const key of path.slice(0, -1)) section = section[key] ??= {};
    section[path.at(-1)] = value;
  }
  return settings;
}

// Its layers' widths beside those of the unpruned network; null where not stored.
function layersOf(row) {
  const own = data.layers.widths[columns.stage[row]];
  if (!own) return null;
  const first = trajectoryOf(row)[0];
  const unpruned = columns.round[first] === 0 ? first : data.unpruned;
  const whole = unpruned === null ? null : data.layers.widths[columns.stage[unpruned]];
  const layout = data.layers.layouts[own[0]];
  const before = whole && whole[0] === own[0] ? whole : own;
  return layout.names.map((name, place) => ({
    name, follows: layout.follows[place], width: own[place + 1], before: before[place + 1],
  }));
}
