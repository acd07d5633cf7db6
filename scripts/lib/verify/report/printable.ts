/** Text for a terminal. What a database returned is hostile: it must not steer the terminal or hide in it. */

/** Control characters, and those that show nothing but turn the direction of writing or break lines. */
const UNPRINTABLE = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The text with everything unprintable written out, `\u001b`. Line feeds and tabs stay. */
export function printable(text: string): string {
  return text
    .replace(/\r\n/g, '\n')
    .replace(UNPRINTABLE, (found) => `\\u${found.codePointAt(0)?.toString(16).padStart(4, '0')}`);
}

/** The text cut to a width, with an ellipsis in place of what is missing. */
export function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** Breaks a text into lines of at most a width, between words where it can. */
export function wrap(text: string, width: number): readonly string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      const longer = line === '' ? word : `${line} ${word}`;
      if (longer.length <= width || line === '') {
        line = longer;
      } else {
        lines.push(line);
        line = word;
      }
    }
    return [...lines, line];
  });
}

/** At most so many lines of a text, each cut to a width; the last line says how many are missing. */
export function excerpt(text: string, lines: number, width: number): readonly string[] {
  const all = printable(text).replace(/\t/g, '  ').replace(/\n+$/, '').split('\n');
  const shown = all.slice(0, lines).map((line) => shorten(line, width));
  const missing = all.length - shown.length;
  return missing > 0 ? [...shown, `… ${missing} more ${missing === 1 ? 'line' : 'lines'}`] : shown;
}
