import Markdown, { RuleType, type MarkdownToJSX } from 'markdown-to-jsx/react';
import { createElement, type ReactNode } from 'react';

/** What an article may be made of; anything else shows its text only. */
const ELEMENTS: ReadonlySet<string> = new Set([
  ...['h3', 'h4', 'h5', 'h6', 'p', 'strong', 'em', 'del', 'code', 'pre', 'blockquote', 'div'],
  ...['ul', 'ol', 'li', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
]);
const EMPTY_ELEMENTS: ReadonlySet<string> = new Set(['br', 'hr']);
/** The page and the panel have headings above these. */
const HEADINGS: Readonly<Record<string, string>> = { h1: 'h3', h2: 'h4', h3: 'h5', h4: 'h6', h5: 'h6' };
const SAFE_ADDRESS = /^(https:|mailto:|tel:)/i;

const OPTIONS: MarkdownToJSX.Options = {
  disableParsingRawHTML: true,
  disableFrontmatter: true,
  forceBlock: true,
  // Nothing is taken from the text but what is named here: no attributes, no pictures, no addresses of scripts.
  createElement(type, props, ...children): ReactNode {
    const { key, href } = props as { key?: string; href?: string };
    if (type === 'a' && href !== undefined && SAFE_ADDRESS.test(href)) {
      return createElement('a', { key, href, target: '_blank', rel: 'noopener noreferrer' }, ...children);
    }
    const name = typeof type === 'string' ? (HEADINGS[type] ?? type) : '';
    if (EMPTY_ELEMENTS.has(name)) return createElement(name, { key });
    return createElement(ELEMENTS.has(name) ? name : 'span', { key }, ...children);
  },
  renderRule: (next, node) => (node.type === RuleType.image ? (node.alt ?? '') : next()),
};

/** Markdown of a shop, drawn without HTML of its own. */
export function MarkdownView({ text }: { readonly text: string }) {
  return <Markdown options={OPTIONS}>{text}</Markdown>;
}
