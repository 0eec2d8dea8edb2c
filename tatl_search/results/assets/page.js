// What the page reacts to: axes, clicks, keys, the scheme of colours, what is scrolled into view.

const view = { across: data.across, upwards: data.upwards, trajectories: false, chosen: data.knee };
const field = (id) => document.getElementById(id);
let front = [];
let opener = null;

function redraw() {
  front = frontOf(view.across, view.upwards);
  drawPicture(view, front);
  fillNetworks(front);
  const [across, upwards] = [axes.get(view.across).title, axes.get(view.upwards).title];
  const count = distinct(front).length;
  field("said").textContent = `${count} network${count === 1 ? "" : "s"} on the front of ${upwards} against ${across}.`;
  picture.setAttribute("aria-label", `${upwards} against ${across}; the table below lists the front`);
  field("networks-note").textContent = "Points and shares are against the unpruned network; the knee is that of the sweep's objectives.";
  for (const draw of lazy.values()) draw.stale = true;
  drawVisible();
}

// Pictures that are drawn once they come into view.
const lazy = new Map([
  [field("curves"), { draw: drawCurves, stale: true, visible: false }],
  [field("layers"), { draw: () => drawHeat(front), stale: true, visible: false }],
]);

function drawVisible() {
  for (const later of lazy.values()) {
    if (!later.visible || !later.stale) continue;
    later.stale = false;
    later.draw();
  }
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) lazy.get(entry.target).visible = entry.isIntersecting;
  drawVisible();
}, { rootMargin: "300px" });

function choose(row) {
  view.chosen = row;
  fillCard(row, front);
  drawPicture(view, front);
}

function chooseFromKeyboard(row, from) {
  if (!card.contains(from)) opener = from;
  choose(row);
  card.querySelector("h3").focus();
}

async function copy(button) {
  const text = button.previousElementSibling;
  try {
    await navigator.clipboard.writeText(text.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(text);
    button.textContent = "Selected";
  }
}

function find() {
  const row = rowOf(Number(field("trial").value || 0), Number(field("round").value || 0));
  if (row === undefined) field("said").textContent = "There is no such trial and round.";
  else chooseFromKeyboard(row, field("find"));
}

function fillSelect(select, chosen) {
  select.replaceChildren(...[...axes.values()].map((axis) => make("option", { value: axis.key }, axis.title)));
  select.value = chosen;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.copy !== undefined) copy(button);
  if (button?.dataset.row === undefined) return;
  // A click by Enter or the space bar has no detail.
  if (event.detail === 0) chooseFromKeyboard(Number(button.dataset.row), button);
  else choose(Number(button.dataset.row));
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && opener?.isConnected) opener.focus();
  if (event.key === "Enter" && ["trial", "round"].includes(event.target.id)) find();
});

for (const key of ["across", "upwards"]) {
  fillSelect(field(key), view[key]);
  field(key).addEventListener("change", (event) => {
    view[key] = event.target.value;
    redraw();
  });
}
view.trajectories = new Set(columns.trial).size <= MANY_TRIALS;
field("trajectories").checked = view.trajectories;
field("trajectories").addEventListener("change", (event) => {
  view.trajectories = event.target.checked;
  drawPicture(view, front);
});
field("find").addEventListener("click", find);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

redraw();
fillCard(view.chosen, front);
picture.on("plotly_hover", showTip);
picture.on("plotly_unhover", hideTip);
picture.on("plotly_click", (event) => choose(event.points[0].customdata));
for (const element of lazy.keys()) seen.observe(element);
