// The service's page: the user chooses, drops or pastes a picture and gets its description.
//
// Screen readers: everything is announced once, by one of two live regions (#status for
// descriptions and errors, #notice for speech and copying). The focus does not move, because a
// screen reader that reads a newly focused element would interrupt the description or repeat it.
// Two exceptions: when the focused element is hidden, the focus moves to the heading before the
// description; and it moves to the token's field, which must be filled in first.
//
// Content of the service or of a picture is only inserted as text. The words of the page itself are
// in the user's language; the service sends them with the page.
"use strict";

const PROGRESS_AFTER_MS = 500; // a longer silence feels broken
const RESPONSE_LIMIT_MS = 120_000; // the service itself gives up earlier
const WAIT_LIMIT_S = 60; // if the service is busy for longer, the user has to try again
const TRIES_LIMIT = 10;
const MEGABYTE = 1_000_000;
const TITLE = "Image Describer";
const ALTERNATIVES = 4;
const [DESCRIBE, READ] = ["v1/describe", "v1/read"];
const EVERYWHERE = 0.85; // share of the picture's width and height

const { lang: language, dataset } = document.documentElement;
const words = JSON.parse(dataset.words);
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
const part = (id) => document.getElementById(id);
const [picture, status, notice, heading] = ["picture", "status", "notice", "heading"].map(part);
const [sound, speak, speed] = ["sound", "speak", "speed"].map(part);

let work = null; // the latest picture: {bytes, type, remark, giveUp, record, speech by address}

class RequestError extends Error {
  constructor(sentence, { again = false, token = false } = {}) {
    super(sentence);
    this.again = again;
    this.token = token;
  }
}

// Announcements -----------------------------------------------------------------------------------

function say(text, kind = "", aloud = true, textLanguage = language) {
  status.setAttribute("aria-live", aloud ? "polite" : "off");
  status.className = kind;
  status.lang = textLanguage;
  if (status.textContent !== text) status.textContent = text;
}

function note(text) {
  notice.textContent = text;
}

function hide(element) {
  if (!element.hidden && element.contains(document.activeElement)) heading.focus();
  element.hidden = true;
}

function stored(storage, name, value) {
  try {
    if (value === undefined) return storage().getItem(name);
    storage().setItem(name, value);
  } catch {
    // The browser's storage is off: the value lasts as long as the page.
  }
  return null;
}
const browser = () => localStorage;
const tab = () => sessionStorage;

// Requests ----------------------------------------------------------------------------------------

let token = stored(tab, "token") || "";

async function ask(path, job, accept, announce) {
  for (let tries = 1; ; tries++) {
    const answer = await post(path, job, accept);
    if (answer.ok) return answer;
    const sentence = await sentenceOf(answer);
    if (answer.status === 401) throw new RequestError(token ? sentence : "", { token: true });
    const wait = Math.max(1, Math.ceil(Number(answer.headers.get("Retry-After")) || 0));
    const busy = answer.status === 429 || (answer.status === 503 && wait > 1);
    if (!busy) throw new RequestError(sentence, { again: answer.status >= 500 });
    if (tries === TRIES_LIMIT || wait > WAIT_LIMIT_S) {
      throw new RequestError(sentence, { again: true });
    }
    const one = new Intl.PluralRules(language).select(wait) === "one";
    announce(fill(words.busy[one ? 0 : 1], { count: wait }));
    await pause(1000 * wait, job.giveUp.signal);
  }
}

async function post(path, job, accept) {
  const headers = { Accept: accept, "Content-Type": "application/octet-stream" };
  if (token) headers.Authorization = `Bearer ${token}`;
  const slow = setTimeout(() => job.giveUp.abort("slow"), RESPONSE_LIMIT_MS);
  try {
    return await fetch(path, {
      ...{ method: "POST", body: job.bytes, headers, signal: job.giveUp.signal },
      ...{ cache: "no-store", credentials: "omit", redirect: "error" },
    });
  } catch {
    if (job.giveUp.signal.aborted && job.giveUp.signal.reason !== "slow") throw new RequestError("");
    throw new RequestError(words.noAnswer, { again: true });
  } finally {
    clearTimeout(slow);
  }
}

async function sentenceOf(answer) {
  try {
    const { detail } = await answer.json();
    if (typeof detail === "string" && detail) return detail;
  } catch {
    // The response is not the service's, perhaps a proxy's.
  }
  return fill(words.failed, { status: answer.status });
}

function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new RequestError(""));
    });
  });
}

// Describing --------------------------------------------------------------------------------------

async function take(file, remark = "") {
  begin();
  const limit = Number(picture.dataset.limitBytes);
  if (file.size > limit) {
    const sizes = { size: Math.ceil(file.size / MEGABYTE), limit: Math.floor(limit / MEGABYTE) };
    fail(new RequestError(fill(words.tooLarge, sizes)));
    return;
  }
  const job = { type: file.type, remark, giveUp: new AbortController(), speech: {} };
  work = job;
  try {
    job.bytes = await file.arrayBuffer();
  } catch {
    if (work === job) fail(new RequestError(words.unreadable));
    return;
  }
  if (work === job) await describe(job);
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

async function describe(job) {
  job.giveUp = new AbortController();
  const working = setTimeout(() => {
    if (!status.textContent) say(words.looking);
    part("cancel").hidden = false;
  }, PROGRESS_AFTER_MS);
  try {
    const answer = await ask(DESCRIBE, job, "application/json", (text) => {
      if (work === job) say(text);
    });
    const record = await answer.json();
    if (work === job) show(job, record);
  } catch (error) {
    if (work !== job) return;
    if (error.token) askToken(error.message);
    else if (error instanceof RequestError) fail(error);
    else fail(new RequestError(words.interrupted, { again: true }));
  } finally {
    clearTimeout(working);
    if (work === job || !work) hide(part("cancel"));
  }
}

function fail(error) {
  if (!error.message) return;
  document.title = `${words.noDescription} – ${TITLE}`;
  say(error.message, "trouble");
  if (error.again) part("again").hidden = false;
}

function cancel() {
  begin();
  say(words.cancelled);
}

// Results -----------------------------------------------------------------------------------------

function show(job, record) {
  job.record = record;
  document.title = `${record.sentence} – ${TITLE}`;
  // With automatic speech, a screen reader would repeat the sentence.
  say(record.sentence, "sentence", !speak.checked, record.language);
  showText(record);
  showMore(record);
  showPreview(job);
  part("result").hidden = false;
  note(job.remark);
  if (speak.checked) hear(DESCRIBE);
}


function showText(record) {
  part("text").textContent = record.text || "";
  part("written").hidden = !record.text;
  part("copy").hidden = !record.has_scene; // its caption is invented
}

function showPreview(job) {
  const preview = part("preview");
  part("figure").hidden = true;
  if (preview.src) URL.revokeObjectURL(preview.src);
  const { caption, sentence, has_scene: hasScene } = job.record;
  preview.alt = (hasScene && caption) || sentence;
  preview.src = URL.createObjectURL(new Blob([job.bytes], { type: job.type }));
}

function showMore(record) {
  const more = part("more");
  more.replaceChildren();
  more.parentElement.open = false;
  if (record.alt_text) more.append(made("h3", words.author), made("p", record.alt_text));
  if (record.notes.length) more.append(made("h3", words.notes), list(record.notes));
  if (record.codes.length) {
    const codes = record.codes.map(({ format, content }) => `${format}: ${content}`);
    more.append(made("h3", words.codes), list(codes));
  }
  if (record.has_scene) {
    const sure = fill(words.sure, { percent: percent(record.confidence) });
    more.append(made("h3", words.confidence), made("p", sure));
    const others = record.alternatives
      .filter((other) => other.caption && other.caption !== record.caption)
      .slice(0, ALTERNATIVES)
      .map((other) => `${other.caption}: ${percent(other.confidence)}`);
    if (others.length) more.append(made("h3", words.alternatives), list(others));
    const objects = record.words
      .filter(({ word }, at, all) => isObject(word, all[at + 1]?.word, record.language))
      .map(({ word, region }) => `${word}: ${placeOf(region)}`);
    if (objects.length) more.append(made("h3", words.objects), list([...new Set(objects)]));
  }
  more.append(made("h3", words.size), made("p", fill(words.pixels, record)));
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
  return fill(words.percent, { number: Math.round(100 * fraction) });
}

// Words that name no object, words with -ing that do, and words that do unless "of" follows.
const [nameless, things, beforeOf] = ["nameless", "things", "beforeOf"].map(
  (name) => new Set(part("more").dataset[name].split(" ")),
);

function isObject(word, following, wordLanguage) {
  if (wordLanguage === "de") return /^\p{Lu}/u.test(word);
  if (following === "of" && beforeOf.has(word)) return false;
  if (word.endsWith("ing")) return things.has(word);
  return /\p{L}/u.test(word) && !nameless.has(word);
}

function placeOf([left, top, right, bottom]) {
  if (right - left >= EVERYWHERE && bottom - top >= EVERYWHERE) return words.everywhere;
  const third = (middle) => Math.floor(3 * Math.min(0.99, Math.max(0, middle)));
  return words.places[third((top + bottom) / 2)][third((left + right) / 2)];
}

// Speech ------------------------------------------------------------------------------------------

let hearing = 0; // changes with each start and stop, so that outdated responses are dropped

// Plays the description, or all of the text: what the service makes of the picture at ``path``.
async function hear(path) {
  const job = work;
  stopSpeech();
  const own = ++hearing;
  const late = () => own !== hearing;
  note("");
  showStop(true);
  const preparing = setTimeout(() => note(words.preparing), PROGRESS_AFTER_MS);
  try {
    if (!job.speech[path]) {
      const answer = await ask(path, job, "audio/mpeg", (text) => late() || note(text));
      const speech = await answer.blob();
      if (late()) return;
      job.speech[path] = URL.createObjectURL(speech);
    }
    if (sound.src !== job.speech[path]) sound.src = job.speech[path];
    sound.currentTime = 0;
    sound.playbackRate = Number(speed.value);
    await sound.play();
    clearTimeout(preparing);
    if (!late()) note("");
  } catch (error) {
    if (late()) return;
    showStop(false);
    if (error.token) askToken(error.message);
    else if (error.name === "NotAllowedError") note(words.pressPlay);
    else note(error instanceof RequestError ? error.message : words.notPlayed);
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
  if (work) Object.values(work.speech).forEach((url) => URL.revokeObjectURL(url));
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
  // The field's own description is read when it gets the focus.
  if (refused) say(refused, "trouble");
  else say(words.waitingForToken, "", false);
  part("token").focus();
}

function setToken(text) {
  token = text;
  stored(tab, "token", text);
}

part("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const entered = part("token").value.trim();
  part("token").value = "";
  say("");
  if (!/^[\x21-\x7e]+$/.test(entered)) {
    askToken(words.tokenCharacters);
    return;
  }
  setToken(entered);
  hide(part("token-form"));
  if (work) describe(work);
});

// Input -------------------------------------------------------------------------------------------

function takeFirst(files) {
  const others = files.length - 1;
  take(files[0], others ? fill(words.onlyFirst, { count: files.length }) : "");
}

// Without this, choosing the same picture again would fire no change event.
picture.addEventListener("click", () => (picture.value = ""));
// Chromium opens its dialog with Space only.
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
    fail(new RequestError(words.nothingPasted));
  }
});

let dragDepth = 0; // elements under the drag: dragenter and dragleave fire for each
const over = (change) => {
  dragDepth = Math.max(0, dragDepth + change);
  document.body.classList.toggle("over", dragDepth > 0);
};
document.addEventListener("dragenter", (event) => {
  if (event.dataTransfer.types.includes("Files")) over(1);
});
document.addEventListener("dragleave", () => over(-1));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  over(-dragDepth);
  if (event.dataTransfer.files.length) takeFirst(event.dataTransfer.files);
  else {
    begin();
    fail(new RequestError(words.notAFile));
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (canStop()) stopSpeech();
  else if (work && !work.record) cancel();
});
part("cancel").addEventListener("click", cancel);
part("again").addEventListener("click", () => {
  const job = work;
  hide(part("again"));
  say("");
  if (job) describe(job);
});

part("hear").addEventListener("click", () => hear(DESCRIBE));
part("hear-text").addEventListener("click", () => hear(READ));
part("stop").addEventListener("click", stopSpeech);
sound.addEventListener("ended", () => showStop(false));
part("preview").addEventListener("load", () => (part("figure").hidden = false));

async function copy(text) {
  note("");
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else copyOldWay(text); // on a page without TLS
    note(words.copied);
  } catch {
    note(words.notCopied);
  }
}
part("copy").addEventListener("click", () => copy(work.record.caption));
part("copy-text").addEventListener("click", () => copy(work.record.text));

function copyOldWay(text) {
  const put = (event) => {
    event.preventDefault();
    event.clipboardData.setData("text/plain", text);
  };
  document.addEventListener("copy", put, { once: true });
  if (!document.execCommand("copy")) throw new Error("not allowed");
}

speak.checked = stored(browser, "speak") === "yes";
speak.addEventListener("change", () => stored(browser, "speak", speak.checked ? "yes" : "no"));
const rate = stored(browser, "speed");
if ([...speed.options].some((option) => option.value === rate)) speed.value = rate;
speed.addEventListener("change", () => {
  stored(browser, "speed", speed.value);
  sound.playbackRate = Number(speed.value);
});

if (/Mac|iPhone|iPad/.test(navigator.platform)) part("paste-key").textContent = words.pasteKeyOfMac;
const here = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
part("sent").textContent = here ? words.sentHere : fill(words.sentTo, { host: location.host });
