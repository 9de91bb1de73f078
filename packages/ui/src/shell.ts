/** The frame of the page: which checkpoint, which view, and the view itself. */
import type { CaseName, DeskFacts } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useEffect, useErrorBoundary, useRef } from 'preact/hooks';
import { h, part } from './element.ts';
import { page } from './parts/parts.ts';
import { go, linkTo, type Place, usePlace } from './route.ts';
import { useDeskFacts } from './use-answer.ts';
import { type View, views } from './views/index.ts';

/** What stands there for who has no session. */
export function Locked({ message, hint }: { message: string; hint?: string | undefined }): VNode {
  return h(
    'main',
    { class: 'locked' },
    h('h1', null, 'Stillframe'),
    h('p', null, message),
    hint && h('p', { class: 'hint' }, hint),
  );
}

export function Desk(): VNode {
  const place = usePlace();
  const desk = useDeskFacts();
  if (desk.state === 'waiting') return h('main', { class: 'locked' }, h('p', { role: 'status' }, 'Opening the desk…'));
  if (desk.state === 'failed') return part(Locked, desk);
  const { cases, version } = desk.value;
  const shown = viewsOf(desk.value);
  const known = knownPlace(place, desk.value, shown);
  return h(
    'div',
    { class: 'desk' },
    h('a', { class: 'skip', href: '#view-title', onClick: skip }, 'Skip to the view'),
    h(
      'header',
      { class: 'side' },
      h('p', { class: 'brand' }, h('span', { class: 'mark', 'aria-hidden': 'true' }), 'Stillframe'),
      caseChoice(cases, known),
      navigation(known, shown),
      h('p', { class: 'version' }, `Version ${version}`),
    ),
    part(Main, { place: known, key: known.one + known.view }),
  );
}

/** Views of what is not there are left out: of a node, of checkpoints. */
function viewsOf({ cases, hasNode }: DeskFacts): readonly View[] {
  return views.filter(({ isOfNode }) => (isOfNode ? hasNode : cases.length > 0));
}

function knownPlace(place: Place, { cases }: DeskFacts, shown: readonly View[]): Place {
  const view = shown.find(({ id }) => id === place.view);
  if (view && (view.isOfNode || cases.some(({ id }) => id === place.one))) return place;
  return { one: '0', view: shown[0]?.id ?? 'overview', rest: [] };
}

/** The address stays as it is: it says where one is. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('view-title')?.focus();
}

function caseChoice(cases: readonly CaseName[], { one, view }: Place): VNode {
  const [only] = cases;
  if (!only) return h('p', { class: 'case' }, 'No checkpoint is open');
  if (cases.length < 2) return h('p', { class: 'case', title: only.name }, only.name);
  const changed = (event: Event) => go(linkTo((event.target as HTMLSelectElement).value, view));
  return h(
    'label',
    { class: 'case' },
    h('span', { class: 'visually-hidden' }, 'Checkpoint'),
    h(
      'select',
      { onChange: changed, value: one },
      cases.map(({ id, name }) => h('option', { value: id, key: id }, name)),
    ),
  );
}

function navigation({ one, view }: Place, shown: readonly View[]): VNode {
  return h(
    'nav',
    { 'aria-label': 'Views' },
    h(
      'ul',
      null,
      shown
        .filter(({ title }) => title !== undefined)
        .map(({ id, title, within = [] }) =>
          h(
            'li',
            { key: id },
            h(
              'a',
              { href: linkTo(one, id), 'aria-current': id === view || within.includes(view) ? 'page' : undefined },
              title,
            ),
          ),
        ),
    ),
  );
}

function Main({ place }: { place: Place }): VNode {
  const where = useRef<HTMLElement>(null);
  const view = views.find(({ id }) => id === place.view) ?? views[0];
  useEffect(() => {
    document.title = `${view?.title ?? 'Process'} – Stillframe`;
    // A new view is read from its heading on, and the keyboard goes on from there.
    where.current?.querySelector<HTMLElement>('#view-title')?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [place.one, place.view]);
  return h('main', { ref: where }, view && part(Whole, { place, view }));
}

/** A view, or what stands in its place where it cannot be drawn: the evidence is hostile, and the others must still be there. */
function Whole({ place: { one, rest }, view }: { place: Place; view: View }): VNode {
  const [error] = useErrorBoundary();
  if (error === undefined) return part(view.show, { one, rest });
  return page(
    view.title ?? 'Process',
    false,
    h(
      'div',
      { class: 'failed', role: 'alert' },
      h('p', null, `This view cannot be drawn: ${error instanceof Error ? error.message : String(error)}`),
      h(
        'p',
        { class: 'hint' },
        'That is a fault of the desk, or what the checkpoint holds means to be one. The commands show the same.',
      ),
    ),
  );
}
