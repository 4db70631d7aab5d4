import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { MarkdownView } from './markdown-view.js';

const drawn = (text: string) => renderToStaticMarkup(createElement(MarkdownView, { text }));

describe('an article', () => {
  it('is drawn with headings, emphasis, lists, tables and links', () => {
    const page = drawn(
      '# Return\n\n**Within** 14 days:\n\n- unused\n- with receipt\n\n|a|b|\n|-|-:|\n|1|2|\n\n[rules](https://shop.example/r)',
    );
    expect(page).toContain('<h3>Return</h3>');
    expect(page).toContain('<strong>Within</strong> 14 days:');
    expect(page).toContain('<li>unused</li>');
    expect(page).toContain('<td>1</td>');
    expect(page).toContain('<a href="https://shop.example/r" target="_blank" rel="noopener noreferrer">rules</a>');
    expect(page).not.toContain('style=');
  });

  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<a href="javascript:alert(1)">x</a>',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](data:text/html;base64,PHNjcmlwdD4=)',
    '[x](vbscript:x)',
    '[x](//evil.example/a)',
    '[x](http://evil.example/a)',
    '![x](https://evil.example/pixel.png)',
    '<style>*{display:none}</style>',
    '<iframe src="https://evil.example"></iframe>',
    '<div style="position:fixed" onclick="x()">x</div>',
    '[x]: javascript:alert(1)\n\n[x]',
    '<javascript:alert(1)>',
    'text <b onmouseover="x()">bold</b>',
    '---\ntitle: x\n---\n<svg onload=x()>',
  ])('has nothing of its own that acts, loads or styles: %s', (text) => {
    const page = drawn(text);
    expect(page.replaceAll(/&lt;.*?&gt;/gs, '')).not.toMatch(/<(script|style|img|iframe|svg|b|object|embed)\b/i);
    expect(page).not.toMatch(/<[^>]*\s(on\w+|style|src|class|id)=/i);
    expect(page).not.toMatch(/href="(?!https:|mailto:|tel:)/i);
  });
});
