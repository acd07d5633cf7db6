import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { toHtml } from '../../../scripts/lib/verify/report/html.ts';
import { readPageAssets } from '../../../scripts/lib/verify/report/page-assets.ts';
import { brokenCertificate, largeCertificate } from './support/certificate.ts';

const broken = brokenCertificate();

describe('the page', () => {
  const html = toHtml(broken);
  const data = /<script type="application\/json" id="data">([\s\S]*?)<\/script>/.exec(html)?.[1];
  const shell = html.replace(data ?? '', '');

  it('asks the network for nothing', () => {
    expect(shell).not.toMatch(/https?:|\/\/[\w-]+\.\w|@import|url\(|<link|<img|<iframe|\bsrc=/);
    expect(shell).not.toMatch(/\bfetch\(|XMLHttpRequest|import\(|sendBeacon|WebSocket/);
  });

  it('holds the data so that nothing breaks out', () => {
    expect(data).not.toMatch(/[<>&\u2028\u2029]/);
    expect(data).toContain('hurt');
    expect(shell).not.toContain('hurt');
    const { certificate, cells } = JSON.parse(data ?? '');
    expect(cells).toHaveLength(broken.cells.length);
    expect(certificate.findings).toEqual(broken.findings);
    expect(certificate.setup).toBe(broken.setup);
  });

  it('shows cells of objects and actors that are not listed', () => {
    const page = toHtml({ ...broken, actors: [], objects: [] });
    const json = /id="data">([\s\S]*?)<\/script>/.exec(page)?.[1] ?? '';
    const { cells }: { cells: number[][] } = JSON.parse(json);
    expect(cells.filter(([object, actor]) => object === -1 || actor === -1)).toEqual([]);
  });

  it('runs nothing but its own script', () => {
    const { script, style } = readPageAssets();
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    const hash = (text: string) => createHash('sha256').update(text).digest('base64');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`script-src 'sha256-${hash(script)}'`);
    expect(policy).toContain(`style-src 'sha256-${hash(style)}'`);
    expect(html).toContain(`<script type="module">${script}</script>`);
    expect(html).toContain(`<style>${style}</style>`);
    expect(html.match(/<script/g)).toHaveLength(2);
  });

  it('has a script in one piece that never reads data as markup', () => {
    const { script } = readPageAssets();
    expect(script).not.toMatch(/^\s*(?:import|export)\b/m);
    expect(script).not.toMatch(/<\/script|<!--/i);
    expect(script).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc|setHTML/,
    );
    expect(() => new Script(`'use strict';\n${script}`)).not.toThrow();
  });

  it('stays small with 15,000 cells', () => {
    const large = largeCertificate(9);
    expect(large.cells.length).toBeGreaterThan(15_000);
    expect(toHtml(large).length).toBeLessThan(1_500_000);
  });
});
