// SPDX-License-Identifier: Apache-2.0
#include "render/page_parts.h"

namespace maskmill::html {

const std::string_view kStyleSheet = R"css(
:root { color-scheme: light dark;
  --ground: #fff; --ink: #1c2229; --muted: #59636e; --line: #dde2e7; --panel: #f5f7f9; --accent: #0b62a8;
  --good: #1a7f4b; --warning: #8a5a00; --bad: #b3261e;
  --series-1: #0072b2; --series-2: #d55e00; --series-3: #009e73; --series-4: #cc79a7; --series-5: #e69f00;
  --series-6: #56b4e9; --heat: #0072b2; --heat-error: #d55e00; --on-heat: #fff; }
@media screen and (prefers-color-scheme: dark) { :root {
  --ground: #13161a; --ink: #e3e7eb; --muted: #98a2ad; --line: #2b3138; --panel: #1b1f24; --accent: #74b6f2;
  --good: #5fce95; --warning: #e7b549; --bad: #ff8a80;
  --series-1: #4ea6e0; --series-2: #f28544; --series-3: #2fc496; --series-4: #df98bd; --series-5: #ecb440;
  --series-6: #8ccdf3; --heat: #2f83c4; --heat-error: #cc6422; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; padding: 2.5rem clamp(1rem, 4vw, 3rem) 4rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; overflow-wrap: anywhere; }
header, main { max-width: 76rem; margin: 0 auto; }
main.sheet { max-width: 120rem; margin-top: 1.75rem; display: flex; flex-direction: column; }
.sheet .legend { order: -1; }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; }
h2 { margin: 0 0 .75rem; font-size: 1.2rem; font-weight: 650; }
header p { margin: .35rem 0 0; color: var(--muted); }
section { margin-top: 2.75rem; }
section > p, .note { max-width: 46rem; }
p { margin: 0 0 1rem; }
a { color: inherit; text-underline-offset: .15em; text-decoration-color: var(--muted); }
.introduction { color: var(--muted); }
.note { margin: 1rem 0; padding: .6rem .9rem; border-left: 3px solid var(--line); background: var(--panel); }
.note.good { border-color: var(--good); } .note.warning { border-color: var(--warning); }
.note.bad { border-color: var(--bad); }
.headline { display: flex; flex-wrap: wrap; gap: 1.25rem 3rem; margin: 0 0 1.25rem; }
main > .headline { margin-top: 2rem; }
.headline div { display: flex; flex-direction: column-reverse; }
.headline dt { color: var(--muted); font-size: .875rem; }
.headline dd { margin: 0; font-size: 1.9rem; line-height: 1.2; font-weight: 600; font-variant-numeric: tabular-nums; }
.pairs { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem; margin: 0 0 1rem; }
.pairs div { display: contents; }
.pairs dt { color: var(--muted); } .pairs dd { margin: 0; }
.scroll { overflow-x: auto; margin: 0 0 1rem; }
table { overflow-wrap: break-word; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem 1.1rem .35rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { color: var(--muted); font-size: .875rem; font-weight: 500; white-space: nowrap; vertical-align: bottom; }
th:last-child, td:last-child { padding-right: 0; }
td.number, th.number { text-align: right; white-space: nowrap; }
td .detail { display: block; color: var(--muted); font-size: .875rem; line-height: 1.35; }
.share { display: inline-block; min-width: 6.5rem; text-align: right;
  background: linear-gradient(var(--series-1), var(--series-1)) no-repeat left bottom / 0 3px; }
.name { white-space: nowrap; } .legend .name { white-space: normal; }
.swatch { display: inline-block; width: .85em; height: .85em; margin-right: .5em; border-radius: 2px;
  vertical-align: -.06em; box-shadow: inset 0 0 0 1px rgba(128, 128, 128, .55); }
.swatch.hatched { background: repeating-linear-gradient(135deg, #fff 0 1.5px, #444 1.5px 3px, #999 3px 6px); }
.badge { display: inline-block; white-space: nowrap; padding: 0 .45em; border: 1px solid currentColor; border-radius: 3px;
  font-size: .8125rem; line-height: 1.4; color: var(--muted); }
.badge.good { color: var(--good); } .badge.warning { color: var(--warning); } .badge.bad { color: var(--bad); }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; margin: 0 0 1.25rem; padding: 0; list-style: none; }
.legend .remark { margin-left: .4em; color: var(--muted); font-variant-numeric: tabular-nums; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 500px), 500px)); gap: 2rem 3rem;
  align-items: start; }
.charts + .charts, .charts + .scroll { margin-top: 1.25rem; }
.charts.small { grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 300px)); gap: 1.25rem 1.5rem; }
details { margin: 1rem 0; } summary { cursor: pointer; color: var(--accent); margin-bottom: 1rem; }
summary:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
svg.chart { display: block; max-width: 100%; height: auto; overflow: visible; }
.wide svg.chart { max-width: none; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr));
  gap: 1.25rem 1rem; margin: 0 0 1rem; }
.gallery figure.row { grid-column: 1 / -1; }
figure { margin: 0; break-inside: avoid; }
.pictures { display: flex; flex-wrap: wrap; gap: .5rem; align-items: start; }
.row .pictures > * { flex: 1 1 16rem; max-width: 32rem; }
.zoom { display: block; width: 100%; padding: 0; border: 0; background: var(--panel); border-radius: 4px;
  overflow: hidden; cursor: zoom-in; }
.zoom:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.zoom img { display: block; width: 100%; height: auto; }
figure:not(.row) .zoom img { aspect-ratio: 4 / 3; object-fit: contain; }
figcaption { margin-top: .4rem; font-size: .875rem; line-height: 1.4; }
figcaption .detail { display: block; color: var(--muted); font-variant-numeric: tabular-nums; }
dialog { width: 100vw; height: 100vh; max-width: none; max-height: none; margin: 0; padding: 1rem; border: 0;
  background: rgba(10, 12, 14, .96); color: #f0f2f4; cursor: zoom-out; }
dialog[open] { display: flex; flex-direction: column; gap: .75rem; }
dialog img { flex: 1; min-height: 0; width: 100%; object-fit: contain; }
dialog p { margin: 0; text-align: center; }
@media (max-width: 34rem) {
  body { padding-top: 1.5rem; }
  .pairs { grid-template-columns: 1fr; gap: 0; } .pairs dd { margin-bottom: .5rem; }
  th, td { padding-right: .7rem; }
}
@media print { body { padding: 0; font-size: 10pt; } .zoom { cursor: auto; } section { margin-top: 1.5rem; }
  h2 { break-after: avoid; } tr { break-inside: avoid; } dialog { display: none; } }
)css";

const std::string_view kScript = R"js(
(function () {
  var box = document.getElementById('large');
  if (!box.showModal) return;
  var large = box.querySelector('img'), words = box.querySelector('p'), all = [], at = 0;
  function show(index) {
    at = (index + all.length) % all.length;
    var picture = all[at].querySelector('img');
    large.src = picture.src;
    large.alt = words.textContent = picture.alt;
    if (!box.open) box.showModal();
  }
  document.addEventListener('click', function (event) {
    var button = event.target.closest('.zoom');
    if (box.open) { box.close(); return; }
    if (!button) return;
    all = Array.from(document.querySelectorAll('.zoom'));
    show(all.indexOf(button));
  });
  document.addEventListener('keydown', function (event) {
    if (!box.open) return;
    if (event.key === 'ArrowRight') show(at + 1);
    if (event.key === 'ArrowLeft') show(at - 1);
  });
})();
)js";

}  // namespace maskmill::html
