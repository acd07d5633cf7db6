/** The certificate, indexed. */

function group(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    const found = groups.get(key);
    if (found) {
      found.push(item);
    } else {
      groups.set(key, [item]);
    }
  }
  return groups;
}

/** The worst of the cells' statuses, by place among the statuses; undefined of none. */
function worstOf(cells) {
  return cells.reduce(
    (worst, cell) => (worst === undefined || cell.rank < worst.rank ? cell : worst),
    undefined,
  )?.status;
}

function readCells(data) {
  const { actors, objects } = data.certificate;
  const place = Object.fromEntries(data.cellFields.map((name, index) => [name, index]));
  return data.cells.map((row) => ({
    object: objects[row[place.object]],
    actor: actors[row[place.actor]],
    verb: data.verbs[row[place.verb]],
    target: data.targets[row[place.target]],
    status: data.statuses[row[place.status]],
    rank: row[place.status],
    statements: row[place.statements],
    control: data.texts[row[place.control]],
    reason: data.texts[row[place.reason]],
  }));
}

/** True if all words stand in the text. */
function matches(text, words) {
  return words.every((word) => text.includes(word));
}

/** What the page asks the certificate. */
export function createModel(data) {
  const { findings } = data.certificate;
  const cells = readCells(data);
  const found = group(findings, (one) => JSON.stringify([one.object, one.verb, one.actor]));
  // What counts against isolation belongs to the cells whose verdict says so, a note to every cell of its try.
  const concerns = (finding, { status }) =>
    finding.level === 'note' || finding.level === status.name || status.name === 'excepted';
  const findingsOf = (cell) =>
    [cell.actor.name, '']
      .flatMap(
        (actor) => found.get(JSON.stringify([cell.object.name, cell.verb.name, actor])) ?? [],
      )
      .filter((finding) => concerns(finding, cell));
  for (const cell of cells) {
    const rules = findingsOf(cell).map(({ rule }) => rule);
    const words = [cell.object.name, cell.verb.name, cell.reason ?? '', ...rules];
    cell.text = words.join(' ').toLowerCase();
  }
  const flaws = data.flaws.map((flaw) => {
    const own = flaw.findings.map((index) => findings[index]);
    const first = findings[flaw.first];
    const words = own.flatMap((one) => [one.id, one.message, one.exception ?? '']);
    const status = first.exception !== undefined ? 'excepted' : first.level;
    return { first, findings: own, status, text: words.join(' ').toLowerCase() };
  });

  const passes = (filter, { verb, kind, status, problem, text }) =>
    (!filter.verb || verb === filter.verb) &&
    (!filter.kind || kind === filter.kind) &&
    (!filter.status || status === filter.status) &&
    (!filter.problems || problem) &&
    matches(text, filter.words);

  return {
    ...data,
    ...data.certificate,
    cells,
    flaws,
    findingsOf,
    cellsFor: (filter) =>
      cells.filter(
        (cell) =>
          (!filter.actor || cell.actor.name === filter.actor) &&
          (!filter.target || cell.target === filter.target) &&
          passes(filter, {
            verb: cell.verb.name,
            kind: cell.object.kind,
            status: cell.status.name,
            problem: cell.status.problem,
            text: cell.text,
          }),
      ),
    flawsFor: (filter) =>
      flaws.filter(
        (flaw) =>
          (!filter.actor ||
            flaw.findings.some(({ actor }) => actor === '' || actor === filter.actor)) &&
          passes(filter, {
            ...flaw,
            verb: flaw.first.verb,
            kind: flaw.first.kind,
            problem: flaw.status !== 'note' && flaw.status !== 'excepted',
          }),
      ),
    byObject: (some) => group(some, (cell) => cell.object),
    byActor: (some) => group(some, (cell) => cell.actor),
    byTry: (some) => group(some, (cell) => `${cell.verb.name} · ${cell.target}`),
    /** What a field of the matrix shows: the worst that another company met, and what is allowed at home. */
    markOf(some) {
      const bad = some.filter(({ status }) => status.problem || status.name === 'excepted');
      const beyond = some.filter(({ target }) => target === 'other');
      const shared = some.filter(({ target }) => target === 'shared');
      const home = some.filter(
        ({ target, status }) => target !== 'other' && status.name === 'allowed',
      );
      const letters = new Set(home.map(({ verb }) => verb.letter));
      const denied = shared.length > 0 ? data.statuses.at(-1) : undefined;
      return {
        status: worstOf(bad) ?? worstOf(beyond) ?? denied,
        own: data.letters.map(([letter]) => (letters.has(letter) ? letter : '')).join(''),
      };
    },
  };
}
