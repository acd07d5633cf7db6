/** Moving in the matrix with the arrow keys, so that Tab reaches it as one thing. */

const STEPS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, Number.NEGATIVE_INFINITY],
  End: [0, Number.POSITIVE_INFINITY],
};

function buttonsOf(row) {
  return [...row.querySelectorAll('button')];
}

/** The row `step` rows away that has buttons; rows of collapsed kinds have none. */
function rowFrom(table, row, step) {
  const rows = [...table.querySelectorAll('tbody tr')].filter((one) => one.querySelector('button'));
  return rows[rows.indexOf(row) + step];
}

/** Lets the arrow keys move the focus between the table's buttons, of which Tab stops at one. */
export function makeGrid(table) {
  const stopAt = (button) => {
    table.querySelector('tbody button[tabindex="0"]')?.setAttribute('tabindex', '-1');
    button.setAttribute('tabindex', '0');
  };
  table.addEventListener('focusin', (event) => {
    if (event.target.matches('tbody button')) {
      stopAt(event.target);
    }
  });
  table.addEventListener('keydown', (event) => {
    const step = STEPS[event.key];
    const row = event.target.closest?.('tbody tr');
    if (!step || !row || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    event.preventDefault();
    const place = buttonsOf(row).indexOf(event.target);
    const nextRow = step[0] === 0 ? row : rowFrom(table, row, step[0]);
    const buttons = nextRow ? buttonsOf(nextRow) : [];
    const next = buttons[Math.max(0, Math.min(buttons.length - 1, place + step[1]))];
    if (next) {
      next.focus();
      next.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    }
  });
  return {
    /** Call when rows were put in: something must be reachable by Tab. */
    refresh() {
      if (!table.querySelector('tbody button[tabindex="0"]')) {
        table.querySelector('tbody button')?.setAttribute('tabindex', '0');
      }
    },
  };
}
