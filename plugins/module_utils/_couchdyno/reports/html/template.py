# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Jinja2 template of a page, its style sheet and its script.

Nothing in it comes from the network, and its policy forbids the browser to use the network, whatever the library does.
"""
from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --page: #fff; --card: #f8fafc; --text: #0f172a; --dim: #64748b; --line: #e2e8f0;
        --bad: #dc2626; --good: #059669; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0b1120; --card: #131c31; --text: #e2e8f0; --dim: #94a3b8; --line: #27344d; --bad: #f87171;
          --good: #34d399; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 82rem; background: var(--page); color: var(--text);
       font: 15px/1.45 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.6rem; } h2 { margin: 2rem 0 .5rem; font-size: 1.2rem; }
h3 { margin: 1.2rem 0 .4rem; font-size: 1rem; }
p.dim, figcaption, summary span { color: var(--dim); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1rem; }
figure { margin: 0; padding: .75rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
         min-width: 0; }
figcaption { font-size: .85rem; } figcaption b { display: block; color: var(--text); font-size: .95rem; }
.chart { min-height: 220px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } td.text { text-align: left; white-space: normal; }
th { color: var(--dim); font-weight: 600; }
.tables { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 0 2rem; }
.tables table { width: 100%; } .tables td:first-child { white-space: normal; }
details { margin: 1rem 0; padding: .5rem min(1rem, 2.5vw); border: 1px solid var(--line); border-radius: .5rem; }
summary { cursor: pointer; font-weight: 600; } summary span { font-weight: 400; margin-left: .5rem; }
.bad { color: var(--bad); font-weight: 600; } .good { color: var(--good); font-weight: 600; }
a { color: inherit; }
"""

# The library needs a second to load. It starts after the first paint, so that the page can be read at once. Charts are
# drawn when they come into view.
SCRIPT = """
'use strict';
const { figures, lists } = JSON.parse(document.getElementById('figures').textContent);
const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const look = layout => {
  const axis = { gridcolor: colour('--line'), zerolinecolor: colour('--line') };
  return { ...layout, paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', font: { color: colour('--text') },
           xaxis: { ...layout.xaxis, ...axis }, yaxis: { ...layout.yaxis, ...axis } };
};
const options = { responsive: true, displaylogo: false, displayModeBar: false };
const draw = place => {
  if (place.dataset.drawn) return;
  place.dataset.drawn = 'being';
  const figure = figures[place.dataset.figure];
  const traces = figure.data.map(trace => ({ ...trace, x: lists[trace.x], y: lists[trace.y] }));
  Plotly.newPlot(place, traces, look(figure.layout), options)
    .then(() => { place.dataset.drawn = 'done'; });
};
const places = [...document.querySelectorAll('.chart')];
const watcher = new IntersectionObserver(
  entries => entries.filter(entry => entry.isIntersecting).forEach(entry => {
    watcher.unobserve(entry.target); draw(entry.target); }),
  { rootMargin: '300px' });
const begin = () => {
  const script = document.createElement('script');
  script.textContent = document.getElementById('library').textContent;
  document.head.append(script);
  places.forEach(place => watcher.observe(place));
};
requestAnimationFrame(() => setTimeout(begin));
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () =>
  places.filter(place => place.dataset.drawn === 'done').forEach(place =>
    Plotly.react(place, place.data, look(place.layout), options)));
const show = () => {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) { target.open = true; target.scrollIntoView(); } };
addEventListener('hashchange', show);
show();
"""

TEMPLATE = """<!DOCTYPE html>
{%- macro chart(figure) %}
<figure>
<figcaption><b>{{ figure.title }}</b>{{ figure.note }}</figcaption>
<div class="chart" data-figure="{{ figure.id }}" role="img" aria-label="{{ figure.title }}"></div>
</figure>
{%- endmacro %}
{%- macro table(rows) %}
<div class="scroll"><table>
<thead><tr>{% for name in rows.head %}<th>{{ name }}</th>{% endfor %}</tr></thead>
<tbody>
{%- for row in rows.body %}
<tr>{% for cell in row %}<td{% if cell.kind %} class="{{ cell.kind }}"{% endif %}
{%- if cell.path %} data-path="{{ cell.path }}" data-value='{{ cell.value | tojson }}'{% endif %}>
{%- if cell.link %}<a href="#{{ cell.link }}">{{ cell.text }}</a>{% else %}{{ cell.text }}{% endif %}</td>
{%- endfor %}</tr>
{%- endfor %}
</tbody></table></div>
{%- endmacro %}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; {# -#}
  script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:">
<meta name="generator" content="couchdyno {{ version }}">
<link rel="icon" href="data:,">
<title>{{ title }}</title>
<style>{{ style }}</style>
</head>
<body>
<h1>{{ title }}</h1>
<p class="dim">{{ subtitle }}</p>
{%- if missing %}
<p class="bad">No data from {{ missing }}.</p>
{%- endif %}
{%- if charts %}
<h2>Fleet</h2>
<div class="charts">{% for figure in charts %}{{ chart(figure) }}{% endfor %}</div>
{%- endif %}
<h2>Databases</h2>
{{ table(overview) }}
{%- if verified.body %}
<h2>Verification</h2>
{{ table(verified) }}
{%- endif %}
<h2>Details</h2>
{%- for database in databases %}
<details class="database" id="{{ database.id }}"{% if databases | length == 1 %} open{% endif %}>
<summary>{{ database.name }}<span>{{ database.note }}</span></summary>
<div class="charts">{% for figure in database.charts %}{{ chart(figure) }}{% endfor %}</div>
<div class="tables">
{%- for group in database.groups %}
<section><h3>{{ group.title }}</h3>{{ table(group) }}</section>
{%- endfor %}
</div>
{%- for group in database.tables %}
<h3>{{ group.title }}</h3>
{{ table(group) }}
{%- endfor %}
</details>
{%- endfor %}
<script type="application/json" id="figures">{{ figures }}</script>
<script type="text/plain" id="library">{{ library }}</script>
<script>{{ script }}</script>
</body>
</html>
"""
