/** The dialog with the evidence. */
import { results } from './compare.js';
import { copyButton, counted, downloadButton, el } from './dom.js';

function wholeScript(setup, sql) {
  const parts = ['begin;', setup.trimEnd(), sql.trimEnd(), 'rollback;'];
  return `${parts.filter((part) => part !== '').join('\n')}\n`;
}

/** The synthetic companies' SQL may be long: it is put in when it is asked for. */
function setupDetails(setup) {
  const pre = el('pre', { tabindex: '0' });
  const fill = () => {
    if (pre.childNodes.length === 0) {
      pre.append(el('code', {}, setup));
    }
  };
  return el(
    'details',
    { ontoggle: fill },
    el('summary', {}, 'Setup: the synthetic companies'),
    el(
      'p',
      {},
      copyButton('Copy the setup', () => setup),
    ),
    pre,
  );
}

function reproduction(model, finding) {
  const { sql } = finding.evidence;
  const script = () => wholeScript(model.setup, sql);
  const name = `${finding.rule}-${finding.object}-${finding.verb}`.replace(/[^\w.-]+/g, '_');
  return el(
    'section',
    {},
    el('h4', {}, 'Reproduce with psql'),
    el('pre', { class: 'script', tabindex: '0' }, el('code', {}, sql)),
    el(
      'p',
      { class: 'buttons' },
      copyButton('Copy', () => sql),
      copyButton('Copy with the setup', script),
      downloadButton('Download with the setup', `${name.slice(0, 80)}.sql`, script),
    ),
    setupDetails(model.setup),
  );
}

function term(name, value) {
  return value ? el('div', {}, el('dt', {}, name), el('dd', {}, value)) : undefined;
}

function findingArticle(model, finding) {
  const status = finding.exception === undefined ? finding.level : 'excepted';
  return el(
    'article',
    { class: 'finding' },
    el(
      'h3',
      {},
      el('span', { class: 'badge', 'data-status': status }, status),
      ' ',
      finding.message,
    ),
    el(
      'dl',
      {},
      term('Rule', `${finding.rule}: ${model.rules[finding.rule]}`),
      term('Object', `${finding.object} (${finding.kind})`),
      term('Verb', finding.verb),
      term('Actor', finding.actor),
      term('Fix', finding.fix),
      term('Accepted because', finding.exception),
    ),
    ...(finding.evidence ? [results(finding.evidence), reproduction(model, finding)] : []),
  );
}

function cellTable(cells) {
  const rows = cells.map((cell) =>
    el(
      'tr',
      {},
      el('th', { scope: 'row', title: cell.verb.meaning }, cell.verb.name),
      el('td', {}, cell.target),
      el(
        'td',
        {},
        el('span', { class: 'badge', 'data-status': cell.status.name }, cell.status.name),
      ),
      el('td', { class: 'number' }, String(cell.statements)),
      el('td', {}, cell.control ?? ''),
      el('td', {}, cell.reason ?? ''),
    ),
  );
  const names = ['Verb', 'Rows of', 'Verdict', 'Statements', 'Control', 'Reason'];
  const head = el('tr', {}, ...names.map((name) => el('th', { scope: 'col' }, name)));
  return el('table', { class: 'cells' }, el('thead', {}, head), el('tbody', {}, ...rows));
}

/** The dialog; `showFlaw` and `showCells` open it. */
export function createEvidence(model) {
  const heading = el('h2', { id: 'evidence-title' });
  const body = el('div', { class: 'evidence' });
  const dialog = el('dialog', { 'aria-labelledby': 'evidence-title' });
  const close = el('button', { type: 'button', onclick: () => dialog.close() }, 'Close');
  dialog.append(el('header', {}, heading, close), body);
  const open = (title, ...content) => {
    heading.replaceChildren(el('span', {}, title));
    body.replaceChildren(...content.filter((one) => one !== undefined));
    if (!dialog.open) {
      dialog.showModal();
    }
    body.scrollTop = 0;
  };
  return {
    dialog,
    showFlaw({ first, findings }) {
      const shown = el('div', {}, findingArticle(model, first));
      const title = `${first.object} · ${first.verb}`;
      if (findings.length === 1) {
        open(title, shown);
        return;
      }
      const choose = el('select', {});
      findings.forEach((finding, index) => {
        const selected = finding === first;
        choose.append(el('option', { value: String(index), selected }, finding.actor));
      });
      choose.addEventListener('change', () => {
        shown.replaceChildren(findingArticle(model, findings[Number(choose.value)]));
      });
      const label = `Seen by ${counted(findings.length, 'actor')}, evidence of `;
      open(title, el('p', {}, el('label', {}, label, choose)), shown);
    },
    showCells(object, actor, cells) {
      const findings = [...new Set(cells.flatMap((cell) => model.findingsOf(cell)))];
      open(
        `${object.name} · ${actor.name}`,
        el('p', { class: 'quiet' }, `${object.kind}; ${actor.description}`),
        object.reachable.length > 0
          ? el('p', { class: 'quiet' }, `Granted: ${object.reachable.join('; ')}`)
          : undefined,
        ...findings.map((finding) => findingArticle(model, finding)),
        cellTable(cells),
      );
    },
  };
}
