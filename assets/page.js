// The page's hands: clicks, keys, drops and zoom become events for the program, and what it draws is scrolled into sight.
// Runs, joined to sending.js, inside Gradio's HTML component "bus" and is given `trigger`, which sends an event.
// Nothing here knows the record: every address comes from a data-attribute that the program wrote.

const EVENTS = [
  "arrive", "open_record", "new_record", "rename_record", "delete_record", "open_sample", "add_files", "remove_file",
  "rename_file", "accept_file", "unlock_file", "recognize_file", "cancel_reading", "ask", "again", "ask_rest", "stop", "open_conversation", "new_conversation", "delete_conversation",
  "open_citation", "open_page", "summarize",
];
const OPENING = ["arrive", "open_record", "new_record", "open_sample", "open_conversation", "new_conversation", "ask", "again", "ask_rest"];
const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3];
const SHADE = "anamnesis-shade";

const find = (selector, within = document) => within.querySelector(selector);
const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];

const line = () => find("#header .line");
const shown = () => find("#source .shown");
const isAnswering = () => Boolean(find("[data-answering]"));
const isReading = () => Boolean(find("[data-reading]"));

let zoom = 2;
let selected = null;
let isNewlyOpened = true;

function send(name, data = {}) {
  if (OPENING.includes(name)) isNewlyOpened = true;
  if (!EVENTS.includes(name)) throw new Error(`no such event: ${name}`);
  const here = line()?.dataset ?? {};
  trigger(name, { at_record: here.record ?? "", at_conversation: here.conversation ?? "", ...data });
}

// ---------------------------------------------------------------- places

function showPlace(name) {
  document.body.dataset.place = name;
  for (const tab of findAll("[data-place]", find("#place-tabs"))) tab.setAttribute("aria-pressed", String(tab.dataset.place === name));
}

function showTab(name) {
  document.body.dataset.tab = name;
  for (const tab of findAll("[data-tab]", find("#tabs"))) tab.setAttribute("aria-selected", String(tab.dataset.tab === name));
}

function closeMenus(except = null) {
  for (const menu of findAll("details.menu[open]")) if (menu !== except) menu.open = false;
}

// ---------------------------------------------------------------- citations and pages

function select(address) {
  selected = address;
  const chip = address ? `.chip[data-turn="${CSS.escape(address.turn)}"][data-n="${CSS.escape(address.n)}"]` : null;
  // A style sheet of one rule: it outlives every redrawing of the answers.
  find("#selected-chip").textContent = chip
    ? `${chip}{background:var(--accent)!important;color:var(--accent-ink)!important;border-color:var(--accent)!important}`
    : "";
}

function markFile() {
  const file = shown()?.dataset.file;
  const entry = file ? `#files .entry[data-file="${CSS.escape(file)}"]` : null;
  find("#shown-file").textContent = entry ? `${entry}{background:var(--shade)}` : "";
  if (entry && !isReading()) find(entry)?.scrollIntoView({ block: "nearest" });
}

function openCitation(chip) {
  select({ turn: chip.dataset.turn, n: chip.dataset.n });
  send("open_citation", { turn: chip.dataset.turn, n: chip.dataset.n, view: shown()?.dataset.view ?? "picture" });
  showPlace("proof");
}

function stepCitation(by) {
  const tab = document.body.dataset.tab === "summary" ? "#summary" : "#turns";
  const chips = [];
  for (const chip of findAll(`${tab} .chip[data-n]`)) {
    const last = chips.at(-1);
    if (!last || last.dataset.turn !== chip.dataset.turn || last.dataset.n !== chip.dataset.n) chips.push(chip);
  }
  if (!chips.length) return;
  const at = chips.findIndex((chip) => selected && chip.dataset.turn === selected.turn && chip.dataset.n === selected.n);
  const next = at < 0 ? (by > 0 ? 0 : chips.length - 1) : Math.min(chips.length - 1, Math.max(0, at + by));
  chips[next].scrollIntoView({ block: "nearest" });
  openCitation(chips[next]);
}

function openPage(change) {
  const page = shown();
  if (!page) return;
  const { file, page: number, turn = "", n = "", view } = page.dataset;
  send("open_page", { file, page: number, turn, n, view, ...change });
}

function stepPage(by) {
  const page = shown();
  if (!page) return;
  const next = Number(page.dataset.page) + by;
  if (next >= 1 && next <= Number(page.dataset.pages)) openPage({ page: String(next) });
}

function setZoom(by) {
  zoom = Math.min(ZOOMS.length - 1, Math.max(0, zoom + by));
  document.documentElement.style.setProperty("--zoom", ZOOMS[zoom]);
  document.documentElement.style.setProperty("--zoom-said", `"${Math.round(ZOOMS[zoom] * 100)} %"`);
  revealBox();
}

function revealBox() {
  const desk = find("#source .desk");
  if (!desk) return;
  const box = find(".evidence", desk);
  if (!box) return void desk.scrollTo({ top: 0 });
  const inside = box.getBoundingClientRect(), outside = desk.getBoundingClientRect();
  desk.scrollBy({
    top: inside.top - outside.top - (outside.height - inside.height) / 2,
    left: inside.left < outside.left || inside.right > outside.right ? inside.left - outside.left - 24 : 0,
  });
}

function showTip(chip) {
  const tip = find("#tip");
  tip.replaceChildren();
  for (const [kind, words] of [["b", chip.dataset.where], ["p", `“${chip.dataset.quote}”`]]) {
    const part = document.createElement(kind);
    part.textContent = words;
    tip.append(part);
  }
  tip.hidden = false;
  const at = chip.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.left, innerWidth - tip.offsetWidth - 8));
  const isBelow = at.bottom + tip.offsetHeight + 8 < innerHeight;
  tip.style.left = `${left}px`;
  tip.style.top = `${isBelow ? at.bottom + 6 : at.top - tip.offsetHeight - 6}px`;
}

const hideTip = () => { find("#tip").hidden = true; };

// ---------------------------------------------------------------- what is asked about

const scopeFields = (name) => findAll(`[data-scope="${name}"]`);
const checked = () => scopeFields("kinds").filter((field) => field.checked);

// Goes with every question; empty where nothing is narrowed.
function scope() {
  const day = (name) => scopeFields(name)[0]?.value ?? "";
  return { first_date: day("first_date"), last_date: day("last_date"), kinds: checked().map((field) => field.value).join(",") };
}

function sayScope() {
  const { first_date: first, last_date: last } = scope();
  const kinds = checked().map((field) => field.parentElement.textContent.trim());
  const written = (iso) => new Date(`${iso}T12:00`).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
  const said = {
    "scope-dates": first && last ? `${written(first)} – ${written(last)}` : first ? `from ${written(first)}` : last ? `until ${written(last)}` : "",
    "scope-kinds": kinds.length > 2 ? `${kinds.length} kinds of documents` : kinds.join(", "),
  };
  for (const [id, words] of Object.entries(said)) {
    const summary = find(`#${id} > summary`);
    summary.textContent = words ? `Only ${words}` : summary.dataset.all;
    find(`#${id}`).classList.toggle("narrowed", Boolean(words));
  }
  find("[data-scope-clear]").hidden = !Object.values(said).some(Boolean);
}

function clearScope() {
  for (const field of findAll("[data-scope]")) { field.value = field.type === "date" ? "" : field.value; field.checked = false; }
  sayScope();
}

// ---------------------------------------------------------------- questions

const box = () => find("#question");

function grow() {
  const area = box();
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight, 180)}px`;
}

function ask(question, replace = "") {
  if (!question.trim() || isAnswering()) return;
  if (!line()?.dataset.record) return void say("Open a record first: drop files here, or open the sample record.");
  showTab("conversation");
  send("ask", { question, replace, ...scope() });
}

function submitQuestion() {
  const area = box();
  if (isAnswering() || !area.value.trim()) return;
  ask(area.value, area.dataset.replace ?? "");
  area.value = "";
  endEdit();
  grow();
}

function edit(turn, question) {
  const area = box();
  area.value = question;
  area.dataset.replace = turn;
  find("#editing").hidden = false;
  grow();
  area.focus();
}

function endEdit() {
  delete box().dataset.replace;
  find("#editing").hidden = true;
}

// A reader who has scrolled up stays there; what was just asked or opened is shown from its end.
function keepAtEnd(always = false) {
  const feed = find("#feed");
  if (always || feed.scrollHeight - feed.scrollTop - feed.clientHeight < 240) feed.scrollTop = feed.scrollHeight;
}

// ---------------------------------------------------------------- words to the user

function say(sentence) {
  const place = find("#sending");
  place.textContent = sentence;
  setTimeout(() => { if (place.textContent === sentence) place.textContent = ""; }, 8000);
}

async function copy(button) {
  const words = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(words);
  } catch {
    const area = document.createElement("textarea"); // no clipboard without https on another machine
    area.value = words;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "copied";
  setTimeout(() => { button.textContent = "copy"; }, 1500);
}

function openDialog(name, opener) {
  closeMenus();
  const dialog = find(`#dialog-${name}`);
  if (name === "rename") find("#rename-title").value = opener?.dataset.title ?? "";
  if (name === "rename-file") {
    find("#rename-file-name").value = opener.dataset.file;
    find("#rename-file-form").dataset.file = opener.dataset.file;
  }
  if (name === "delete") find("#delete-name").textContent = opener?.dataset.title ?? "";
  dialog.showModal();
  find("input", dialog)?.select();
}

function toggleShade() {
  const dark = document.body.classList.toggle("dark");
  localStorage.setItem(SHADE, dark ? "dark" : "light");
}

function applyShade() {
  const chosen = localStorage.getItem(SHADE);
  document.body.classList.toggle("dark", chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
}

// ---------------------------------------------------------------- listening

function onClick(event) {
  const target = event.target.closest("button, summary, a");
  const menu = event.target.closest("details.menu");
  closeMenus(menu);
  if (!target || target.disabled) return;
  const data = target.dataset;
  if (data.do === "open_citation") return openCitation(target);
  if (data.do === "ask") return ask(data.question);
  if (data.do === "open_page") { closeMenus(); select(null); send("open_page", { ...data, view: shown()?.dataset.view ?? "picture" }); return showPlace("proof"); }
  if (data.close !== undefined) target.closest("dialog")?.close();
  if (data.do) { closeMenus(); hideTip(); return send(data.do, { ...(data.do === "again" ? scope() : {}), ...data }); }
  if (data.scopeClear !== undefined) return clearScope();
  if (data.step === "step_page") return stepPage(Number(data.by));
  if (data.step === "step_citation") return stepCitation(Number(data.by));
  if (data.zoom) return setZoom(Number(data.zoom));
  if (data.toggle) return openPage({ view: shown().dataset.view === "text" ? "picture" : "text" });
  if (data.place) return showPlace(data.place);
  if (data.tab) return showTab(data.tab);
  if (data.dialog) return openDialog(data.dialog, target);
  if (data.copy !== undefined) return void copy(target);
  if (data.edit !== undefined) return edit(data.edit, data.question);
  if (data.editEnd !== undefined) { box().value = ""; grow(); return endEdit(); }
  if (data.dismiss !== undefined) return void target.closest(".problem").remove();
  if (data.browse !== undefined) return find("#chooser").click();
  if (data.themeToggle !== undefined) return toggleShade();
}

function onKey(event) {
  const typing = event.target.matches?.("input, textarea, select");
  if (event.key === "Escape") {
    if (find("dialog[open]")) return;
    const open = find("details.menu[open]");
    if (open) { closeMenus(); return void find("summary", open).focus(); }
    hideTip();
    if (isAnswering()) return send("stop");
    if (isSending) { isCancelled = true; return; }
    if (isReading()) return send("cancel_reading");
    return typing ? event.target.blur() : undefined;
  }
  if (event.key === "Enter" && event.target.id === "question" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    return submitQuestion();
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey || find("dialog[open]")) return;
  const does = {
    "/": () => { showPlace("thought"); showTab("conversation"); box().focus(); },
    "?": () => openDialog("help"),
    "[": () => stepCitation(-1),
    "]": () => stepCitation(1),
    "+": () => setZoom(1),
    "-": () => setZoom(-1),
  }[event.key];
  if (does) { event.preventDefault(); does(); }
}

function listen() {
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  document.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.target.id === "question-form") submitQuestion();
    if (event.target.dataset.sends) {
      send(event.target.dataset.sends, { ...event.target.dataset, ...Object.fromEntries(new FormData(event.target)) });
      event.target.reset();
    }
    if (event.target.id === "rename-file-form") {
      send("rename_file", { file: event.target.dataset.file, name: find("#rename-file-name").value });
      event.target.closest("dialog").close();
    }
    if (event.target.id === "rename-form") {
      send("rename_record", { title: find("#rename-title").value });
      event.target.closest("dialog").close();
    }
  });
  document.addEventListener("input", (event) => {
    if (event.target.id === "question") grow();
    if (event.target.dataset.scope) sayScope();
  });
  document.addEventListener("change", (event) => {
    if (event.target.id !== "chooser") return;
    addFiles(event.target.files);
    event.target.value = "";
  });
  for (const kind of ["mouseover", "focusin"]) {
    document.addEventListener(kind, (event) => {
      const chip = event.target.closest?.(".chip[data-quote]");
      if (chip) showTip(chip); else hideTip();
    });
  }
  for (const kind of ["dragover", "dragenter"]) {
    document.addEventListener(kind, (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      find("#drop-veil").hidden = false;
    });
  }
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) find("#drop-veil").hidden = true; });
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    find("#drop-veil").hidden = true;
    if (event.dataTransfer.files.length) addFiles(await filesOf(event.dataTransfer));
  });
  window.addEventListener("beforeunload", (event) => { if (isSending || isReading()) event.preventDefault(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTimeout(applyShade));
}

function listenToPlaces() {
  document.addEventListener("anamnesis:header", () => {
    const { record, conversation } = line().dataset;
    const address = new URLSearchParams();
    if (record) address.set("record", record);
    if (conversation) address.set("conversation", conversation);
    const query = address.size ? `?${address}` : "";
    if (location.search !== query) history.replaceState(null, "", `${location.pathname}${query}`);
  });
  document.addEventListener("anamnesis:turns", () => { keepAtEnd(isNewlyOpened); isNewlyOpened = false; });
  document.addEventListener("anamnesis:answering", () => keepAtEnd());
  document.addEventListener("anamnesis:source", () => { markFile(); revealBox(); });
  document.addEventListener("anamnesis:files", () => sendFiles());
}

function begin() {
  for (const id of ["selected-chip", "shown-file"]) {
    const style = document.createElement("style");
    style.id = id;
    document.head.append(style);
  }
  applyShade();
  showPlace("thought");
  showTab("conversation");
  sayScope();
  listen();
  listenToPlaces();
  const asked = new URLSearchParams(location.search);
  send("arrive", { record: asked.get("record") ?? "", conversation: asked.get("conversation") ?? "" });
}

// Gradio mounts its components one by one and in no certain order.
const NEEDED = ["#header", "#place-tabs nav", "#tabs [data-tab]", "#feed", "#turns", "#source", "#question", "#sending", "#tip"];
const mounted = setInterval(() => {
  if (!NEEDED.every((selector) => find(selector))) return;
  clearInterval(mounted);
  begin();
}, 20);
