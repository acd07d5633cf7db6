/** The files of the page: its script, put together from modules, and its style sheets. */
import { readFileSync } from 'node:fs';

/** The modules of the page's script; each imports only from those before it. */
const MODULES = [
  'dom.js',
  'model.js',
  'compare.js',
  'evidence.js',
  'findings.js',
  'filters.js',
  'grid.js',
  'matrix.js',
  'page.js',
];

const STYLES = ['page.css', 'evidence.css', 'matrix.css', 'print.css'];

const IMPORT = /^import\s[^;]*;\n/gm;
const EXPORT = /^export (?=(?:async )?(?:function|const|class)\b)/gm;

function read(name: string): string {
  return readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8');
}

/** The page's script in one piece, without imports, and its style sheets. */
export function readPageAssets(): { readonly script: string; readonly style: string } {
  const modules = MODULES.map((name) => read(name).replace(IMPORT, '').replace(EXPORT, ''));
  return { script: modules.join('\n'), style: STYLES.map(read).join('\n') };
}
