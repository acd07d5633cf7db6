import { EXIT, UserError } from '../errors.ts';

/** A page with the text between `<!-- name:start -->` and `<!-- name:end -->` replaced. */
export function withSection(page: string, name: string, text: string, file: string): string {
  const first = `<!-- ${name}:start -->`;
  const last = `<!-- ${name}:end -->`;
  const start = page.indexOf(first);
  const end = page.indexOf(last);
  if (start < 0 || end < start) {
    throw new UserError(`${file} has lost its markers`, {
      fix: `put ${first} and ${last} where the generated part belongs`,
      exitCode: EXIT.failed,
    });
  }
  return `${page.slice(0, start + first.length)}\n${text}${page.slice(end)}`;
}
