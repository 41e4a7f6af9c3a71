// SPDX-License-Identifier: Apache-2.0
// Draws who talks to whom: layers from left to right, so that requests run one way. Text is only ever set as text.

const SVG = 'http://www.w3.org/2000/svg';
const CARD = { width: 186, height: 64 };
const PAD = 26;
/** More boxes than this are no picture any more. */
export const MAX_DRAWN = 160;
/** From so many edges on, figures are shown only where one looks. */
const CROWDED = 36;

export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

/**
 * The layer of each node: one more than the last of those that call it. Calls in a circle are cut
 * where the search meets a node that it is still busy with.
 */
export function layers(ids, edges) {
  const out = new Map(ids.map(id => [id, []]));
  const callers = new Map(ids.map(id => [id, 0]));
  for (const edge of edges) {
    if (edge.src !== edge.dst) {
      out.get(edge.src).push(edge.dst);
      callers.set(edge.dst, callers.get(edge.dst) + 1);
    }
  }
  const starts = [...ids].sort((a, b) => callers.get(a) - callers.get(b));
  const seen = new Map();
  const order = [];
  const forward = [];
  for (const start of starts) {
    if (seen.has(start)) continue;
    // Without recursion: a chain may be long.
    const stack = [[start, 0]];
    seen.set(start, 'open');
    while (stack.length) {
      const top = stack[stack.length - 1];
      const next = out.get(top[0])[top[1]++];
      if (next === undefined) {
        seen.set(top[0], 'done');
        order.push(top[0]);
        stack.pop();
      } else {
        if (seen.get(next) !== 'open') forward.push([top[0], next]);
        if (!seen.has(next)) {
          seen.set(next, 'open');
          stack.push([next, 0]);
        }
      }
    }
  }
  const layer = new Map(ids.map(id => [id, 0]));
  const next = new Map(ids.map(id => [id, []]));
  forward.forEach(([from, to]) => next.get(from).push(to));
  for (const id of order.reverse()) {
    for (const to of next.get(id)) {
      layer.set(to, Math.max(layer.get(to), layer.get(id) + 1));
    }
  }
  return layer;
}

/** Places of all nodes along the layers and across them, with few crossings. */
function arrange(ids, edges, across) {
  const layer = layers(ids, edges);
  const columns = [];
  const slots = new Map();
  const links = [];
  const put = (id, at, size) => {
    (columns[at] ??= []).push(id);
    slots.set(id, { layer: at, size, pos: 0, near: [] });
  };
  ids.forEach(id => put(id, layer.get(id), across.size));
  let bends = 0;
  for (const edge of edges) {
    const from = layer.get(edge.src);
    const to = layer.get(edge.dst);
    const chain = [edge.src];
    // An edge over several layers keeps a lane of its own in each.
    for (let at = from + 1; at < to; at++) {
      const id = `\u0000bend${bends++}`;
      put(id, at, across.lane);
      chain.push(id);
    }
    chain.push(edge.dst);
    for (let i = 1; i < chain.length; i++) {
      if (slots.get(chain[i - 1]).layer !== slots.get(chain[i]).layer) {
        slots.get(chain[i - 1]).near.push(chain[i]);
        slots.get(chain[i]).near.push(chain[i - 1]);
      }
    }
    links.push({ edge, chain });
  }
  const filled = columns.filter(Boolean);
  const place = column => {
    let pos = 0;
    for (const id of column) {
      const slot = slots.get(id);
      slot.pos = pos + slot.size / 2;
      pos += slot.size + across.gap;
    }
    return pos - across.gap;
  };
  const extents = filled.map(place);
  const widest = Math.max(...extents);
  filled.forEach((column, i) => column.forEach(id => (slots.get(id).pos += (widest - extents[i]) / 2)));
  const wish = (slot, side) => {
    const near = slot.near.map(id => slots.get(id)).filter(other => Math.sign(other.layer - slot.layer) === side);
    return near.length ? near.reduce((sum, other) => sum + other.pos, 0) / near.length : slot.pos;
  };
  for (let round = 0; round < 8; round++) {
    const side = round % 2 ? 1 : -1;
    const columnsInTurn = side < 0 ? filled : [...filled].reverse();
    for (const column of columnsInTurn) {
      const wishes = new Map(column.map(id => [id, wish(slots.get(id), side)]));
      column.sort((a, b) => wishes.get(a) - wishes.get(b));
      settle(column, slots, wishes, across.gap);
    }
  }
  let least = Infinity;
  let most = 0;
  for (const slot of slots.values()) {
    least = Math.min(least, slot.pos - slot.size / 2);
    most = Math.max(most, slot.pos + slot.size / 2);
  }
  slots.forEach(slot => (slot.pos -= least));
  return { slots, links, depth: filled.length, extent: most - least };
}

/** As near to the wishes as the order and the gaps allow. */
function settle(column, slots, wishes, gap) {
  let edge = -Infinity;
  for (const id of column) {
    const slot = slots.get(id);
    slot.pos = Math.max(wishes.get(id), edge + slot.size / 2);
    edge = slot.pos + slot.size / 2 + gap;
  }
  // Those pushed down give back half of what they were pushed.
  const pushed = column.reduce((sum, id) => sum + slots.get(id).pos - wishes.get(id), 0) / column.length;
  column.forEach(id => (slots.get(id).pos -= pushed));
}

function fit(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** The picture. What is drawn stays where it is until boxes or edges come or go. */
export class Topology {
  #canvas;
  #choose;
  #format;
  #signature = '';
  #nodes = new Map();
  #edges = new Map();
  #svg = null;
  #chosen = '';
  #active = '';
  #width = 0;

  /**
   * @param choose called with a node's id or an edge's key
   * @param format makes texts of figures
   */
  constructor(canvas, choose, format) {
    this.#canvas = canvas;
    this.#choose = choose;
    this.#format = format;
    new ResizeObserver(() => {
      if (Math.abs(canvas.clientWidth - this.#width) > 4 && this.last) {
        this.#signature = '';
        this.update(this.last);
      }
    }).observe(canvas);
  }

  /** @returns a hint for people; empty if everything is drawn */
  update(graph) {
    this.last = graph;
    const talking = new Set(graph.edges.flatMap(edge => [edge.src, edge.dst]));
    const nodes = graph.nodes.filter(node => talking.has(node.id));
    if (nodes.length === 0 || nodes.length > MAX_DRAWN) {
      this.#erase();
      this.#signature = '';
      return nodes.length === 0 ? '' : `${nodes.length} boxes talk to each other: choose a namespace to see a picture.`;
    }
    const signature = JSON.stringify([nodes.map(node => node.id), graph.edges.map(edge => [edge.src, edge.dst])]);
    if (signature !== this.#signature) {
      this.#signature = signature;
      this.#draw(nodes, graph.edges);
    }
    nodes.forEach(node => this.#figuresOfNode(node));
    graph.edges.forEach(edge => this.#figuresOfEdge(edge));
    return '';
  }

  choose(key) {
    this.#chosen = key;
    for (const [id, node] of this.#nodes) {
      node.group.classList.toggle('chosen', id === key);
      node.group.setAttribute('aria-pressed', String(id === key));
    }
    for (const [id, edge] of this.#edges) edge.group.classList.toggle('chosen', id === key);
    this.#dim(key);
  }

  #erase() {
    this.#svg?.remove();
    this.#svg = null;
    this.#nodes.clear();
    this.#edges.clear();
  }

  #draw(nodes, edges) {
    const focused = this.#canvas.contains(document.activeElement);
    this.#erase();
    this.#width = this.#canvas.clientWidth;
    const narrow = this.#width < 640;
    const plan = arrange(nodes.map(node => node.id), edges, { size: CARD.height, gap: 24, lane: 18 });
    // Edges need room for their figures; where it is narrow they have none until one looks.
    const least = narrow ? 56 : 116;
    const free = (this.#width - 2 * PAD - plan.depth * CARD.width) / Math.max(1, plan.depth - 1);
    const step = CARD.width + Math.max(least, Math.min(230, free));
    const size = {
      width: (plan.depth - 1) * step + CARD.width + 2 * PAD,
      height: plan.extent + 2 * PAD,
    };
    // Rather smaller than to be scrolled, as long as it can be read.
    const scale = Math.max(0.72, Math.min(1, this.#width / size.width));
    const at = id => {
      const slot = plan.slots.get(id);
      return { x: PAD + slot.layer * step, y: PAD + slot.pos };
    };
    this.#svg = svg('svg', {
      width: Math.round(size.width * scale),
      height: Math.round(size.height * scale),
      viewBox: `0 0 ${size.width} ${size.height}`,
      role: 'group',
      'aria-label': 'Who talks to whom. The arrow keys lead from box to box, Enter shows the details.',
      class: narrow || edges.length > CROWDED ? 'crowded' : '',
    });
    const below = svg('g');
    const above = svg('g');
    this.#svg.append(below, above);
    for (const { edge, chain } of plan.links) {
      const drawn = this.#edge(edge, chain.map(at));
      below.append(drawn.group);
      this.#edges.set(`${edge.src}\n${edge.dst}`, drawn);
    }
    for (const node of nodes) {
      const point = at(node.id);
      const drawn = this.#node(node, point.x, point.y - CARD.height / 2);
      above.append(drawn.group);
      this.#nodes.set(node.id, drawn);
    }
    this.#canvas.append(this.#svg);
    if (!this.#nodes.has(this.#active)) this.#active = nodes[0].id;
    this.#nodes.get(this.#active).group.setAttribute('tabindex', '0');
    if (focused) this.#nodes.get(this.#active).group.focus({ preventScroll: true });
    this.choose(this.#chosen);
  }

  #node(node, x, y) {
    const share = svg('tspan', { class: 'share' });
    const rest = svg('tspan', { class: 'rest' });
    const title = svg('title');
    const where = node.namespace ? `${node.kind} · ${node.namespace}` : node.kind;
    const kind = svg('text', { class: 'kind', x: 15, y: 18 });
    kind.textContent = fit(node.gateway ? `gateway · ${node.namespace}` : where, 29);
    const name = svg('text', { class: 'name', x: 15, y: 36 });
    name.textContent = fit(node.name, 23);
    const group = svg(
      'g',
      { class: 'node', transform: `translate(${x} ${y})`, tabindex: '-1', role: 'button', 'aria-pressed': 'false' },
      title,
      svg('rect', { class: 'card', width: CARD.width, height: CARD.height, rx: 7 }),
      svg('rect', { class: 'strip', x: 0, y: 9, width: 4, height: CARD.height - 18, rx: 2 }),
      kind,
      name,
      svg('text', { class: 'figures', x: 15, y: 54 }, share, rest));
    group.addEventListener('click', () => this.#pick(node.id));
    group.addEventListener('keydown', event => this.#key(event, node.id));
    group.addEventListener('focus', () => this.#activate(node.id));
    group.addEventListener('pointerenter', () => this.#dim(node.id));
    group.addEventListener('pointerleave', () => this.#dim(this.#chosen));
    return { group, title, share, rest, x: x + CARD.width / 2, y: y + CARD.height / 2 };
  }

  #edge(edge, points) {
    const first = points[0];
    const last = points[points.length - 1];
    let path;
    let middle;
    let tip;
    if (last.x <= first.x) {
      // Against the direction, or onto itself: around below.
      const from = { x: first.x + CARD.width * 0.65, y: first.y + CARD.height / 2 };
      const to = { x: last.x + CARD.width * 0.35, y: last.y + CARD.height / 2 };
      const far = Math.max(from.y, to.y) + 34;
      path = `M${from.x} ${from.y}C${from.x} ${far} ${to.x} ${far} ${to.x} ${to.y + 7}`;
      middle = { x: (from.x + to.x) / 2, y: far - 9 };
      tip = `M${to.x} ${to.y}l-4.5 9h9z`;
    } else {
      const via = points.slice(1, -1).map(p => ({ x: p.x + CARD.width / 2, y: p.y }));
      const stops = [{ x: first.x + CARD.width, y: first.y }, ...via, { x: last.x - 7, y: last.y }];
      path = `M${stops[0].x} ${stops[0].y}`;
      for (let i = 1; i < stops.length; i++) {
        const a = stops[i - 1];
        const b = stops[i];
        path += `C${(a.x + b.x) / 2} ${a.y} ${(a.x + b.x) / 2} ${b.y} ${b.x} ${b.y}`;
      }
      // Nearer to the end: that is where edges lie apart.
      const a = stops[stops.length - 2];
      const b = stops[stops.length - 1];
      const t = 0.62;
      middle = { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t * t * (3 - 2 * t) };
      tip = `M${last.x} ${last.y}l-9 -4.5v9z`;
    }
    const title = svg('title');
    const line = svg('path', { class: 'line', d: path });
    const text = svg('text', { y: 4 });
    const pill = svg('rect', { class: 'pill', y: -10, height: 20, rx: 10 });
    const group = svg(
      'g',
      { class: 'edge', 'aria-hidden': 'true' },
      title,
      svg('path', { class: 'reach', d: path }),
      line,
      svg('path', { class: 'tip', d: tip }),
      svg('g', { class: 'label', transform: `translate(${middle.x} ${middle.y})` }, pill, text));
    const key = `${edge.src}\n${edge.dst}`;
    group.addEventListener('click', () => this.#pick(key));
    group.addEventListener('pointerenter', () => this.#dim(key));
    group.addEventListener('pointerleave', () => this.#dim(this.#chosen));
    return { group, title, line, text, pill };
  }

  #figuresOfNode(node) {
    const drawn = this.#nodes.get(node.id);
    const f = this.#format;
    const level = f.level(node);
    drawn.group.setAttribute('class', [
      'node', `is-${level}`,
      node.gateway ? 'gateway' : '',
      node.meshed > 0 || node.gateway || node.kind === 'namespace' ? '' : 'unmeshed',
      this.#chosen === node.id ? 'chosen' : '',
      drawn.group.classList.contains('near') ? 'near' : '',
    ].filter(Boolean).join(' '));
    drawn.share.textContent = node.rps === null ? '' : f.share(node.success);
    drawn.rest.textContent = node.rps === null
      ? node.tcp_open_connections ? `${node.tcp_open_connections} open` : 'no requests'
      : `  ${f.rate(node.rps)}/s  p95 ${f.millis(node.latency_ms_p95)}`;
    const sentence = f.node(node);
    drawn.title.textContent = sentence;
    drawn.group.setAttribute('aria-label', sentence);
  }

  #figuresOfEdge(edge) {
    const drawn = this.#edges.get(`${edge.src}\n${edge.dst}`);
    const f = this.#format;
    const level = edge.denied ? 'bad' : f.level(edge);
    for (const name of ['ok', 'warn', 'bad', 'idle']) drawn.group.classList.toggle(`is-${name}`, name === level);
    drawn.group.classList.toggle('plain', !edge.secured);
    drawn.line.setAttribute('stroke-width', String(1.4 + Math.min(4, Math.log10(1 + (edge.rps ?? 0)) * 1.3)));
    const parts = [];
    if (edge.denied) parts.push('denied');
    if (edge.rps !== null) {
      parts.push(`${f.rate(edge.rps)}/s`);
      if (edge.success !== null && edge.success < 1) parts.push(f.share(edge.success));
      if (edge.latency_ms_p95 !== null) parts.push(f.millis(edge.latency_ms_p95));
    } else if (edge.tcp_open_connections) {
      parts.push(`${edge.tcp_open_connections} open`);
    }
    // What is no HTTP has nothing but bytes.
    const bytes = (edge.tcp_read_bytes_rate ?? 0) + (edge.tcp_write_bytes_rate ?? 0);
    if (edge.rps === null && bytes >= 1) parts.push(f.bytes(bytes));
    const text = parts.join(' · ') || 'idle';
    if (drawn.text.textContent !== text) {
      drawn.text.textContent = text;
      const width = text.length * 6.2 + 16;
      drawn.pill.setAttribute('x', String(-width / 2));
      drawn.pill.setAttribute('width', String(width));
    }
    drawn.title.textContent = f.edge(edge);
  }

  #pick(key) {
    this.#choose(this.#chosen === key ? '' : key);
  }

  #activate(id) {
    this.#nodes.get(this.#active)?.group.setAttribute('tabindex', '-1');
    this.#active = id;
    this.#nodes.get(id).group.setAttribute('tabindex', '0');
  }

  #key(event, id) {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      this.#pick(id);
      return;
    }
    if (event.key === 'Escape') {
      this.#choose('');
      return;
    }
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way) return;
    event.preventDefault();
    const from = this.#nodes.get(id);
    let best = null;
    let least = Infinity;
    for (const to of this.#nodes.values()) {
      const dx = to.x - from.x;
      const dy = to.y - from.y;
      const ahead = dx * way[0] + dy * way[1];
      const aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
      if (ahead > 4 && ahead + 2 * aside < least) {
        least = ahead + 2 * aside;
        best = to;
      }
    }
    best?.group.focus();
  }

  /** Everything but what is near steps back. */
  #dim(key) {
    if (!this.#svg) return;
    const near = new Set();
    for (const edge of this.#edges.keys()) {
      const [src, dst] = edge.split('\n');
      if (key && (key === edge || key === src || key === dst)) [edge, src, dst].forEach(each => near.add(each));
    }
    this.#svg.classList.toggle('focusing', near.size > 0);
    for (const [id, { group }] of [...this.#nodes, ...this.#edges]) group.classList.toggle('near', near.has(id));
  }
}
