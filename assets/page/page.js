// The service's page: a picture is chosen, dropped or pasted, and its description is read at once.
//
// For people with a screen reader: everything is told once, by one of two live regions (#status for
// the description and what hinders it, #notice for speech and copying). The focus stays where it
// is: what reads a newly focused element would cut the description short, or say it twice. It only
// moves, to the heading before the description, when what had it goes away; and to the field of
// the token, which has to be filled in first.
//
// What comes from the service or from a picture is only ever put in as text.
"use strict";

const SAY_WORKING_AFTER_MS = 500; // a longer silence feels broken
const PATIENCE_MS = 120_000; // for one answer; the service itself gives up earlier
const WAIT_LIMIT_S = 60; // a service that is busy for longer is left to be asked again by hand
const TRIES_LIMIT = 10;
const MEGABYTE = 1_000_000;
const TITLE = "Image Describer";
const BLANK = "The picture is blank."; // whatever else is said of an empty page is invented
const ALTERNATIVES = 4;
const EVERYWHERE = 0.85; // of the picture, in both directions

const part = (id) => document.getElementById(id);
const [picture, status, notice, heading] = ["picture", "status", "notice", "heading"].map(part);
const [sound, speak, speed] = ["sound", "speak", "speed"].map(part);

let work = null; // the picture that was chosen last: {bytes, type, remark, giveUp, record, speech}

class Trouble extends Error {
  constructor(sentence, { again = false, token = false } = {}) {
    super(sentence);
    this.again = again;
    this.token = token;
  }
}

// What is told ------------------------------------------------------------------------------------

function say(text, kind = "", aloud = true) {
  status.setAttribute("aria-live", aloud ? "polite" : "off");
  status.className = kind;
  if (status.textContent !== text) status.textContent = text;
}

function note(text) {
  notice.textContent = text;
}

function hide(element) {
  if (!element.hidden && element.contains(document.activeElement)) heading.focus();
  element.hidden = true;
}

function kept(storage, name, value) {
  try {
    if (value === undefined) return storage().getItem(name);
    storage().setItem(name, value);
  } catch {
    // A browser that is told to keep nothing: it lasts as long as the page.
  }
  return null;
}
const browser = () => localStorage;
const tab = () => sessionStorage;

// Asking the service ------------------------------------------------------------------------------

let token = kept(tab, "token") || "";

async function ask(one, accept, tell) {
  for (let tries = 1; ; tries++) {
    const answer = await post(one, accept);
    if (answer.ok) return answer;
    const sentence = await sentenceOf(answer);
    if (answer.status === 401) throw new Trouble(token ? sentence : "", { token: true });
    const wait = Math.max(1, Math.ceil(Number(answer.headers.get("Retry-After")) || 0));
    const busy = answer.status === 429 || (answer.status === 503 && wait > 1);
    if (!busy) throw new Trouble(sentence, { again: answer.status >= 500 });
    if (tries === TRIES_LIMIT || wait > WAIT_LIMIT_S) throw new Trouble(sentence, { again: true });
    tell(`The service is busy. Trying again in ${wait} second${wait === 1 ? "" : "s"} ...`);
    await pause(1000 * wait, one.giveUp.signal);
  }
}

async function post(one, accept) {
  const headers = { Accept: accept, "Content-Type": "application/octet-stream" };
  if (token) headers.Authorization = `Bearer ${token}`;
  const slow = setTimeout(() => one.giveUp.abort("slow"), PATIENCE_MS);
  try {
    return await fetch("v1/describe", {
      ...{ method: "POST", body: one.bytes, headers, signal: one.giveUp.signal },
      ...{ cache: "no-store", credentials: "omit", redirect: "error" },
    });
  } catch {
    if (one.giveUp.signal.aborted && one.giveUp.signal.reason !== "slow") throw new Trouble("");
    throw new Trouble("The service does not respond. Is it still running?", { again: true });
  } finally {
    clearTimeout(slow);
  }
}

async function sentenceOf(answer) {
  try {
    const { detail } = await answer.json();
    if (typeof detail === "string" && detail) return detail;
  } catch {
    // Something between the page and the service answered, a proxy perhaps.
  }
  return `That did not work: the service answered ${answer.status}.`;
}

function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new Trouble(""));
    });
  });
}

// Describing --------------------------------------------------------------------------------------

async function take(file, remark = "") {
  begin();
  const limit = Number(picture.dataset.limitBytes);
  if (file.size > limit) {
    fail(
      new Trouble(
        `That picture is too large: it has ${Math.ceil(file.size / MEGABYTE)} MB, and this ` +
          `service takes ${Math.floor(limit / MEGABYTE)} MB. Save it smaller and try again.`,
      ),
    );
    return;
  }
  const one = { type: file.type, remark, giveUp: new AbortController() };
  work = one;
  try {
    one.bytes = await file.arrayBuffer();
  } catch {
    if (work === one) {
      fail(new Trouble("This can't be read. If it is a folder, choose a picture inside it."));
    }
    return;
  }
  if (work === one) await describe(one);
}

function begin() {
  if (work) work.giveUp.abort("another");
  work = null;
  forgetSpeech();
  for (const id of ["result", "again", "cancel", "token-form"]) hide(part(id));
  note("");
  say("");
  document.title = TITLE;
}

async function describe(one) {
  one.giveUp = new AbortController();
  const working = setTimeout(() => {
    if (!status.textContent) say("Looking at it ...");
    part("cancel").hidden = false;
  }, SAY_WORKING_AFTER_MS);
  try {
    const answer = await ask(one, "application/json", (text) => work === one && say(text));
    const record = await answer.json();
    if (work === one) show(one, record);
  } catch (trouble) {
    if (work !== one) return;
    if (trouble.token) askToken(trouble.message);
    else if (trouble instanceof Trouble) fail(trouble);
    else fail(new Trouble("The response was interrupted.", { again: true }));
  } finally {
    clearTimeout(working);
    if (work === one || !work) hide(part("cancel"));
  }
}

function fail(trouble) {
  if (!trouble.message) return;
  document.title = `No description – ${TITLE}`;
  say(trouble.message, "trouble");
  if (trouble.again) part("again").hidden = false;
}

function cancel() {
  begin();
  say("Cancelled.");
}

// A result ----------------------------------------------------------------------------------------

function show(one, record) {
  one.record = record;
  document.title = `${record.sentence} – ${TITLE}`;
  // A page that speaks by itself has told it; a screen reader would tell it again.
  say(record.sentence, "sentence", !speak.checked);
  showMore(record);
  showPreview(one);
  part("result").hidden = false;
  note(one.remark);
  if (speak.checked) hear();
}

const isBlank = (record) => record.notes.includes(BLANK);

function showPreview(one) {
  const preview = part("preview");
  part("figure").hidden = true;
  if (preview.src) URL.revokeObjectURL(preview.src);
  preview.alt = isBlank(one.record) ? BLANK : one.record.caption || one.record.sentence;
  preview.src = URL.createObjectURL(new Blob([one.bytes], { type: one.type }));
}

function showMore(record) {
  const more = part("more");
  more.replaceChildren();
  more.parentElement.open = false;
  if (record.alt_text) more.append(made("h3", "Alt text by the author"), made("p", record.alt_text));
  if (record.notes.length) more.append(made("h3", "Notes"), list(record.notes));
  if (!isBlank(record)) {
    more.append(made("h3", "Confidence"), made("p", `${percent(record.confidence)} sure.`));
    const others = record.alternatives
      .filter((other) => other.caption && other.caption !== record.caption)
      .slice(0, ALTERNATIVES)
      .map((other) => `${other.caption}: ${percent(other.confidence)}`);
    if (others.length) more.append(made("h3", "Alternatives"), list(others));
    const words = record.words
      .filter(({ word }) => namesAThing(word))
      .map(({ word, region }) => `${word}: ${placeOf(region)}`);
    if (words.length) more.append(made("h3", "Objects and where they are"), list([...new Set(words)]));
  }
  more.append(made("h3", "Size"), made("p", `${record.width} by ${record.height} pixels.`));
}

function made(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

function list(lines) {
  const element = document.createElement("ul");
  element.append(...lines.map((line) => made("li", line)));
  return element;
}

function percent(fraction) {
  return `${Math.round(100 * fraction)} percent`;
}

// Words that name nothing one could point at, and those that only look like something that is done.
const [nameless, things] = ["nameless", "things"].map(
  (name) => new Set(part("more").dataset[name].split(" ")),
);

function namesAThing(word) {
  if (word.endsWith("ing")) return things.has(word);
  return /\p{L}/u.test(word) && !nameless.has(word);
}

function placeOf([left, top, right, bottom]) {
  if (right - left >= EVERYWHERE && bottom - top >= EVERYWHERE) return "everywhere";
  const third = (middle) => Math.floor(3 * Math.min(0.99, Math.max(0, middle)));
  const row = ["top", "", "bottom"][third((top + bottom) / 2)];
  const column = ["left", "", "right"][third((left + right) / 2)];
  return `${row} ${column}`.trim() || "centre";
}

// Hearing -----------------------------------------------------------------------------------------

let hearing = 0; // counts what was begun or stopped, so that what comes too late is dropped

async function hear() {
  const one = work;
  stopSpeech();
  const mine = ++hearing;
  const late = () => mine !== hearing;
  note("");
  showStop(true);
  const preparing = setTimeout(() => note("Preparing the speech ..."), SAY_WORKING_AFTER_MS);
  try {
    if (!one.speech) {
      const answer = await ask(one, "audio/mpeg", (text) => late() || note(text));
      const speech = await answer.blob();
      if (late()) return;
      one.speech = URL.createObjectURL(speech);
    }
    if (!sound.src) sound.src = one.speech;
    sound.currentTime = 0;
    sound.playbackRate = Number(speed.value);
    await sound.play();
    clearTimeout(preparing);
    if (!late()) note("");
  } catch (trouble) {
    if (late()) return;
    showStop(false);
    if (trouble.token) askToken(trouble.message);
    else if (trouble.name === "NotAllowedError") note("This browser needs you to press Play.");
    else note(trouble instanceof Trouble ? trouble.message : "The speech can't be played here.");
  } finally {
    clearTimeout(preparing);
  }
}

function stopSpeech() {
  hearing++;
  sound.pause();
  showStop(false);
}

function forgetSpeech() {
  stopSpeech();
  sound.removeAttribute("src");
  if (work?.speech) URL.revokeObjectURL(work.speech);
}

const canStop = () => part("stop").getAttribute("aria-disabled") === "false";

function showStop(can) {
  part("stop").setAttribute("aria-disabled", String(!can));
}

// The token ---------------------------------------------------------------------------------------

function askToken(refused = "") {
  setToken("");
  part("token-form").hidden = false;
  part("token").setAttribute("aria-invalid", String(Boolean(refused)));
  // The field tells why it is there when it gets the focus.
  if (refused) say(refused, "trouble");
  else say("Waiting for the token.", "", false);
  part("token").focus();
}

function setToken(text) {
  token = text;
  kept(tab, "token", text);
}

part("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const given = part("token").value.trim();
  part("token").value = "";
  say("");
  if (!/^[\x21-\x7e]+$/.test(given)) {
    askToken("A token has only letters, digits and symbols, without spaces.");
    return;
  }
  setToken(given);
  hide(part("token-form"));
  if (work) describe(work);
});

// What people do ----------------------------------------------------------------------------------

function takeFirst(files) {
  const others = files.length - 1;
  take(files[0], others ? `Only the first of ${files.length} files is described.` : "");
}

// So that the same picture can be chosen twice in a row.
picture.addEventListener("click", () => (picture.value = ""));
// Chromium opens its dialog by Space only.
picture.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  picture.click();
});
picture.addEventListener("change", () => picture.files.length && takeFirst(picture.files));

document.addEventListener("paste", (event) => {
  if (event.target.closest?.("input[type=password]")) return;
  event.preventDefault();
  const files = event.clipboardData.files;
  if (files.length) takeFirst(files);
  else {
    begin();
    fail(new Trouble("There is no picture on the clipboard."));
  }
});

let held = 0; // how many elements the drag is over: each entered tells once, each left once
const over = (change) => {
  held = Math.max(0, held + change);
  document.body.classList.toggle("over", held > 0);
};
document.addEventListener("dragenter", (event) => {
  if (event.dataTransfer.types.includes("Files")) over(1);
});
document.addEventListener("dragleave", () => over(-1));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  over(-held);
  if (event.dataTransfer.files.length) takeFirst(event.dataTransfer.files);
  else {
    begin();
    fail(new Trouble("This is not a file. Save the picture first, then drop its file."));
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (canStop()) stopSpeech();
  else if (work && !work.record) cancel();
});
part("cancel").addEventListener("click", cancel);
part("again").addEventListener("click", () => {
  const one = work;
  hide(part("again"));
  say("");
  if (one) describe(one);
});

part("hear").addEventListener("click", hear);
part("stop").addEventListener("click", stopSpeech);
sound.addEventListener("ended", () => showStop(false));
part("preview").addEventListener("load", () => (part("figure").hidden = false));

part("copy").addEventListener("click", async () => {
  note("");
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(work.record.caption);
    else copyOldWay(work.record.caption); // on a page without TLS
    note("Copied.");
  } catch {
    note("This browser does not let the page copy.");
  }
});

function copyOldWay(text) {
  const put = (event) => {
    event.preventDefault();
    event.clipboardData.setData("text/plain", text);
  };
  document.addEventListener("copy", put, { once: true });
  if (!document.execCommand("copy")) throw new Error("not allowed");
}

speak.checked = kept(browser, "speak") === "yes";
speak.addEventListener("change", () => kept(browser, "speak", speak.checked ? "yes" : "no"));
const rate = kept(browser, "speed");
if ([...speed.options].some((option) => option.value === rate)) speed.value = rate;
speed.addEventListener("change", () => {
  kept(browser, "speed", speed.value);
  sound.playbackRate = Number(speed.value);
});

if (/Mac|iPhone|iPad/.test(navigator.platform)) part("paste-key").textContent = "Command+V";
const here = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
part("where").textContent = here ? " on this computer" : ` (${location.host})`;
