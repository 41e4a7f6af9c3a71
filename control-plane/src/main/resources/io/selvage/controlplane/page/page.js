// SPDX-License-Identifier: Apache-2.0
// Asks the API every two seconds, and shows what it says. Names come from manifests and proxies: they
// are only ever set as text.

import { TapPanel } from './tap.js';
import { Topology, svg } from './topology.js';

const EVERY_MS = 2_000;
const SLOWEST_MS = 30_000;
const PATIENCE_MS = 15_000;
/** Rows of a table; more are found by the filter. */
const MAX_ROWS = 300;
/** Figures a sparkline remembers. */
const MEMORY = 60;

const $ = id => document.getElementById(id);

function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'class') element.className = value;
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

// ---- Figures as text

const format = {
  rate(value) {
    if (value === null) return '–';
    if (value >= 10_000) return `${(value / 1000).toFixed(0)}k`;
    if (value >= 1_000) return `${(value / 1000).toFixed(1)}k`;
    if (value >= 100) return value.toFixed(0);
    return value.toFixed(1);
  },
  /** Never 100 % when there was a failure. */
  share(value) {
    if (value === null) return '–';
    if (value >= 1) return '100%';
    return `${(Math.floor(value * 10_000) / 100).toFixed(value > 0.99 ? 2 : 1)}%`;
  },
  millis(value) {
    if (value === null) return '–';
    return value >= 10_000 ? `${(value / 1000).toFixed(0)} s` : value >= 1_000 ? `${(value / 1000).toFixed(1)} s` : `${value} ms`;
  },
  bytes(value) {
    if (value === null) return '–';
    const units = ['B/s', 'kB/s', 'MB/s', 'GB/s'];
    let unit = 0;
    let left = value;
    while (left >= 1000 && unit < units.length - 1) {
      left /= 1000;
      unit++;
    }
    return `${left >= 100 || unit === 0 ? left.toFixed(0) : left.toFixed(1)} ${units[unit]}`;
  },
  level(golden) {
    if (golden.success === null) return 'idle';
    return golden.success >= 0.99 ? 'ok' : golden.success >= 0.95 ? 'warn' : 'bad';
  },
  golden(golden) {
    if (golden.rps === null) {
      return golden.tcp_open_connections ? `${golden.tcp_open_connections} connections open` : 'no requests';
    }
    return `${format.rate(golden.rps)} requests a second, ${format.share(golden.success)} successful, p95 ${format.millis(golden.latency_ms_p95)}`;
  },
  node(node) {
    const place = node.namespace ? ` in ${node.namespace}` : '';
    const mesh = node.pods ? `, ${node.meshed} of ${node.pods} pods meshed` : '';
    return `${node.gateway ? 'gateway ' : ''}${node.kind} ${node.name}${place}${mesh}: ${format.golden(node)}`;
  },
  edge(edge) {
    return `${nameOf(edge.src)} to ${nameOf(edge.dst)}: ${format.golden(edge)}, ${security(edge)}`;
  },
};

function security(edge) {
  const words = edge.secured ? 'secured' : `not secured (${edge.no_tls_reasons.join(', ')})`;
  return edge.denied ? `denied, ${words}` : words;
}

function age(text) {
  const seconds = (Date.now() - Date.parse(text)) / 1000;
  return Number.isFinite(seconds) ? span(Math.max(0, seconds)) : '–';
}

function span(seconds) {
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}

// ---- State

const state = {
  graph: null,
  overview: null,
  chosen: '',
  nodes: new Map(),
  history: new Map(),
  totals: [],
  namespaces: new Set(),
};

function nameOf(id) {
  const node = state.nodes.get(id);
  return node ? node.name : id;
}

// ---- Asking

class Poller {
  #timer = 0;
  #failures = 0;
  #running = false;
  paused = false;

  async #round() {
    if (this.#running) return;
    this.#running = true;
    clearTimeout(this.#timer);
    try {
      const query = new URLSearchParams({ by: by(), window: $('window').value });
      if ($('namespace').value) query.set('namespace', $('namespace').value);
      const asked = query.toString();
      const [graph, overview] = await Promise.all([ask(`api/v1/graph?${asked}`), ask('api/v1/overview')]);
      this.#failures = 0;
      show(graph, overview);
      tell('live', 'live');
    } catch (failure) {
      this.#failures++;
      tell('lost', `no answer: ${failure.message}`);
    }
    this.#running = false;
    this.#plan();
  }

  #plan() {
    clearTimeout(this.#timer);
    if (this.paused || document.hidden) return;
    const wait = Math.min(SLOWEST_MS, EVERY_MS * 2 ** this.#failures);
    // Many pages must not come back in one moment.
    this.#timer = setTimeout(() => this.#round(), this.#failures ? wait * (0.75 + Math.random() / 2) : wait);
  }

  now() {
    this.#failures = 0;
    this.#round();
  }

  pause(paused) {
    this.paused = paused;
    clearTimeout(this.#timer);
    if (paused) tell('wait', 'paused');
    else this.now();
  }
}

async function ask(address) {
  const response = await fetch(address, { signal: AbortSignal.timeout(PATIENCE_MS), cache: 'no-store' });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.error ?? `status ${response.status}`);
  return body;
}

function tell(level, text) {
  const element = $('state');
  element.dataset.state = level;
  if (element.textContent !== text) element.textContent = text;
}

function by() {
  return document.querySelector('input[name="by"]:checked').value;
}

// ---- Showing

function show(graph, overview) {
  state.graph = graph;
  state.overview = overview;
  state.nodes = new Map(graph.nodes.map(node => [node.id, node]));
  remember(graph);
  namespaces(graph);
  summary(graph, overview);
  const hint = topology.update(graph);
  $('topology-hint').textContent = [hint, ...graph.notes].filter(Boolean).join(' ');
  $('topology-empty').hidden = graph.edges.length > 0;
  $('topology-empty').textContent = 'No traffic within the window.';
  problems(overview);
  workloads.show(graph.nodes.filter(isListed));
  edges.show(graph.edges);
  proxies.show(overview.proxies);
  $('proxy-count').textContent = counted(overview.proxies.length, overview.proxy_count);
  inspector();
  links(overview.links);
  $('where').textContent = overview.trust_domain;
  $('foot').textContent = `Answered by ${overview.instance}`;
}

function remember(graph) {
  const kept = new Map();
  for (const node of graph.nodes) {
    const past = state.history.get(node.id) ?? [];
    past.push(node.rps ?? 0);
    if (past.length > MEMORY) past.shift();
    kept.set(node.id, past);
  }
  state.history = kept;
}

function namespaces(graph) {
  const select = $('namespace');
  let changed = false;
  for (const node of graph.nodes) {
    const name = node.kind === 'namespace' ? node.name : node.namespace;
    if (name && !state.namespaces.has(name) && state.namespaces.size < 2_000) {
      state.namespaces.add(name);
      changed = true;
    }
  }
  if (!changed) return;
  const value = select.value;
  select.replaceChildren(
    el('option', { value: '' }, 'all'),
    ...[...state.namespaces].sort().map(name => el('option', { value: name }, name)));
  select.value = value;
}

function figure(element, value, unit = '') {
  element.replaceChildren(value, unit ? el('span', { class: 'unit' }, unit) : '');
}

function summary(graph, overview) {
  let rps = 0;
  let good = 0;
  let slowest = null;
  for (const edge of graph.edges) {
    rps += edge.rps ?? 0;
    good += (edge.rps ?? 0) * (edge.success ?? 0);
    if (edge.latency_ms_p95 !== null && (slowest === null || edge.latency_ms_p95 > slowest.latency_ms_p95)) slowest = edge;
  }
  const success = rps > 0 ? Math.min(1, good / rps) : null;
  state.totals.push({ rps, success: success ?? 1 });
  if (state.totals.length > MEMORY) state.totals.shift();
  figure($('tile-rps'), format.rate(rps), '/s');
  const share = $('tile-success');
  figure(share, format.share(success));
  share.className = format.level({ success });
  const failing = graph.edges.filter(edge => edge.success !== null && edge.success < 0.99).length;
  $('tile-success-note').textContent = failing ? `${failing} ${failing === 1 ? 'edge' : 'edges'} below 99 %` : 'every edge above 99 %';
  sparkline($('spark-rps'), state.totals.map(total => total.rps), 0);
  sparkline($('spark-success'), state.totals.map(total => total.success), Math.min(0.9, ...state.totals.map(total => total.success)), 1);
  figure($('tile-p95'), slowest ? format.millis(slowest.latency_ms_p95) : '–');
  $('tile-p95-note').textContent = slowest ? `${nameOf(slowest.src)} → ${nameOf(slowest.dst)}` : '';
  const secured = graph.edges.filter(edge => edge.secured).length;
  figure($('tile-secured'), String(secured), `of ${graph.edges.length}`);
  const denied = graph.edges.filter(edge => edge.denied).length;
  $('tile-secured-note').textContent = denied ? `${denied} denied` : '';
  const pods = graph.nodes.reduce((sum, node) => sum + node.pods, 0);
  const meshed = graph.nodes.reduce((sum, node) => sum + node.meshed, 0);
  figure($('tile-meshed'), String(meshed), `of ${pods}`);
  $('tile-meshed-note').textContent = `${overview.proxy_count} proxies connected`;
  const errors = overview.problems.filter(problem => problem.severity === 'error').length;
  figure($('tile-problems'), String(overview.problem_count));
  $('tile-problems').className = errors ? 'bad' : overview.problem_count ? 'warn' : 'ok';
  $('tile-problems-note').textContent = !overview.source.connected ? 'objects cannot be read' : overview.problem_count ? '' : 'nothing to mend';
  const badge = $('problem-badge');
  badge.hidden = overview.problem_count === 0;
  badge.textContent = String(overview.problem_count);
  badge.dataset.level = errors ? 'error' : 'warning';
  document.title = overview.problem_count ? `(${overview.problem_count}) Selvage` : 'Selvage';
}

function sparkline(parent, values, least, most = Math.max(...values, least + 1e-9)) {
  const width = 76;
  const height = 22;
  const points = values
    .map((value, i) => {
      const x = ((MEMORY - values.length + i) / (MEMORY - 1)) * width;
      const y = height - 2 - ((value - least) / Math.max(1e-9, most - least)) * (height - 4);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(' ');
  const line = parent.querySelector('polyline');
  if (line) {
    line.setAttribute('points', points);
  } else {
    parent.replaceChildren(
      svg('svg', { class: 'sparkline', width, height, viewBox: `0 0 ${width} ${height}` }, svg('polyline', { points })));
  }
}

function problems(overview) {
  const list = $('problem-list');
  const items = overview.problems.map(problem => {
    const item = el(
      'li',
      { class: problem.severity },
      el('span', { class: 'hidden' }, `${problem.severity}: `),
      el('span', { class: 'about' }, problem.about),
      ` ${problem.message}`);
    if (problem.where) item.append(el('span', { class: 'place' }, problem.where));
    return item;
  });
  if (items.length === 0) items.push(el('li', { class: 'fine' }, 'Nothing to mend: objects, identities and proxies are as they should be.'));
  if (overview.problem_count > overview.problems.length) {
    items.push(el('li', { class: 'warning' }, `and ${overview.problem_count - overview.problems.length} more`));
  }
  const text = items.map(item => item.textContent).join('\n');
  // What has not changed is not read out again, and keeps a selection.
  if (list.dataset.text !== text) {
    list.dataset.text = text;
    list.replaceChildren(...items);
  }
}

function counted(shown, all) {
  return shown === all ? String(all) : `${shown} of ${all}`;
}

function links(all) {
  const parent = $('links');
  if (parent.childElementCount !== all.length) {
    parent.replaceChildren(...all.map(link => el('a', { href: link.path, target: '_blank', rel: 'noopener noreferrer' }, link.name)));
  }
}

// ---- Tables

/** A table that keeps its rows, and the focus in them, from one answer to the next. */
class Table {
  #columns;
  #key;
  #count;
  #empty;
  #body = el('tbody');
  #caption = el('caption');
  #heads = [];
  #rows = new Map();
  #sort = null;
  #all = [];

  /**
   * @param columns name, value to sort by, fill(cell, row), and what else to say of the cell
   * @param key of a row
   */
  constructor(table, columns, key, count, empty) {
    this.#columns = columns;
    this.#key = key;
    this.#count = count;
    this.#empty = empty;
    const head = el('tr');
    columns.forEach((column, i) => {
      const cell = el('th', { scope: 'col', class: column.class ?? '' });
      if (column.value) {
        const button = el('button', { type: 'button' }, column.name);
        button.addEventListener('click', () => this.#order(i));
        cell.setAttribute('aria-sort', 'none');
        cell.append(button);
      } else {
        cell.append(el('span', { class: 'hidden' }, column.name));
      }
      this.#heads.push(cell);
      head.append(cell);
    });
    table.append(this.#caption, el('thead', {}, head), this.#body);
  }

  #order(column) {
    const falling = this.#sort?.column === column ? !this.#sort.falling : Boolean(this.#columns[column].falling);
    this.#sort = { column, falling };
    this.#heads.forEach((cell, i) => {
      if (this.#columns[i].value) {
        cell.setAttribute('aria-sort', i !== column ? 'none' : falling ? 'descending' : 'ascending');
      }
    });
    this.show(this.#all);
  }

  show(all) {
    this.#all = all;
    const sorted = [...all];
    if (this.#sort) {
      const { value } = this.#columns[this.#sort.column];
      const way = this.#sort.falling ? -1 : 1;
      sorted.sort((a, b) => {
        const x = value(a);
        const y = value(b);
        // What is not known is always last.
        if (x === null || y === null) return (x === null) - (y === null);
        return way * (typeof x === 'string' ? x.localeCompare(y) : x - y);
      });
    }
    const shown = sorted.slice(0, MAX_ROWS);
    const keys = new Set(shown.map(this.#key));
    for (const [key, row] of this.#rows) {
      if (!keys.has(key)) {
        row.element.remove();
        this.#rows.delete(key);
      }
    }
    shown.forEach((data, i) => {
      const key = this.#key(data);
      let row = this.#rows.get(key);
      if (!row) {
        row = this.#row();
        this.#rows.set(key, row);
      }
      this.#columns.forEach((column, c) => column.fill(row.cells[c], data));
      row.element.classList.toggle('chosen', key === state.chosen);
      if (this.#body.children[i] !== row.element) this.#body.insertBefore(row.element, this.#body.children[i] ?? null);
    });
    this.#caption.textContent = all.length ? (shown.length < all.length ? 'Filter to see more.' : '') : this.#empty;
    this.#caption.hidden = this.#caption.textContent === '';
    if (this.#count) this.#count.textContent = counted(shown.length, all.length);
  }

  #row() {
    const cells = this.#columns.map(column => el('td', { class: column.class ?? '', 'data-label': column.name }));
    return { element: el('tr', {}, ...cells), cells };
  }
}

function put(cell, text, className) {
  if (cell.textContent !== text) cell.textContent = text;
  if (className !== undefined && cell.dataset.level !== className) {
    cell.classList.remove(cell.dataset.level || 'none');
    if (className) cell.classList.add(className);
    cell.dataset.level = className;
  }
}

/** A cell whose content is one button. */
function button(cell, text, sub, act) {
  let inner = cell.querySelector('button');
  if (!inner) {
    inner = el('button', { type: 'button' });
    cell.append(inner, ' ', el('span', { class: 'sub' }));
    inner.addEventListener('click', () => inner.act());
  }
  inner.act = act;
  if (inner.textContent !== text) inner.textContent = text;
  const small = cell.querySelector('.sub');
  if (small.textContent !== sub) small.textContent = sub;
}

const goldenColumns = [
  { name: 'Success', falling: false, value: row => row.success, fill: (cell, row) => put(cell, format.share(row.success), row.success === null ? '' : format.level(row)) },
  { name: 'Requests/s', falling: true, value: row => row.rps, fill: (cell, row) => put(cell, format.rate(row.rps)) },
  { name: 'P50', falling: true, value: row => row.latency_ms_p50, fill: (cell, row) => put(cell, format.millis(row.latency_ms_p50)) },
  { name: 'P95', falling: true, value: row => row.latency_ms_p95, fill: (cell, row) => put(cell, format.millis(row.latency_ms_p95)) },
  { name: 'P99', falling: true, value: row => row.latency_ms_p99, fill: (cell, row) => put(cell, format.millis(row.latency_ms_p99)) },
  { name: 'Connections', falling: true, value: row => row.tcp_open_connections, fill: (cell, row) => put(cell, row.tcp_open_connections === null ? '–' : String(row.tcp_open_connections)) },
];

const workloads = new Table(
  $('workload-table'),
  [
    { name: 'Name', class: 'left whole', value: row => row.name, fill: (cell, row) => button(cell, row.name, row.gateway ? 'gateway' : row.kind, () => choose(row.id)) },
    { name: 'Namespace', class: 'left', value: row => row.namespace, fill: (cell, row) => put(cell, row.namespace || '–') },
    {
      name: 'Meshed',
      value: row => (row.pods ? row.meshed / row.pods : null),
      fill: (cell, row) => {
        if (!cell.firstChild) cell.append(el('span', { class: 'chip' }));
        const chip = cell.firstChild;
        const level = row.pods === 0 ? '' : row.meshed === row.pods ? 'ok' : row.meshed ? 'warn' : '';
        put(chip, row.pods ? `${row.meshed}/${row.pods}` : row.gateway ? 'gateway' : '–', level);
      },
    },
    ...goldenColumns,
    { name: 'Requests lately', class: 'spark', fill: (cell, row) => sparkline(cell, state.history.get(row.id) ?? [0], 0) },
  ],
  row => row.id,
  $('workload-count'),
  'No workload matches.');

const edges = new Table(
  $('edge-table'),
  [
    { name: 'From', class: 'left', value: row => nameOf(row.src), fill: (cell, row) => button(cell, nameOf(row.src), '', () => choose(edgeKey(row))) },
    { name: 'To', class: 'left', value: row => nameOf(row.dst), fill: (cell, row) => put(cell, nameOf(row.dst)) },
    {
      name: 'Secured',
      class: 'left',
      value: row => (row.denied ? 0 : row.secured ? 2 : 1),
      fill: (cell, row) => {
        if (!cell.firstChild) cell.append(el('span', { class: 'chip' }));
        put(cell.firstChild, row.denied ? `denied${row.secured ? '' : `: ${row.no_tls_reasons.join(', ')}`}` : row.secured ? '√ mTLS' : row.no_tls_reasons.join(', '), row.denied ? 'bad' : row.secured ? 'ok' : 'warn');
      },
    },
    ...goldenColumns,
  ],
  edgeKey,
  $('edge-count'),
  'No traffic within the window.');

const proxies = new Table(
  $('proxy-table'),
  [
    { name: 'Pod', class: 'left whole', value: row => row.pod || row.identity, fill: (cell, row) => put(cell, row.pod || row.identity) },
    { name: 'Namespace', class: 'left', value: row => row.namespace, fill: (cell, row) => put(cell, row.namespace) },
    { name: 'Kind', class: 'left', value: row => row.kind, fill: (cell, row) => put(cell, row.kind) },
    { name: 'Version', class: 'left', value: row => row.version, fill: (cell, row) => put(cell, row.version) },
    { name: 'Connected', value: row => -Date.parse(row.since), fill: (cell, row) => put(cell, age(row.since)) },
    {
      name: 'Certificate',
      value: row => (row.certificate_end ? Date.parse(row.certificate_end) : null),
      fill: (cell, row) => {
        const left = (Date.parse(row.certificate_end) - Date.now()) / 1000;
        put(cell, row.certificate_end ? (left < 0 ? 'ended' : `${span(left)} left`) : '–');
      },
    },
    {
      name: 'State',
      class: 'left',
      value: row => row.trouble,
      fill: (cell, row) => {
        if (!cell.firstChild) cell.append(el('span', { class: 'chip' }));
        put(cell.firstChild, row.trouble || 'current', row.trouble ? 'warn' : 'ok');
      },
    },
  ],
  row => `${row.identity} ${row.namespace}/${row.pod} ${row.since}`,
  null,
  'No proxy is connected to this replica.');

function isListed(node) {
  if (node.kind === 'clients') return false;
  if (!$('unmeshed').checked && node.meshed === 0 && !node.gateway) return false;
  const wanted = $('filter').value.trim().toLowerCase();
  return wanted === '' || `${node.kind}/${node.name} ${node.namespace}`.toLowerCase().includes(wanted);
}

function edgeKey(edge) {
  return `${edge.src}\n${edge.dst}`;
}

// ---- Details

function choose(key) {
  state.chosen = key;
  topology.choose(key);
  const node = state.nodes.get(key);
  if (node && node.meshed > 0) tap.suggest(`${node.kind}/${node.name}`, node.namespace);
  inspector();
  if (state.graph) {
    workloads.show(state.graph.nodes.filter(isListed));
    edges.show(state.graph.edges);
  }
}

function facts(pairs) {
  return el('dl', { class: 'facts' }, ...pairs.flatMap(([name, value, level]) => [el('dt', {}, name), el('dd', { class: level ?? '' }, value)]));
}

function goldenFacts(golden) {
  return [
    ['Success', format.share(golden.success), golden.success === null ? '' : format.level(golden)],
    ['Requests', `${format.rate(golden.rps)}/s`],
    ['P50 · P95 · P99', [golden.latency_ms_p50, golden.latency_ms_p95, golden.latency_ms_p99].map(format.millis).join(' · ')],
    ['Open connections', golden.tcp_open_connections === null ? '–' : String(golden.tcp_open_connections)],
    ['Bytes from clients', format.bytes(golden.tcp_read_bytes_rate)],
    ['Bytes to clients', format.bytes(golden.tcp_write_bytes_rate)],
  ];
}

function ends(title, list, end) {
  if (list.length === 0) return '';
  return el(
    'div',
    { class: 'ends' },
    el('h3', {}, title),
    el('ul', {}, ...list.slice(0, 30).map(edge => {
      const figures = edge.rps === null ? (edge.tcp_open_connections ? `${edge.tcp_open_connections} open` : 'idle') : `${format.rate(edge.rps)}/s · ${format.share(edge.success)} · ${format.millis(edge.latency_ms_p95)}`;
      return el('li', {}, el('span', {}, `${edge.secured ? '√ ' : ''}${nameOf(edge[end])}`), el('span', {}, figures));
    })));
}

function inspector() {
  const panel = $('inspector');
  const graph = state.graph;
  const node = state.nodes.get(state.chosen);
  const edge = graph?.edges.find(each => edgeKey(each) === state.chosen);
  panel.hidden = !node && !edge;
  if (node) {
    $('inspector-title').textContent = node.name;
    $('inspector-body').replaceChildren(
      facts([
        ['Kind', node.gateway ? `${node.kind}, gateway` : node.kind],
        ['Namespace', node.namespace || '–'],
        ['Meshed', node.pods ? `${node.meshed} of ${node.pods} pods` : '–'],
        ['Figures of', node.own_proxy ? 'its own proxies' : 'its clients'],
        ...goldenFacts(node),
      ]),
      ends('Called by', graph.edges.filter(each => each.dst === node.id), 'src'),
      ends('Calls', graph.edges.filter(each => each.src === node.id), 'dst'));
  } else if (edge) {
    $('inspector-title').textContent = `${nameOf(edge.src)} → ${nameOf(edge.dst)}`;
    $('inspector-body').replaceChildren(
      facts([
        ['Protection', edge.secured ? '√ mutual TLS' : edge.no_tls_reasons.join(', '), edge.secured ? 'ok' : 'warn'],
        ['Policy', edge.denied ? 'denied' : 'let in', edge.denied ? 'bad' : ''],
        ['Asked for', edge.services.join(', ') || '–'],
        ...goldenFacts(edge),
      ]));
  }
}

// ---- Controls

function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage is switched off
  }
}

const themes = ['auto', 'light', 'dark'];

function theme(name) {
  if (name === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  $('theme').textContent = `Theme: ${name}`;
  $('theme').dataset.theme = name;
}

const topology = new Topology($('canvas'), choose, format);
const poller = new Poller();
const tap = new TapPanel();

theme(themes.includes(remembered('selvage-theme')) ? remembered('selvage-theme') : 'auto');
$('theme').addEventListener('click', () => {
  const next = themes[(themes.indexOf($('theme').dataset.theme) + 1) % themes.length];
  theme(next);
  try {
    localStorage.setItem('selvage-theme', next);
  } catch {
    // It holds for this page then.
  }
});
$('pause').addEventListener('click', () => {
  const paused = $('pause').getAttribute('aria-pressed') !== 'true';
  $('pause').setAttribute('aria-pressed', String(paused));
  poller.pause(paused);
});
for (const control of [$('namespace'), $('window'), ...document.querySelectorAll('input[name="by"]')]) {
  control.addEventListener('change', () => {
    state.history.clear();
    choose('');
    poller.now();
  });
}
for (const control of [$('filter'), $('unmeshed')]) {
  control.addEventListener('input', () => state.graph && workloads.show(state.graph.nodes.filter(isListed)));
}
$('inspector-close').addEventListener('click', () => choose(''));
document.addEventListener('keydown', event => {
  if (event.key === 'Escape' && state.chosen) choose('');
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && !poller.paused) poller.now();
});
poller.now();
