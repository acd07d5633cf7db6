/** Puts the page together. */
import { counted, el } from './dom.js';
import { createEvidence } from './evidence.js';
import { createFilters } from './filters.js';
import { createFindings } from './findings.js';
import { createMatrix } from './matrix.js';
import { createModel } from './model.js';

const RESULTS = {
  proven: 'Isolation proven',
  leak: 'Isolation broken',
  unproven: 'Isolation not proven',
};

function fact(name, value) {
  return el('div', {}, el('dt', {}, name), el('dd', {}, String(value)));
}

function actorList({ actors }) {
  const items = actors.flatMap(({ name, kind, description }) => [
    el('dt', {}, name),
    el('dd', {}, `${kind}: ${description}`),
  ]);
  return el(
    'details',
    {},
    el('summary', {}, counted(actors.length, 'actor')),
    el('dl', { class: 'actors' }, ...items),
  );
}

function summaryOf(model) {
  const { summary, tenancy, server, tool } = model;
  return el(
    'header',
    { class: 'summary' },
    el('h1', { 'data-status': summary.result }, RESULTS[summary.result]),
    el(
      'dl',
      { class: 'facts' },
      fact('Leaks', summary.leaks),
      fact('Unproven', summary.unproven),
      fact('Not covered', summary.notCovered),
      fact('Excepted', summary.excepted),
      fact('Notes', summary.notes),
      fact('Cells', `${summary.cells} (${summary.denied} denied, ${summary.allowed} allowed)`),
      fact('Statements', summary.statements),
      fact('PostgreSQL', server),
      fact('Tenant column', tenancy.column),
      ...(tenancy.root ? [fact('Companies', tenancy.root)] : []),
      ...(tenancy.membership ? [fact('Members', tenancy.membership)] : []),
      ...(tenancy.roles.length > 0 ? [fact('Roles', tenancy.roles.join(', '))] : []),
      fact('Schemas', tenancy.schemas.join(', ')),
      fact('Prover', tool),
    ),
    actorList(model),
  );
}

const model = createModel(JSON.parse(document.getElementById('data').textContent));
const evidence = createEvidence(model);
const findings = createFindings(model, evidence);
const matrix = createMatrix(model, evidence);

function show(filter) {
  const cells = model.cellsFor(filter);
  const flaws = model.flawsFor(filter);
  findings.show(flaws);
  matrix.show(cells);
  filters.tell(
    `${cells.length} of ${counted(model.cells.length, 'cell')}, ${flaws.length} of ${counted(model.flaws.length, 'flaw')}`,
  );
}

const filters = createFilters(model, show);
document
  .getElementById('page')
  .replaceChildren(
    summaryOf(model),
    filters.form,
    findings.section,
    matrix.section,
    evidence.dialog,
  );
show(filters.current());
