/**
 * Elements of the page. Every text goes through here on its way to the screen, evidence and our own alike, and is made harmless:
 * control, bidirectional and invisible characters are written as escapes. Nothing is ever taken for markup.
 */
import { harmless } from '@stillframe/core/redact';
import { type ComponentChild, type ComponentType, createElement, type VNode } from 'preact';

export type Child = string | number | bigint | VNode | false | undefined | null | readonly Child[];
type Attributes = Readonly<Record<string, unknown>>;

/** Attributes that a person reads or hears. */
const READ = new Set(['title', 'aria-label', 'alt', 'placeholder']);
/** Within the page, or asked of the server that it came from. */
const ADDRESS = /^(?:#|\/api\/)/;

/** An element of the page. Throws a TypeError for a link that leaves it, and for anything that would be markup. */
export function h(tag: string, attributes?: Attributes | null, ...children: readonly Child[]): VNode {
  const safe: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name === 'dangerouslySetInnerHTML') throw new TypeError('nothing here is markup');
    if (name === 'href' && !ADDRESS.test(String(value))) throw new TypeError('links do not leave the page');
    safe[name] = READ.has(name) && typeof value === 'string' ? harmless(value) : value;
  }
  return createElement(tag, safe, ...children.map(written));
}

/** A part of the page that has a state of its own. */
export function part<Props extends object>(component: ComponentType<Props>, props: Props & { key?: unknown }): VNode {
  return createElement(component as ComponentType<object>, props);
}

function written(child: Child): ComponentChild {
  if (typeof child === 'string') return harmless(child);
  if (typeof child === 'bigint') return String(child);
  if (Array.isArray(child)) return child.map(written);
  return child as ComponentChild;
}
