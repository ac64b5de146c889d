"""The style sheet of the gallery: light and dark, from 320 pixels wide, and for print."""

import base64
import hashlib

# Contrast is at least 7:1 for text and 3:1 for borders (WCAG 2.2).
STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f6f3; --card: #ffffff; --ink: #1a1a1a; --soft: #4a4a4a; --line: #8a8a86;
  --link: #0b3f8f; --stage: #e9e9e4; --high: 13rem;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #141416; --card: #1f1f23; --ink: #f1f1ef; --soft: #c3c3c0; --line: #7c7c82;
    --link: #a9cbff; --stage: #2a2a2f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 90rem; padding: 1rem clamp(.75rem, 3vw, 2rem) 2rem;
  background: var(--page); color: var(--ink);
  font: 1.0625rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  overflow-wrap: anywhere;
}
h1 { font-size: 1.75rem; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 2rem 0 .75rem; }
p { margin: .5rem 0; max-width: 65ch; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 3px; border-radius: 2px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem 1rem; z-index: 1; }
.notice { border-left: .4rem solid var(--link); padding: .5rem 1rem; background: var(--card); }
nav ul.turn { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; list-style: none; padding: 0; }
nav a, summary { display: inline-block; padding: .25rem 0; min-height: 1.75rem; }
summary { cursor: pointer; }
main:focus { outline: none; }
.pictures {
  display: grid; gap: 1rem; list-style: none; margin: 0; padding: 0;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr));
}
figure {
  position: relative; margin: 0; height: 100%; overflow: hidden;
  background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
}
figure:focus-within { border-color: var(--link); box-shadow: inset 0 0 0 2px var(--link); }
img {
  display: block; width: 100%; height: var(--high); object-fit: contain;
  background: var(--stage); color: var(--ink);
}
figcaption { padding: .75rem 1rem 1rem; }
figcaption p { margin: 0 0 .35rem; }
.text { white-space: pre-line; }
.sure, .name { font-size: .9375rem; color: var(--soft); }
/* The name's link also covers the picture: one stop for Tab, and a large target to click. */
figcaption a::after { content: ""; position: absolute; inset: 0 0 auto; height: var(--high); }
.broken li { margin: 0 0 .75rem; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); color: var(--soft); }
@media print {
  :root {
    --page: #fff; --card: #fff; --ink: #000; --soft: #333; --line: #777; --link: #000;
    --stage: #fff; --high: 5.5cm;
  }
  body { font-size: 10pt; padding: 0; max-width: none; }
  .skip, nav { display: none; }
  .pictures { display: block; columns: 2; column-gap: .6cm; }
  .pictures > li { break-inside: avoid; margin-bottom: .5cm; }
  figure { height: auto; }
  h2 { break-after: avoid; }
  figcaption a { text-decoration: none; }
}
"""  # untranslated

_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

# The page needs no script and loads nothing but this style and pictures beside it.
POLICY = (
    f"default-src 'none'; img-src 'self' file:; style-src 'sha256-{_DIGEST}'; "  # untranslated
    "base-uri 'none'; form-action 'none'"
)
