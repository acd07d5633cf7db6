/** Two results side by side, with what differs marked. */
import { el } from './dom.js';

/** Above this many pairs of lines the exact comparison takes too long. */
const MOST_PAIRS = 250_000;

/** Lines of the first text that have no counterpart in the second, in order. */
function unmatched(first, second) {
  if (first.length * second.length > MOST_PAIRS) {
    const known = new Set(second);
    return new Set([...first.keys()].filter((index) => !known.has(first[index])));
  }
  // lengths[i][j]: how many lines the rests from i and j have in common.
  const lengths = Array.from(
    { length: first.length + 1 },
    () => new Uint32Array(second.length + 1),
  );
  for (let i = first.length - 1; i >= 0; i -= 1) {
    for (let j = second.length - 1; j >= 0; j -= 1) {
      lengths[i][j] =
        first[i] === second[j]
          ? lengths[i + 1][j + 1] + 1
          : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const lonely = new Set();
  let j = 0;
  for (let i = 0; i < first.length; i += 1) {
    while (j < second.length && first[i] !== second[j] && lengths[i][j + 1] >= lengths[i + 1][j]) {
      j += 1;
    }
    if (j < second.length && first[i] === second[j]) {
      j += 1;
    } else {
      lonely.add(i);
    }
  }
  return lonely;
}

function linesOf(text) {
  return text.replace(/\n+$/, '').split('\n');
}

/** A block of text; lines that the other text lacks are marked. */
function block(text, other, sign) {
  const lines = linesOf(text);
  const marked = other === undefined ? new Set() : unmatched(lines, linesOf(other));
  const pre = el('pre', { tabindex: '0' });
  if (text === '') {
    pre.append(el('em', {}, '(nothing)'));
    return pre;
  }
  lines.forEach((line, index) => {
    const end = index === lines.length - 1 ? '' : '\n';
    if (marked.has(index)) {
      pre.append(el('mark', {}, `${sign} ${line}`), end);
    } else {
      pre.append(el('span', {}, `${other === undefined ? '' : '  '}${line}`), end);
    }
  });
  return pre;
}

function column(title, ...content) {
  return el('section', {}, el('h4', {}, title), ...content);
}

/** What the attacker got with and without the other company's data, and what somebody got who may. */
export function results(evidence) {
  const { withVictim, withoutVictim, damage, control } = evidence;
  return el(
    'div',
    { class: 'results' },
    column('With company B’s data', block(withVictim, withoutVictim, '+')),
    withoutVictim === undefined
      ? undefined
      : column('Without company B’s data', block(withoutVictim, withVictim, '−')),
    control &&
      column(
        `Control: ${control.by}`,
        block(control.result),
        el('details', {}, el('summary', {}, 'Script'), block(control.sql)),
      ),
    damage === undefined ? undefined : column('Damage', block(damage)),
  );
}
