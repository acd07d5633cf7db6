/** The filters, and what they are set to. */
import { el } from './dom.js';

/** How long to wait for the next letter of a search. */
const PAUSE = 120;

function choice(name, label, values) {
  const options = values.map((value) => {
    const option = el('option', {}, value);
    option.value = value;
    return option;
  });
  return el(
    'label',
    {},
    label,
    el('select', { name }, el('option', { value: '' }, 'all'), options),
  );
}

/** The names that occur, in the order of all names. */
function occurring(names, used) {
  const known = new Set(used);
  return names.filter((name) => known.has(name));
}

/** The form of the filters. `changed` is called with what they are set to. */
export function createFilters(model, changed) {
  const search = el('input', {
    type: 'search',
    name: 'text',
    placeholder: 'object, rule, reason …',
  });
  const problems = el('input', { type: 'checkbox', name: 'problems' });
  const count = el('output', { 'aria-live': 'polite' });
  const { actors, cells, flaws } = model;
  const verbs = occurring(
    model.verbs.map(({ name }) => name),
    [...cells.map(({ verb }) => verb.name), ...flaws.map(({ first }) => first.verb)],
  );
  const kinds = [
    ...new Set([...model.objects.map(({ kind }) => kind), ...flaws.map(({ first }) => first.kind)]),
  ];
  const form = el(
    'form',
    { class: 'filters', role: 'search', 'aria-label': 'Filters' },
    el('label', {}, 'Search', search),
    choice('status', 'Verdict', [...model.statuses.map(({ name }) => name), 'note']),
    choice(
      'actor',
      'Actor',
      actors.map(({ name }) => name),
    ),
    choice('kind', 'Kind', kinds),
    choice('verb', 'Verb', verbs),
    choice('target', 'Rows of', model.targets),
    el('label', { class: 'check' }, problems, 'only problems'),
    el('button', { type: 'reset' }, 'Reset'),
    count,
  );
  const current = () => {
    const value = (name) => form.elements.namedItem(name).value;
    return {
      words: value('text')
        .toLowerCase()
        .split(/\s+/)
        .filter((word) => word !== ''),
      status: value('status'),
      actor: value('actor'),
      kind: value('kind'),
      verb: value('verb'),
      target: value('target'),
      problems: problems.checked,
    };
  };
  let timer;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(() => changed(current()), PAUSE);
  };
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('input', later);
  form.addEventListener('reset', later);
  document.addEventListener('keydown', (event) => {
    const typing = event.target instanceof Element && event.target.closest('input, select, dialog');
    if (event.key === '/' && !typing) {
      event.preventDefault();
      search.focus();
    }
  });
  return {
    form,
    current,
    tell(text) {
      count.textContent = text;
    },
  };
}
