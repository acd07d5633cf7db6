/** The matrix: a row for each object, a column for each actor; an object opens into what was tried on it. */
import { counted, el } from './dom.js';
import { makeGrid } from './grid.js';

/** Rows that are put in together when they come near. */
const CHUNK = 40;
const ROW_HEIGHT = 30;

const inner = { type: 'button', tabindex: '-1' };

/** The buttons of a row: one for each actor who has cells there. */
function fields(model, evidence, object, columns, cells, label) {
  const byActor = model.byActor(cells);
  return columns.map((actor) => {
    const own = byActor.get(actor);
    if (!own) {
      return el('td', {});
    }
    const { status, own: letters } = model.markOf(own);
    const single = own.length === 1 ? own[0].status : status;
    const shown = label === undefined ? status : single;
    const text = [shown?.sign ?? '', label === undefined ? letters : ''].join(' ').trim();
    const words = `${actor.name}, ${label ?? object.name}: ${shown?.name ?? 'own company only'}`;
    const button = el(
      'button',
      {
        ...inner,
        'data-status': shown?.name,
        'aria-label': letters && label === undefined ? `${words}; own rows: ${letters}` : words,
        title: words,
        onclick: () => evidence.showCells(object, actor, own),
      },
      text || ' ',
    );
    return el('td', {}, button);
  });
}

function tryRows(model, evidence, object, columns, cells) {
  return [...model.byTry(cells)].map(([label, own]) =>
    el(
      'tr',
      { class: 'try' },
      el('th', { scope: 'row', title: own[0].verb.meaning }, label),
      ...fields(model, evidence, object, columns, own, label),
    ),
  );
}

function objectRow(model, evidence, object, columns, cells, grid) {
  let opened = [];
  const toggle = el('button', { ...inner, class: 'open', 'aria-expanded': 'false' }, object.name);
  const row = el(
    'tr',
    {},
    el('th', { scope: 'row' }, toggle),
    ...fields(model, evidence, object, columns, cells),
  );
  toggle.addEventListener('click', () => {
    const open = opened.length === 0;
    for (const one of opened) {
      one.remove();
    }
    opened = open ? tryRows(model, evidence, object, columns, cells) : [];
    row.after(...opened);
    toggle.setAttribute('aria-expanded', String(open));
    grid.refresh();
  });
  return row;
}

/** A table body that fills itself when it comes near. */
function lazyBody(rows, columns, watch) {
  const space = el('td', { colspan: String(columns + 1) });
  space.style.height = `${rows.length * ROW_HEIGHT}px`;
  const body = el('tbody', {}, el('tr', { 'aria-hidden': 'true' }, space));
  watch(body, () => body.replaceChildren(...rows.map((make) => make())));
  return body;
}

function chunksOf(items) {
  return Array.from({ length: Math.ceil(items.length / CHUNK) }, (_, index) =>
    items.slice(index * CHUNK, (index + 1) * CHUNK),
  );
}

/** Watches which bodies come near; without a way to tell, all do at once. */
function watcher(root, filled) {
  const waiting = new Map();
  const fill = (body) => {
    waiting.get(body)?.();
    waiting.delete(body);
    filled();
  };
  const observer =
    typeof IntersectionObserver === 'undefined'
      ? undefined
      : new IntersectionObserver(
          (entries) => {
            for (const { target } of entries.filter(({ isIntersecting }) => isIntersecting)) {
              observer.unobserve(target);
              fill(target);
            }
          },
          { root, rootMargin: '800px' },
        );
  return {
    watch(body, run) {
      waiting.set(body, run);
      observer?.observe(body);
    },
    /** Fills what is left, for paper and for browsers that cannot tell. */
    fillAll: () => [...waiting.keys()].forEach(fill),
    lazy: observer !== undefined,
    forget() {
      waiting.clear();
      observer?.disconnect();
    },
  };
}

function headOf(columns) {
  const names = columns.map(({ name, description, kind }) =>
    el('th', { scope: 'col', title: description, class: kind }, el('span', {}, name)),
  );
  return el('tr', {}, el('th', { scope: 'col' }, 'Object'), ...names);
}

function legendOf(model) {
  const signs = model.statuses.map(({ name, sign }) => `${sign} ${name}`).join('   ');
  const letters = model.letters.map(([letter, meaning]) => `${letter} ${meaning}`).join('   ');
  return [
    el(
      'p',
      { class: 'legend' },
      'What another company’s rows and secrets met: ',
      el('b', {}, signs),
    ),
    el('p', { class: 'legend' }, 'Allowed on own and shared rows: ', el('b', {}, letters)),
  ];
}

/** Objects that were discovered and have no cell; nobody should take them for proven. */
function untried({ objects, cells }) {
  const tried = new Set(cells.map(({ object }) => object));
  const others = objects.filter((object) => !tried.has(object));
  if (others.length === 0) {
    return [];
  }
  const items = others.map(({ name, kind, reachable }) =>
    el('li', {}, [name, kind, ...reachable].join(' · ')),
  );
  const title = `${counted(others.length, 'object')} on which nothing was tried`;
  return [el('details', {}, el('summary', {}, title), el('ul', {}, ...items))];
}

/** The section of the matrix; `show` puts cells in. */
export function createMatrix(model, evidence) {
  const table = el('table', { class: 'matrix', role: 'grid', 'aria-labelledby': 'matrix-title' });
  const scroller = el('div', { class: 'scroller' }, table);
  const grid = makeGrid(table);
  const section = el('section', { 'aria-labelledby': 'matrix-title' });
  const title = el('h2', { id: 'matrix-title' }, 'Matrix');
  section.append(title, ...legendOf(model), scroller, ...untried(model));
  let bodies = watcher(scroller, grid.refresh);

  /** The bodies of a kind: its heading, and its rows behind it, which the heading hides. */
  const kindBodies = (kind, objects, columns, byObject) => {
    const { watch } = bodies;
    const rows = objects.map(
      (object) => () => objectRow(model, evidence, object, columns, byObject.get(object), grid),
    );
    const chunks = chunksOf(rows).map((chunk) => lazyBody(chunk, columns.length, watch));
    const title = `${kind} (${counted(objects.length, 'object')})`;
    const toggle = el('button', { ...inner, class: 'open', 'aria-expanded': 'true' }, title);
    toggle.addEventListener('click', () => {
      const open = toggle.getAttribute('aria-expanded') === 'false';
      toggle.setAttribute('aria-expanded', String(open));
      for (const chunk of chunks) {
        chunk.hidden = !open;
      }
    });
    const span = String(columns.length + 1);
    const heading = el('th', { colspan: span, scope: 'colgroup' }, toggle);
    return [el('tbody', { class: 'kind' }, el('tr', {}, heading)), ...chunks];
  };

  addEventListener('beforeprint', () => bodies.fillAll());
  return {
    section,
    show(cells) {
      bodies.forget();
      bodies = watcher(scroller, grid.refresh);
      const shownActors = model.byActor(cells);
      const columns = model.actors.filter((actor) => shownActors.has(actor));
      const byObject = model.byObject(cells);
      const objects = model.objects.filter((object) => byObject.has(object));
      const kinds = [...new Set(objects.map(({ kind }) => kind))];
      const content = kinds.flatMap((kind) => {
        const ofKind = objects.filter((object) => object.kind === kind);
        return kindBodies(kind, ofKind, columns, byObject);
      });
      table.replaceChildren(el('thead', {}, headOf(columns)), ...content);
      if (!bodies.lazy) {
        bodies.fillAll();
      }
      grid.refresh();
      scroller.scrollTop = 0;
    },
  };
}
