/** The page begins: the token of its address is changed for a session, then the desk is drawn. */
import { render } from 'preact';
import { enter } from './ask.ts';
import { part } from './element.ts';
import { Desk, Locked } from './shell.ts';
import { failed } from './use-answer.ts';

const root = document.getElementById('desk');
if (root) await begin(root);

async function begin(where: HTMLElement): Promise<void> {
  const token = /^#token=([\w-]+)$/.exec(location.hash)?.[1];
  if (token !== undefined) {
    // It is of no use any more, and has no business in the history of the browser.
    history.replaceState(null, '', '/');
    try {
      await enter(token);
    } catch (error) {
      render(part(Locked, failed(error)), where);
      return;
    }
  }
  render(part(Desk, {}), where);
}
