// SPDX-License-Identifier: Apache-2.0
// Live requests: reads the lines of the API's tap for as long as it is asked to, and keeps the newest.
// What clients sent is only ever set as text.

const MAX_ROWS = 200;
/** A line is some kilobytes; what is longer is none of ours. */
const MAX_LINE = 256 * 1024;

const $ = id => document.getElementById(id);

function cell(label, text, className = '') {
  const element = document.createElement('td');
  element.dataset.label = label;
  element.className = className;
  element.textContent = text;
  return element;
}

function end(side) {
  const name = side.pod || (side.namespace ? side.identity.split('/').pop() : '');
  return name ? `${name}${side.namespace ? `.${side.namespace}` : ''}` : side.address;
}

function level(row) {
  if (row.denied || row.broken || row.status === null || row.status >= 500 || row.grpc_status > 0) return 'bad';
  return row.status >= 400 ? 'warn' : 'ok';
}

function micros(value) {
  if (value === null) return '–';
  if (value < 1_000) return `${value} µs`;
  return value < 1_000_000 ? `${(value / 1_000).toFixed(value < 10_000 ? 1 : 0)} ms` : `${(value / 1_000_000).toFixed(1)} s`;
}

function line(row) {
  const element = document.createElement('tr');
  const answer = row.grpc_status === null ? String(row.status ?? row.outcome) : `${row.status} · grpc ${row.grpc_status}`;
  element.append(
    cell('Time', new Date().toLocaleTimeString()),
    cell('Proxy', row.proxy, 'left'),
    cell('From', end(row.src), 'left'),
    cell('To', end(row.dst), 'left'),
    cell('Request', `${row.method} ${row.path}`, 'text whole request'),
    cell('Answer', row.denied ? `${answer} denied` : row.broken && row.status !== null ? `${answer} ${row.outcome}` : answer, level(row)),
    cell('Latency', micros(row.latency_us)),
    cell('Duration', micros(row.duration_us)),
    cell('TLS', row.tls === 'true' ? '√' : row.tls, 'left'));
  return element;
}

export class TapPanel {
  #abort = null;
  #pending = [];
  #drawing = false;
  #shown = 0;

  constructor() {
    $('tap-form').addEventListener('submit', event => {
      event.preventDefault();
      if (this.#abort) this.stop('stopped');
      else this.#start();
    });
  }

  /** Whose requests to look at: the same name may be in several namespaces. */
  suggest(resource, namespace) {
    if (this.#abort) return;
    $('tap-resource').value = resource;
    $('tap-namespace').value = namespace;
  }

  stop(text) {
    this.#abort?.abort();
    this.#abort = null;
    $('tap-start').textContent = 'Start';
    $('tap-start').setAttribute('aria-pressed', 'false');
    this.#say(text);
  }

  #say(text) {
    if ($('tap-state').textContent !== text) $('tap-state').textContent = text;
  }

  async #start() {
    const query = new URLSearchParams({ resource: $('tap-resource').value.trim() });
    for (const [name, id] of [['to', 'tap-to'], ['method', 'tap-method'], ['path', 'tap-path'], ['max_rps', 'tap-rps']]) {
      const value = $(id).value.trim();
      if (value) query.set(name, value);
    }
    const namespace = $('tap-namespace').value.trim() || $('namespace').value;
    if (namespace && !/^(ns|namespaces?)(\/|$)/.test(query.get('resource'))) query.set('namespace', namespace);
    const abort = new AbortController();
    this.#abort = abort;
    $('tap-start').textContent = 'Stop';
    $('tap-start').setAttribute('aria-pressed', 'true');
    $('tap-rows').replaceChildren();
    this.#pending = [];
    this.#shown = 0;
    this.#say('asking');
    const token = $('tap-token').value.trim();
    try {
      const response = await fetch(`api/v1/tap?${query}`, {
        signal: abort.signal,
        cache: 'no-store',
        headers: token ? { authorization: `Bearer ${token}` } : {},
      });
      if (!response.ok) {
        const body = await response.json().catch(() => ({}));
        if (response.status === 401) {
          $('tap-token-label').hidden = false;
          $('tap-token').focus();
        }
        throw new Error(body.error ?? `status ${response.status}`);
      }
      await this.#read(response.body.pipeThrough(new TextDecoderStream()).getReader());
      if (this.#abort === abort) this.stop('the control plane has ended it');
    } catch (failure) {
      if (this.#abort === abort) this.stop(failure.message);
    }
  }

  async #read(reader) {
    let rest = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split('\n');
      rest = lines.pop();
      if (rest.length > MAX_LINE) throw new Error('a line without an end');
      for (const text of lines) {
        if (text) this.#take(JSON.parse(text));
      }
    }
  }

  #take(row) {
    if ('ended' in row) throw new Error(`ended: ${row.ended}`);
    if ('proxies' in row) {
      const lost = row.dropped ? `, ${row.dropped} too many to be shown` : '';
      this.#say(row.proxies ? `${row.proxies} ${row.proxies === 1 ? 'proxy tells' : 'proxies tell'}${lost}` : 'no proxy of it is connected');
      return;
    }
    this.#pending.push(row);
    if (this.#pending.length > MAX_ROWS) this.#pending.shift();
    if (!this.#drawing) {
      this.#drawing = true;
      // However many come: one drawing a quarter of a second.
      setTimeout(() => this.#draw(), 250);
    }
  }

  #draw() {
    this.#drawing = false;
    const rows = $('tap-rows');
    rows.prepend(...this.#pending.map(line).reverse());
    this.#shown += this.#pending.length;
    this.#pending = [];
    while (rows.childElementCount > MAX_ROWS) rows.lastElementChild.remove();
    $('tap-count').textContent = `${rows.childElementCount} of ${this.#shown}`;
  }
}
