/**
 * The certificate as a page: one file that asks the network for nothing. Its content security policy lets nothing run
 * but the page's own script, and the script shows data as text only: what a database returned is hostile.
 */
import { createHash } from 'node:crypto';
import type { Certificate } from '../types.ts';
import { readPageAssets } from './page-assets.ts';
import { pageData } from './page-data.ts';

/** JSON that nothing can break out of: no tag, comment or entity begins in it. */
function inertJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function hashOf(content: string): string {
  return `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
}

/** The certificate as one self-contained page. */
export function toHtml(certificate: Certificate): string {
  const { script, style } = readPageAssets();
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Isolation of companies</title>
<style>${style}</style>
</head>
<body>
<main id="page"><noscript>This page needs JavaScript to show the certificate that it holds.</noscript></main>
<script type="application/json" id="data">${inertJson(pageData(certificate))}</script>
<script type="module">${script}</script>
</body>
</html>
`;
}
