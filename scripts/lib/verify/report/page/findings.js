/** The list of findings, each flaw once. */
import { counted, el } from './dom.js';

/** How many are shown at first; the rest on demand. */
const FIRST = 100;

function sightings(flaw) {
  const actors = flaw.findings.map(({ actor }) => actor).filter((actor) => actor !== '');
  return actors.length === 0
    ? undefined
    : el('p', { class: 'quiet' }, `Seen by ${actors.join(', ')}`);
}

function card(flaw, show) {
  const { first, status } = flaw;
  const title = `${first.rule} · ${first.object} · ${first.verb}`;
  return el(
    'li',
    {},
    el('button', { type: 'button', class: 'flaw', 'data-status': status, onclick: show }, title),
    el('p', {}, first.message),
    sightings(flaw),
    first.exception === undefined
      ? el('p', {}, el('b', {}, 'Fix: '), first.fix)
      : el('p', {}, el('b', {}, 'Accepted because: '), first.exception),
  );
}

function listOf(flaws, evidence) {
  const list = el('ol', { class: 'flaws' });
  let shown = 0;
  const more = el('button', { type: 'button' });
  const add = (count) => {
    const next = flaws.slice(shown, shown + count);
    list.append(...next.map((flaw) => card(flaw, () => evidence.showFlaw(flaw))));
    shown += next.length;
    more.textContent = `Show ${flaws.length - shown} more`;
    more.hidden = shown === flaws.length;
  };
  more.addEventListener('click', () => add(flaws.length));
  add(FIRST);
  return [list, more];
}

/** The section of the findings; `show` puts flaws in. */
export function createFindings(model, evidence) {
  const content = el('div', {});
  const section = el('section', { 'aria-labelledby': 'findings-title' });
  section.append(el('h2', { id: 'findings-title' }, 'Findings'), content);
  return {
    section,
    show(flaws) {
      const groups = [...model.levels, { name: 'excepted', title: 'Accepted by exception' }]
        .map(({ name, title }) => ({ title, flaws: flaws.filter(({ status }) => status === name) }))
        .filter((one) => one.flaws.length > 0);
      const none = model.flaws.length === 0 ? 'Nothing was found.' : 'No finding fits the filters.';
      content.replaceChildren(
        ...(groups.length === 0 ? [el('p', { class: 'quiet' }, none)] : []),
        ...groups.flatMap((one) => [
          el('h3', {}, `${one.title} `, el('small', {}, counted(one.flaws.length, 'flaw'))),
          ...listOf(one.flaws, evidence),
        ]),
      );
    },
  };
}
